import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { Temporal } from 'temporal-polyfill';
import { expect, test } from 'vitest';
import { createVirtualClock } from '../../../platform/clock.ts';
import { createIds } from '../../../platform/ids.ts';
import { endOrders } from '../bookings/testing.ts';
import { createSandboxProvider } from '../sandbox/create-sandbox-provider.ts';
import { createPayouts } from './create-payouts.ts';
import { openPayouts, PAGE } from './testing.ts';

const CHILD = fileURLToPath(new URL('./test-pay-process.ts', import.meta.url));

/** Two workers with ready accounts at the sandbox, which keeps its own books of what moved. */
async function openOutside() {
  const t = await openPayouts();
  const sandbox = createSandboxProvider({
    db: t.own.db,
    clock: t.clock,
    ids: createIds(createVirtualClock(t.clock.now())),
    publicUrl: t.deps.publicUrl,
  });
  const payouts = createPayouts({ ...t.deps, provider: sandbox });
  const workers = await t.earn(600, 600);
  for (const worker of workers) {
    const { ref } = await sandbox.createAccount({ idempotencyKey: worker, personKey: worker });
    await sql`update sandbox.accounts set state = 'ready' where ref = ${ref}`.execute(t.own.db);
    await payouts.setDestination(worker, { method: 'provider', accountRef: ref });
  }
  // Not the first run of all, which a person looks at where it holds an older past.
  await payouts.payMonth('2026-11');
  const outside = async (period: string) => {
    const { rows } = await sql<{ payout: string; amount: bigint }>`
      select t.payout_id as payout, t.amount_minor as amount from sandbox.transfers t
      join payments.payouts p on p.id::text = t.payout_id
      where p.period = ${period}`.execute(t.own.db);
    return rows;
  };
  /** @returns how many points it came by, or null when it was killed */
  const doomed = async (period: string, killAt: number) => {
    const args = [t.own.url, t.main.url, t.clock.now().toISOString(), period, String(killAt)];
    const child = spawn(process.execPath, [CHILD, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const [code, signal] = await once(child, 'close');
    if (signal === 'SIGKILL') return null;
    expect(code).toBe(0);
    return Number(output);
  };
  return { t, payouts, workers, outside, doomed };
}

test('killed before and after every commit and call: each worker is paid once a month', async () => {
  const { t, payouts, workers, outside, doomed } = await openOutside();
  let month = Temporal.PlainYearMonth.from('2026-12');
  for (let killAt = 1; ; killAt += 1) {
    const period = month.toString();
    const last = month.toPlainDate({ day: month.daysInMonth });
    await endOrders(
      t,
      workers.map((workerId) => ({
        workerId,
        priceMinor: 1_000,
        endedAt: new Date(`${period}-10T12:00:00Z`),
      })),
    );
    t.clock.moveTo(new Date(`${last}T19:00:00Z`));
    const points = await doomed(period, killAt);
    const moved = await outside(period);
    expect(new Set(moved.map((one) => one.payout)).size).toBe(moved.length);

    // Whoever comes next waits until the lease of the dead is over, and asks before sending.
    await payouts.payMonth(period);
    t.clock.advance(20 * 60_000);
    await payouts.payMonth(period);

    const paid = await payouts.list({ period }, PAGE);
    expect(paid.data.map((one) => one.status)).toEqual(['paid', 'paid']);
    const truth = await outside(period);
    expect(truth.map((one) => one.payout).sort()).toEqual(paid.data.map((one) => one.id).sort());
    expect(truth.reduce((sum, one) => sum + one.amount, 0n)).toBe(paid.total.amountMinor);
    for (const worker of workers) expect(await t.owed('worker-payable', worker)).toBe(0n);
    expect(await t.owed('payouts-in-transit')).toBe(0n);
    month = month.add({ months: 1 });
    if (points !== null) {
      // Plan, commit, and for each worker claim, call and record, with a point on either side.
      expect(points).toBeGreaterThanOrEqual(2 * 2 + 2 * 3 * 2);
      expect(killAt).toBe(points + 1);
      break;
    }
  }
}, 240_000);
