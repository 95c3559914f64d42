import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import type { TestCard } from '../../../../test/provider-harness.ts';
import { openStripeHarness } from '../../../../test/stripe/harness.ts';
import { createVirtualClock } from '../../../platform/clock.ts';
import { createPeople } from '../people/create-people.ts';
import { createRefunds } from '../refunds/create-refunds.ts';
import { openTestPayments } from '../testing.ts';
import { createProviderDesk } from '../webhooks/create-provider-desk.ts';
import { createCharges } from './create-charges.ts';
import { readBalances, readInvoice, seedInvoice, subjectOf } from './testing.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Payments over the emulated Stripe, spoken to over HTTP, both on one clock. */
async function openOverStripe() {
  const stripe = await openStripeHarness();
  onTestFinished(() => stripe.close());
  const clock = createVirtualClock(stripe.now());
  const t = await openTestPayments(stripe.provider, { clock });
  const advance = async (milliseconds: number) => {
    clock.advance(milliseconds);
    await stripe.advance(milliseconds);
  };
  const people = createPeople(t.deps);
  /** A customer who gave this card on the hosted page, and an invoice that is due. */
  const prepare = async (card: TestCard) => {
    const customerId = randomUUID();
    const caller = { kind: 'customer', subject: subjectOf(customerId) } as const;
    const give = async (other: TestCard) => {
      const { url } = await people.openPage(caller);
      await stripe.useMethodPage(url, other);
      const row = await t.own.db
        .selectFrom('payments.provider_customers')
        .select('customer_ref')
        .executeTakeFirstOrThrow();
      await people.refreshMethod(row.customer_ref ?? '');
    };
    await give(card);
    const seeded = await seedInvoice(t, { provider: 'stripe', customerId, method: null });
    return { ...seeded, give };
  };
  const moved = async (invoiceId: string) => {
    const { charges } = await readInvoice(t, invoiceId);
    const counts = await Promise.all(charges.map(({ id }) => stripe.moved('charge', id)));
    return counts.reduce((sum, count) => sum + count, 0);
  };
  return { ...t, stripe, advance, prepare, moved };
}

test.each(['lost-before', 'lost-after', 'rate-limited'] as const)(
  'a charge over Stripe whose call goes wrong (%s) takes the money once',
  async (mishap) => {
    const t = await openOverStripe();
    const { invoiceId } = await t.prepare('pm_card_visa');
    await t.stripe.failNext?.(mishap);
    const charges = createCharges(t.deps);
    for (let round = 0; round < 12; round += 1) {
      await charges.chargeDue();
      await t.advance(5 * MINUTE_MS);
    }
    expect(await readInvoice(t, invoiceId)).toMatchObject({ status: 'paid' });
    expect(await t.moved(invoiceId)).toBe(1);
    expect(await readBalances(t)).toEqual({
      'customer-receivable': -12_000,
      'provider-clearing': 12_000,
    });
  },
);

test('declined, then authenticated in vain, then paid and refunded, with news by polling only', async () => {
  const t = await openOverStripe();
  const { invoiceId, number, give } = await t.prepare('pm_card_chargeDeclinedInsufficientFunds');
  const charges = createCharges(t.deps);
  expect(await charges.chargeDue()).toMatchObject({ sent: 1, failed: 1 });
  await give('pm_card_authenticationRequired');
  await charges.chargeDue();
  expect(await readInvoice(t, invoiceId)).toMatchObject({
    status: 'open',
    needsMethod: true,
    charges: [
      { failureKind: 'soft', failureCode: 'insufficient_funds' },
      { status: 'cancelled' },
      { status: 'planned' },
    ],
  });
  await give('pm_card_visa');
  await charges.chargeDue();
  expect(await readInvoice(t, invoiceId)).toMatchObject({ status: 'paid' });
  expect(await t.moved(invoiceId)).toBe(1);

  await createRefunds(t.asFinance).refund({ invoice: number, amountMinor: 2_000n, reason: 'late' });
  await createRefunds(t.deps).refundDue();
  const { charges: attempts } = await readInvoice(t, invoiceId);
  const ref = attempts.find((one) => one.status === 'succeeded')?.providerRef ?? '';
  await t.stripe.refundByHand(ref, 1_000n);
  const dispute = await t.stripe.emulator.dispute(ref);
  await t.stripe.emulator.closeDispute(dispute, 'lost');
  await t.advance(HOUR_MS);
  const desk = createProviderDesk(t.deps);
  expect((await desk.pollEvents()).found).toBeGreaterThan(0);
  expect(await desk.processEvents()).toMatchObject({ failed: 0 });
  expect(await readBalances(t)).toMatchObject({
    'customer-receivable': -12_000,
    refunds: 3_000,
  });
  expect(await createRefunds(t.deps).disputes({}, { limit: 1 })).toMatchObject({
    data: [{ status: 'lost', invoiceId }],
  });
});
