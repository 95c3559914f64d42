import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { migrateMain } from '../src/main-database.ts';
import { createTestDatabase } from './database.ts';

const ROOT = join(import.meta.dirname, '..');
const ORDER_ID = '019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c';

interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** From the sources, or as it is built. */
type Program = 'bin/dev.js' | 'bin/run.js';

/** `steward` as a process of its own, without a terminal. */
function steward(program: Program, url: string, args: string[], more: Record<string, string>) {
  const child = spawn(process.execPath, [join(ROOT, program), ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, DATABASE_URL: url, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function ended(child: ChildProcess): Promise<Result> {
  const result: Result = { code: null, stdout: '', stderr: '' };
  child.stdout?.on('data', (bytes) => {
    result.stdout += bytes;
  });
  child.stderr?.on('data', (bytes) => {
    result.stderr += bytes;
  });
  [result.code] = await once(child, 'close');
  return result;
}

async function fixture(program: Program = 'bin/dev.js') {
  const { url } = await createTestDatabase();
  await migrateMain(url);
  const home = mkdtempSync(join(tmpdir(), 'steward-cli-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const environment = { STEWARD_HOME: home, STEWARD_TZ: 'Europe/Berlin' };
  const start = (args: string[], more = {}) =>
    steward(program, url, args, { ...environment, ...more });
  const run = (...args: string[]) => ended(start(args));
  /** Expects success; the JSON that was printed. */
  const json = async (...args: string[]) => {
    const result = await run(...args, '--json');
    expect(result.stderr).toBe('');
    expect(result.code).toBe(0);
    return JSON.parse(result.stdout);
  };
  return { url, start, run, json };
}

/** Resolves once the child has printed this on stdout. @returns all that it printed so far */
function printed(child: ChildProcess, text: string): Promise<string> {
  let all = '';
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (bytes) => {
      all += bytes;
      if (all.includes(text)) resolve(all);
    });
    child.once('close', () => reject(new Error(`"${text}" was never printed, but: ${all}`)));
  });
}

describe('the command line', () => {
  test('as built, sells services from a workbook, to the end of an order', async () => {
    await once(spawn(process.execPath, [join(ROOT, 'scripts/build.ts')]), 'close');
    const { start, run, json } = await fixture('bin/run.js');
    const plan = await run('services', 'import', 'samples/services.xlsx');
    expect(plan.code).toBe(0);
    expect(plan.stdout).toContain('30 rows: 30 new');
    expect(plan.stderr).toContain('next: steward services import samples/services.xlsx --apply');
    expect((await json('services', 'list')).data).toEqual([]);

    const applied = await json('services', 'import', 'samples/services.xlsx', '--apply');
    expect(applied).toMatchObject({ applied: true, plan: { counts: { create: 30 } } });
    const again = await json('services', 'import', 'samples/services.xlsx', '--apply');
    expect(again.plan.counts).toMatchObject({ create: 0, change: 0, same: 30 });
    const some = await run('services', 'list', '--limit', '7');
    expect(some.stderr).toContain('7 of 29 services');
    expect(some.stdout.trimEnd().split('\n')).toHaveLength(8);

    const worker = await json(
      ...['workers', 'add', '--name', 'Ann Smith', '--city', 'Berlin', '--skill', 'cleaning'],
    );
    const { token } = await json('tokens', 'issue', '--role', 'customer', '--sub', 'alice');

    const watching = start(['orders', 'watch', '--json']);
    const server = start(['start', '--json'], { PORT: '0', LOG_LEVEL: 'warn' });
    const { url } = JSON.parse(await printed(server, '\n'));
    const seen = printed(watching, 'order.assigned');
    const place = () =>
      fetch(`${url}/v1/orders`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'idempotency-key': crypto.randomUUID(),
          'content-type': 'application/json',
        },
        body: JSON.stringify({
          service: 'CLEAN-STD',
          place: { city: 'Berlin', address: '1 Main Street' },
          scheduledAt: new Date(Date.now() + 86_400_000).toISOString(),
        }),
      });
    const answer = await place();
    expect(answer.status).toBe(201);
    const { id } = (await answer.json()) as { id: string };
    expect(JSON.parse((await seen).trim())).toMatchObject({ type: 'order.assigned', orderId: id });
    watching.kill('SIGINT');
    expect((await once(watching, 'close'))[0]).toBe(130);

    const why = await run('orders', 'why', id, '--worker', worker.id);
    expect(why.stdout).toContain('Ann Smith was chosen');
    const issued = await json('supplies', 'issue', id);
    expect(issued.order.status).toBe('supplied');
    const asked = await run('orders', 'cancel', id);
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain('add --yes');
    const cancelled = await json('orders', 'cancel', id, '--yes', '--reason', 'flooded');
    expect(cancelled.view).toMatchObject({ order: { endKind: 'manager-cancelled' } });
    const twice = await run('orders', 'cancel', id, '--yes', '--json');
    expect(twice.code).toBe(5);
    expect(JSON.parse(twice.stdout).error).toMatchObject({
      kind: 'conflict',
      code: 'illegal_transition',
    });

    server.kill('SIGTERM');
    expect((await once(server, 'close'))[0]).toBe(0);
    const retired = await json('workers', 'deactivate', worker.id, '--yes');
    expect(retired).toMatchObject({ applied: true, worker: { active: false } });
  });

  test('says what is wrong, in words and as JSON, with the exit code of the contract', async () => {
    const { run } = await fixture();
    const missing = await run('orders', 'show', ORDER_ID, '--json');
    expect(missing.code).toBe(1);
    expect(JSON.parse(missing.stdout)).toEqual({
      error: {
        kind: 'not_found',
        code: 'order_not_found',
        message: `There is no order "${ORDER_ID}".`,
        issues: [],
        data: { id: ORDER_ID },
      },
    });
    const unknown = await run('orders', 'lst');
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toContain('Did you mean "steward orders list"?');
    const flag = await run('orders', 'list', '--limt', '3', '--json');
    expect(flag.code).toBe(2);
    expect(JSON.parse(flag.stdout).error.message).toContain('Nonexistent flag: --limt');
    const invalid = await run('workers', 'add', '--name', ' ', '--city', 'Berlin', '--json');
    expect(invalid.code).toBe(2);
    expect(JSON.parse(invalid.stdout).error.issues[0].path).toBe('name');
  });

  test('a database that is away is told in a sentence, not in a stack', async () => {
    const { start } = await fixture();
    const away = 'postgres://nobody:hunter2@127.0.0.1:1/none';
    const result = await ended(start(['orders', 'list'], { DATABASE_URL: away }));
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(/PostgreSQL at 127\.0\.0\.1:1\/none does not answer/);
    expect(result.stderr).not.toMatch(/hunter2|at .*\.ts/);
    const doctor = await ended(start(['doctor', '--json'], { DATABASE_URL: away }));
    expect(doctor.code).toBe(1);
    expect(JSON.parse(doctor.stdout).ok).toBe(false);
    expect(doctor.stdout).not.toContain('hunter2');
  });

  test('the doctor finds nothing wrong with a database that is in order, but for its durability', async () => {
    const { run } = await fixture();
    const { stdout, code } = await run('doctor', '--json');
    const { ok, checks } = JSON.parse(stdout);
    const failed = checks.filter((check: { state: string }) => check.state === 'fail');
    // The server of the tests does not wait for the disk; one that is given may.
    const durable = await isDurable(inject('serverUrl'));
    expect(failed.map((check: { what: string }) => check.what)).toEqual(
      durable ? [] : ['durability'],
    );
    expect({ ok, code }).toEqual({ ok: durable, code: durable ? 0 : 1 });
  });

  test('a reader that goes away ends a list quietly', async () => {
    const { start, json } = await fixture();
    await json('services', 'import', 'samples/services.xlsx', '--apply');
    const child = start(['services', 'list', '--limit', '30']);
    child.stdout?.destroy();
    const { code, stderr } = await ended(child);
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/EPIPE|Error/);
  });
});

async function isDurable(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query('show fsync');
  await client.end();
  return rows[0]?.fsync === 'on';
}
