import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createVirtualClock } from '../../../platform/clock.ts';
import { endOrders } from '../bookings/testing.ts';
import { createCredits } from '../credits/create-credits.ts';
import { openTestPayments } from '../testing.ts';
import { createPayouts } from './create-payouts.ts';
import { accountOf, createScriptedProvider, MONTH_END, openPayouts } from './testing.ts';

test('odd minor units that the provider cannot move are carried over', async () => {
  const clock = createVirtualClock(MONTH_END);
  // Dinars have three digits, of which Stripe wants the last to be 0.
  const world = { ...createScriptedProvider(clock), chargeStep: () => 10n };
  const t = await openTestPayments(world, { clock, currency: 'KWD' });
  const payouts = createPayouts(t.deps);
  const workerId = randomUUID();
  const endedAt = new Date('2026-11-29T12:00:00Z');
  await endOrders(t, [{ workerId, priceMinor: 20_575, currency: 'KWD', endedAt }]);
  await payouts.setDestination(workerId, { method: 'provider', accountRef: accountOf(workerId) });
  const plan = await payouts.plan({});
  expect(plan.totalMinor).toBe(12_340n);
  await payouts.commit(plan.hash);
  expect(await payouts.pay()).toMatchObject({ paid: 1, failed: 0 });
  expect(world.transfers).toMatchObject([{ amountMinor: 12_340n, currency: 'KWD' }]);
  await createCredits(t.asFinance).credit({ workerId, amountMinor: 5n, reason: 'a tip' });
  clock.moveTo(new Date('2026-12-31T19:00:00Z'));
  expect((await payouts.plan({})).totalMinor).toBe(10n);
});

test('a transfer of another amount than the one sent is not told to be paid', async () => {
  const t = await openPayouts();
  const [worker = ''] = await t.earn(6_000);
  await t.commit();
  const { transfer } = t.world;
  t.world.transfer = async (request) => {
    const outcome = await transfer(request);
    if (outcome.outcome === 'paid') outcome.transfer.amountMinor = 60n;
    return outcome;
  };
  await t.payouts.pay();
  const payout = await t.payoutOf(worker);
  expect(payout.status).toBe('unknown');
  t.clock.advance(3_600_000);
  await t.payouts.pay();
  expect(t.world.calls).toHaveLength(1);
  expect(await t.mails()).toEqual([]);
  expect(await t.owed('payouts-in-transit')).toBe(6_000n);
});
