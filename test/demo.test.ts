import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const TIMEOUT_MS = 180_000;

/** Runs the command from its sources, with a folder for temporary files of its own. */
function startDemo(...flags: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'steward-demo-test-'));
  // Under root PostgreSQL runs as another user, who must come in.
  chmodSync(folder, 0o755);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const child = spawn(process.execPath, [join(root, 'bin/dev.js'), 'demo', ...flags], {
    cwd: folder,
    // Whatever is configured, the play must not touch it.
    env: { ...process.env, TMPDIR: folder, DATABASE_URL: 'postgres://127.0.0.1:1/none' },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, folder, ended: once(child, 'close') as Promise<[number | null]> };
}

async function processesIn(folder: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'args']);
  return stdout.split('\n').filter((line) => line.includes(folder));
}

test(
  'a small week ends with paid invoices, payouts and one JSON document, and every invariant holds',
  async () => {
    const { child, folder, ended } = startDemo('--json', '--orders', '40');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await ended;
    expect(code, stderr).toBe(0);
    const summary = JSON.parse(stdout);
    expect(Object.keys(summary.invariants)).toContain('noOverlap');
    expect(Object.keys(summary.invariants).length).toBeGreaterThan(15);
    expect(summary.violations).toEqual({});
    expect(new Set(Object.values(summary.invariants))).toEqual(new Set([true]));
    const { placed, completed, cancelled, failed, noShows, open } = summary.orders;
    expect(placed).toBe(completed + cancelled + failed + noShows + open);
    expect(placed).toBeGreaterThan(30);
    expect(completed).toBeGreaterThan(10);
    expect(noShows).toBeGreaterThan(0);
    expect(summary.supplies.issued).toBeGreaterThanOrEqual(completed);
    expect(summary.mails.sent).toBeGreaterThan(placed * 3);
    expect(summary.stream).toMatchObject({ lag: 0, parked: 0 });
    // The money of the week went its way, and the books were proved at the end.
    const { invoices, payouts, charged, paidOut, mails } = summary.money;
    expect(invoices.issued).toBeGreaterThan(3);
    expect(invoices.paid + invoices.open + invoices.pastDue).toBe(invoices.issued);
    expect(invoices.paid).toBeGreaterThan(0);
    expect(charged.amount).toBeGreaterThan(0);
    expect(payouts.paid).toBeGreaterThan(0);
    expect(paidOut.amount).toBeGreaterThan(0);
    expect(mails).toMatchObject({ unsent: 0 });
    expect(Object.keys(summary.invariants)).toEqual(
      expect.arrayContaining([
        'prove: trial-balance',
        'prove: orders-booked',
        'reconcile: missing',
      ]),
    );
    expect(stderr).toContain('Sun ');
    expect(readdirSync(folder)).toEqual([]);
    expect(await processesIn(folder)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'Ctrl-C ends it with 130 and leaves nothing behind',
  async () => {
    const { child, folder, ended } = startDemo('--orders', '200');
    let shown = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      if (!shown.includes('\nMon ') && `${shown}${chunk}`.includes('\nMon ')) child.kill('SIGINT');
      shown += chunk;
    });
    const [code] = await ended;
    expect(code, shown).toBe(130);
    expect(shown).toContain('Interrupted.');
    expect(readdirSync(folder)).toEqual([]);
    expect(await processesIn(folder)).toEqual([]);
  },
  TIMEOUT_MS,
);
