import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endOrders } from '../bookings/testing.ts';
import { paymentsRulesSchema } from '../rules.ts';
import { MONTH_END, openPayouts, PAGE, type TransferScript } from './testing.ts';

describe('a plan of payouts', () => {
  test('pays what was earned, carries over what is negative, and says who is left out why', async () => {
    const t = await openPayouts();
    const [anna = '', boris = '', clara = '', dina = ''] = await t.earn(6_000, 1_200, 9_000, 600);
    await endOrders(t, [
      { workerId: boris, outcome: 'failed', endedAt: new Date('2026-11-29T13:00:00Z') },
    ]);
    await t.finance.hold(clara, 'Moved without telling');
    const plan = await t.finance.plan({
      except: [{ id: dina, reason: 'Paid in cash' }],
    });
    expect(plan).toMatchObject({
      kind: 'payouts',
      period: '2026-11',
      people: 1,
      totalMinor: 6_000n,
      cutoff: new Date('2026-11-30T18:00:00Z'),
    });
    expect(plan.shown[0]).toMatchObject({ id: anna, amountMinor: 6_000n, items: 1, left: null });
    expect(plan.leftOut).toEqual([
      { reason: 'Paid in cash', people: 1, amountMinor: 600n },
      { reason: 'held: Moved without telling', people: 1, amountMinor: 9_000n },
      { reason: 'negative: carried over', people: 1, amountMinor: -2_800n },
    ]);
    await t.finance.commit(plan.hash.slice(0, 8));
    expect(await t.owed('worker-payable', anna)).toBe(0n);
    expect(await t.owed('payouts-in-transit')).toBe(6_000n);
    expect((await t.finance.list({}, PAGE)).data).toMatchObject([
      { workerId: anna, amountMinor: 6_000n, status: 'planned', generation: 1, period: '2026-11' },
    ]);
    const next = await t.finance.plan({ only: [dina] });
    expect(next).toMatchObject({ people: 1, totalMinor: 600n });
  });

  test('what happens after the cutoff belongs to the next month, and outdates no plan', async () => {
    const t = await openPayouts();
    const [anna = '', boris = ''] = await t.earn(6_000, 3_000);
    const plan = await t.payouts.plan({});
    await endOrders(t, [
      { workerId: anna, priceMinor: 10_000, endedAt: new Date('2026-11-30T18:00:00Z') },
      { workerId: boris, outcome: 'failed', endedAt: new Date('2026-11-30T18:30:00Z') },
    ]);
    await t.payouts.commit(plan.hash);
    expect(await t.owed('worker-payable', anna)).toBe(6_000n);
    expect(await t.owed('worker-payable', boris)).toBe(-4_000n);
    expect(await t.owed('payouts-in-transit')).toBe(9_000n);
  });

  test('what changes before the cutoff outdates the plan, and nothing is done', async () => {
    const t = await openPayouts();
    const [anna = ''] = await t.earn(6_000);
    const plan = await t.payouts.plan({});
    await endOrders(t, [
      { workerId: anna, priceMinor: 100, endedAt: new Date('2026-11-30T17:59:59Z') },
    ]);
    await expect(t.payouts.commit(plan.hash)).rejects.toMatchObject({
      code: 'plan_outdated',
      message: expect.stringContaining('planned 60.00 USD, now 60.60 USD'),
    });
    expect((await t.payouts.list({}, PAGE)).total.count).toBe(0);
    expect(await t.owed('payouts-in-transit')).toBe(0n);
  });

  test('months run in the wrong order pay nothing twice', async () => {
    const t = await openPayouts();
    const anna = randomUUID();
    await endOrders(t, [
      { workerId: anna, priceMinor: 10_000, endedAt: new Date('2026-10-20T12:00:00Z') },
      { workerId: anna, priceMinor: 5_000, endedAt: new Date('2026-11-20T12:00:00Z') },
    ]);
    const november = await t.payouts.plan({ period: '2026-11' });
    expect(november.totalMinor).toBe(9_000n);
    await t.payouts.commit(november.hash);
    await expect(t.payouts.plan({ period: '2026-10' })).rejects.toMatchObject({
      code: 'nothing_to_run',
    });
    expect(await t.owed('worker-payable', anna)).toBe(0n);
  });

  test('of two plans for the same people only one can be committed, ten at once', async () => {
    const t = await openPayouts();
    const workers = await t.earn(6_000, 3_000, 1_200);
    const all = await t.payouts.plan({});
    const some = await t.payouts.plan({ only: workers.slice(0, 2) });
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) => t.payouts.commit(i % 2 === 0 ? all.hash : some.hash)),
    );
    const done = results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(done.filter((one) => !one.replayed)).toHaveLength(1);
    expect(new Set(done.map((one) => one.hash)).size).toBe(1);
    const { total } = await t.payouts.list({}, PAGE);
    expect(total.amountMinor).toBe(await t.owed('payouts-in-transit'));
    for (const worker of workers)
      expect(await t.owed('worker-payable', worker)).not.toBeLessThan(0n);
  });

  test('the job plans, commits and pays; run again it pays what is left and nothing twice', async () => {
    const t = await openPayouts();
    const [, boris = ''] = await t.earn(6_000, 3_000);
    t.world.unready.add(`acct_${boris.replaceAll('-', '')}`);
    const first = await t.payouts.payMonth('2026-11');
    expect(first).toMatchObject({ outcome: 'committed', pay: { paid: 1, waiting: 1 } });
    t.world.unready.clear();
    const second = await t.payouts.payMonth('2026-11');
    expect(second).toMatchObject({ outcome: 'nothing', pay: { paid: 1, waiting: 0 } });
    expect(t.world.transfers).toHaveLength(2);
  });

  test('a red proof stops the job, and nobody is paid', async () => {
    const t = await openPayouts();
    await t.earn(6_000);
    await t.own.db
      .insertInto('payments.proofs')
      .values({
        id: randomUUID(),
        day: '2026-11-30',
        kind: 'prove',
        green: false,
        checks: '[]',
        ran_at: MONTH_END,
      })
      .execute();
    const { outcome, hash, pay } = await t.payouts.payMonth('2026-11');
    expect([outcome, pay.results]).toEqual(['stopped', []]);
    expect(await t.mails()).toEqual(['run-stopped finance']);
    expect(t.world.transfers).toEqual([]);
    await t.finance.commit(hash ?? '', { despite: 'Looked at it: a fault of the proof' });
    expect(await t.finance.pay()).toMatchObject({ paid: 1 });
  });
});

const NOTHING_UNUSUAL = paymentsRulesSchema.parse({
  payouts: { unusualTotalFactor: 1e9, unusualWorkerFactor: 1e9 },
});
const MONTHS = ['2026-12', '2027-01', '2027-02', '2027-03'] as const;

test('over months, for any orders, credits and payouts: paid and carried over is what was earned', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          month: fc.nat(3),
          worker: fc.nat(2),
          event: fc.oneof(
            fc.record({ price: fc.integer({ min: 0, max: 30_000 }) }),
            fc.constant('failed' as const),
            fc.record({ credit: fc.integer({ min: -20_000, max: 20_000 }).filter((n) => n !== 0) }),
          ),
          day: fc.integer({ min: 1, max: 27 }),
        }),
        { minLength: 1, maxLength: 14 },
      ),
      fc.array(fc.constantFrom<TransferScript>('paid', 'paid', { failed: 'account_closed' }), {
        maxLength: 8,
      }),
      async (events, scripts) => {
        const t = await openPayouts({ rules: NOTHING_UNUSUAL });
        const workers = await t.earn(60, 60, 60);
        t.world.script(...scripts);
        for (const [index, month] of MONTHS.entries()) {
          for (const { worker, event, day } of events.filter((one) => one.month === index)) {
            const workerId = workers[worker] ?? '';
            const endedAt = new Date(`${month}-${String(day).padStart(2, '0')}T12:00:00Z`);
            if (event === 'failed') await endOrders(t, [{ workerId, outcome: 'failed', endedAt }]);
            else if ('price' in event) {
              await endOrders(t, [{ workerId, priceMinor: event.price, endedAt }]);
            } else {
              const amountMinor = BigInt(event.credit);
              await t.credits.credit({ workerId, amountMinor, reason: 'Any' });
            }
          }
          t.clock.moveTo(new Date(`${month}-28T18:30:00Z`));
          await t.payouts.payMonth(month);
        }
        const paid = t.world.transfers.reduce((sum, one) => sum + one.amountMinor, 0n);
        let carried = 0n;
        for (const worker of workers) carried += await t.owed('worker-payable', worker);
        const earned =
          (await t.owed('work-cost')) + (await t.owed('penalties')) + (await t.owed('credits'));
        expect(paid + carried).toBe(-earned);
        expect(await t.owed('payouts-in-transit')).toBe(0n);
        expect(await t.owed('provider-clearing', 'sandbox')).toBe(paid);
      },
    ),
    { numRuns: 8 },
  );
});
