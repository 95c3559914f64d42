import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createCharges } from '../charges/create-charges.ts';
import type { Fault } from '../charges/scripted-provider.ts';
import {
  type ChargesTest,
  openChargesTest,
  readBalances,
  readInvoice,
  readMails,
  seedInvoice,
} from '../charges/testing.ts';
import { createRefunds } from './create-refunds.ts';
import { syncDispute } from './sync-dispute.ts';
import { syncRefund } from './sync-refund.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** An invoice that is paid, and the provider's charge. */
async function payInvoice(t: ChargesTest) {
  const seeded = await seedInvoice(t);
  await createCharges(t.deps).chargeDue();
  const { charges } = await readInvoice(t, seeded.invoiceId);
  const chargeRef = charges.find((one) => one.status === 'succeeded')?.providerRef ?? '';
  return { ...seeded, chargeRef };
}

const request = (invoice: string, amountMinor?: bigint) => ({
  invoice,
  reason: 'the window broke',
  ...(amountMinor !== undefined && { amountMinor }),
});

test('a refund is planned by finance, sent once, booked and told to the customer', async () => {
  const t = await openChargesTest();
  const { number, workerId } = await payInvoice(t);
  const finance = createRefunds(t.asFinance);
  const clawBack = { workerId, amountMinor: 1_000n };
  const rehearsal = await finance.refund({ ...request(number, 5_000n), clawBack, dryRun: true });
  expect(rehearsal).toMatchObject({ amountMinor: 5_000n, status: 'planned' });
  const planned = await finance.refund({ ...request(number, 5_000n), clawBack });
  expect(planned).toMatchObject({ status: 'planned', clawBack, reason: 'the window broke' });
  const jobs = createRefunds(t.deps);
  expect(await jobs.refundDue()).toEqual({ sent: 1, succeeded: 1, failed: 0, unknown: 0 });
  expect(await jobs.refundDue()).toEqual({ sent: 0, succeeded: 0, failed: 0, unknown: 0 });
  expect(await readBalances(t)).toEqual({
    'customer-receivable': -12_000,
    'provider-clearing': 7_000,
    refunds: 5_000,
    'worker-payable': 1_000,
    penalties: -1_000,
  });
  expect(await readMails(t)).toEqual(['invoice-paid', 'refund-made']);
  expect(await finance.list({ invoice: number }, { limit: 5 })).toMatchObject({
    data: [{ id: planned.id, status: 'succeeded' }],
    total: { count: 1, amountMinor: 5_000n },
  });
  // Without an amount: the rest.
  expect(await finance.refund(request(number))).toMatchObject({ amountMinor: 7_000n });
  await expect(finance.refund(request(number))).rejects.toMatchObject({ code: 'refund_too_large' });
});

test('what cannot be refunded is refused, with what is left', async () => {
  const t = await openChargesTest();
  const { number, workerId } = await payInvoice(t);
  const unpaid = await seedInvoice(t, { method: null });
  const { refund } = createRefunds(t.asFinance);
  await expect(refund(request(number, 12_001n))).rejects.toMatchObject({
    code: 'refund_too_large',
    data: { leftMinor: '12000' },
  });
  await expect(refund(request(unpaid.number))).rejects.toMatchObject({
    code: 'invoice_not_refundable',
  });
  await expect(refund(request('nothing'))).rejects.toMatchObject({ code: 'invoice_not_found' });
  await expect(refund({ ...request(number), reason: ' ' })).rejects.toMatchObject({
    code: 'invalid_input',
  });
  const stranger = { workerId: randomUUID(), amountMinor: 1n };
  await expect(refund({ ...request(number), clawBack: stranger })).rejects.toMatchObject({
    code: 'worker_not_found',
  });
  const tooMuch = { workerId, amountMinor: 12_001n };
  await expect(refund({ ...request(number), clawBack: tooMuch })).rejects.toMatchObject({
    code: 'invalid_input',
  });
});

test('ten managers at once cannot give back more than was taken', async () => {
  const t = await openChargesTest();
  const { number } = await payInvoice(t);
  const { refund } = createRefunds(t.asFinance);
  const asked = await Promise.allSettled(
    Array.from({ length: 10 }, () => refund(request(number, 5_000n))),
  );
  expect(asked.filter((one) => one.status === 'fulfilled')).toHaveLength(2);
  await Promise.all(Array.from({ length: 5 }, () => createRefunds(t.deps).refundDue()));
  expect([...t.world.refunds.values()].map((one) => one.amountMinor)).toEqual([5_000n, 5_000n]);
  expect(await readBalances(t)).toMatchObject({ refunds: 10_000 });
});

test('the same key asks for a refund once', async () => {
  const t = await openChargesTest();
  const { number } = await payInvoice(t);
  const { refund } = createRefunds(t.asFinance);
  const keyed = { ...request(number, 4_000n), idempotencyKey: 'ticket-17' };
  const [one, other] = await Promise.all([refund(keyed), refund(keyed)]);
  expect(one.id).toBe(other.id);
  await expect(refund({ ...keyed, amountMinor: 1n })).rejects.toMatchObject({
    code: 'idempotency_key_reused',
  });
});

const FAULTS: Fault[][] = [
  ['rate-limited'],
  ['lost-before'],
  ['lost-after'],
  ['kept-500'],
  ['wrong'],
  ['lost-before', 'lost-after'],
  ['kept-500', 'kept-500', 'lost-after'],
];

test.each(FAULTS)('after %s %s %s a partial refund is made once', async (...faults) => {
  const t = await openChargesTest();
  const { number } = await payInvoice(t);
  await createRefunds(t.asFinance).refund(request(number, 3_000n));
  t.world.fail('refund', ...faults);
  t.world.fail('findRefund', 'lost-before');
  const jobs = createRefunds(t.deps);
  for (let minute = 0; minute < 180; minute += 5) {
    await jobs.refundDue();
    t.clock.advance(5 * MINUTE_MS);
  }
  expect([...t.world.refunds.values()]).toMatchObject([{ amountMinor: 3_000n }]);
  expect(await readBalances(t)).toMatchObject({ refunds: 3_000 });
  expect(await jobs.list({ status: 'succeeded' }, { limit: 5 })).toMatchObject({
    total: { count: 1 },
  });
});

test('a refund that the provider refuses is failed, books nothing and may be asked again', async () => {
  const t = await openChargesTest();
  const { number } = await payInvoice(t);
  const { refund } = createRefunds(t.asFinance);
  await refund(request(number));
  t.world.fail('refund', 'refused');
  expect(await createRefunds(t.deps).refundDue()).toMatchObject({ failed: 1 });
  expect(await readBalances(t)).not.toHaveProperty('refunds');
  expect(await refund(request(number))).toMatchObject({ amountMinor: 12_000n });
});

test('a refund that fails days later is reversed, with what was taken from the worker', async () => {
  const t = await openChargesTest();
  const { number, workerId } = await payInvoice(t);
  const before = await readBalances(t);
  const clawBack = { workerId, amountMinor: 2_000n };
  await createRefunds(t.asFinance).refund({ ...request(number), clawBack });
  await createRefunds(t.deps).refundDue();
  const [ref = ''] = t.world.refunds.keys();
  t.clock.advance(3 * DAY_MS);
  t.world.settleRefund(ref, 'failed');
  await syncRefund(t.deps, ref);
  await syncRefund(t.deps, ref);
  expect(await readBalances(t)).toEqual(before);
  expect(await createRefunds(t.deps).list({}, { limit: 1 })).toMatchObject({
    data: [{ status: 'failed', failureCode: 'lost_or_stolen' }],
  });
  expect((await readMails(t)).filter((one) => one === 'refund-failed')).toHaveLength(1);
  expect(await createRefunds(t.asFinance).refund(request(number))).toMatchObject({
    amountMinor: 12_000n,
  });
});

test('an older answer that comes after a refund has failed changes nothing', async () => {
  const t = await openChargesTest();
  const { chargeRef } = await payInvoice(t);
  const before = await readBalances(t);
  const { ref } = t.world.addRefund(chargeRef, 3_000n, null);
  const older = await t.world.provider.getRefund(ref);
  t.world.settleRefund(ref, 'failed');
  await syncRefund(t.deps, ref);
  const provider = { ...t.world.provider, getRefund: async () => older };
  await syncRefund({ ...t.deps, provider }, ref);
  expect(await readBalances(t)).toEqual(before);
});

test('a refund made at the provider by hand is booked, and counts for what is left', async () => {
  const t = await openChargesTest();
  const { number, chargeRef } = await payInvoice(t);
  const { ref } = t.world.addRefund(chargeRef, 11_000n, null);
  await Promise.allSettled([syncRefund(t.deps, ref), syncRefund(t.deps, ref)]);
  await syncRefund(t.deps, ref);
  expect(await readBalances(t)).toMatchObject({ refunds: 11_000, 'provider-clearing': 1_000 });
  await expect(createRefunds(t.asFinance).refund(request(number, 1_001n))).rejects.toMatchObject({
    code: 'refund_too_large',
    data: { leftMinor: '1000' },
  });
});

test('an invoice whose first attempt failed is refunded through the one that succeeded', async () => {
  const t = await openChargesTest();
  const { number, invoiceId, customerRef } = await seedInvoice(t, { method: 'poor-1' });
  t.world.giveMethod(customerRef, 'good-2');
  const charges = createCharges(t.deps);
  await charges.chargeDue();
  t.clock.advance(DAY_MS);
  await charges.chargeDue();
  const [, second] = (await readInvoice(t, invoiceId)).charges;
  await createRefunds(t.asFinance).refund(request(number));
  await createRefunds(t.deps).refundDue();
  expect([...t.world.refunds.values()]).toMatchObject([{ chargeRef: second?.providerRef }]);
  expect(await readBalances(t)).toMatchObject({ refunds: 12_000 });
});

test('money taken twice goes back by itself, against what the customer has with us', async () => {
  const t = await openChargesTest();
  const { customerRef } = await seedInvoice(t, { method: 'poor-1' });
  t.world.giveMethod(customerRef, 'good-2');
  const charges = createCharges(t.deps);
  await charges.chargeDue();
  t.clock.advance(DAY_MS);
  await charges.chargeDue();
  const [first = ''] = t.world.charges.keys();
  t.world.settle(first, 'good');
  await charges.ask((await charges.list({ status: 'failed' }, { limit: 1 })).data[0]?.id ?? '');
  expect(await createRefunds(t.deps).refundDue()).toMatchObject({ sent: 1, succeeded: 1 });
  expect([...t.world.refunds.values()]).toMatchObject([{ chargeRef: first }]);
  expect(await readBalances(t)).toEqual({
    'customer-receivable': -12_000,
    'provider-clearing': 12_000,
  });
});

test('a dispute is booked when the money is taken, and reversed when it is won', async () => {
  const t = await openChargesTest();
  const { chargeRef, invoiceId } = await payInvoice(t);
  const dispute = { ref: 'dp_1', chargeRef, reason: 'fraudulent', amountMinor: 12_000n };
  const steps = ['warning', 'open', 'won'] as const;
  const balances: (number | undefined)[] = [];
  for (const state of steps) {
    t.world.setDispute({ ...dispute, state });
    await syncDispute(t.deps, 'dp_1');
    await syncDispute(t.deps, 'dp_1');
    balances.push((await readBalances(t)).disputes);
  }
  expect(balances).toEqual([undefined, 12_000, undefined]);
  expect(await createRefunds(t.asFinance).disputes({}, { limit: 5 })).toMatchObject({
    data: [{ invoiceId, status: 'won', closedAt: t.clock.now() }],
    total: { count: 1, amountMinor: 12_000n },
  });
  expect((await readMails(t)).filter((one) => one === 'dispute-opened')).toHaveLength(1);
});

test('a lost dispute stays, and can be taken back from a worker of that invoice once', async () => {
  const t = await openChargesTest();
  const { chargeRef, workerId } = await payInvoice(t);
  const dispute = { ref: 'dp_1', chargeRef, reason: 'not_received', amountMinor: 12_000n };
  t.world.setDispute({ ...dispute, state: 'open' });
  await syncDispute(t.deps, 'dp_1');
  const finance = createRefunds(t.asFinance);
  const [open] = (await finance.disputes({ status: 'open' }, { limit: 1 })).data;
  const clawBack = { workerId, amountMinor: 7_200n };
  const id = open?.id ?? '';
  await expect(finance.clawBackDispute(id, clawBack)).rejects.toMatchObject({
    code: 'dispute_not_lost',
  });
  t.world.setDispute({ ...dispute, state: 'lost' });
  await syncDispute(t.deps, 'dp_1');
  expect(await finance.clawBackDispute(id, clawBack)).toMatchObject({ status: 'lost', clawBack });
  await expect(finance.clawBackDispute(id, clawBack)).rejects.toMatchObject({
    code: 'already_clawed_back',
  });
  expect(await readBalances(t)).toMatchObject({
    disputes: 12_000,
    'worker-payable': 7_200,
    penalties: -7_200,
  });
  await expect(finance.clawBackDispute('none', clawBack)).rejects.toMatchObject({
    code: 'dispute_not_found',
  });
});

test('news that come in the wrong order, before the charge is known, end right', async () => {
  const t = await openChargesTest();
  const { invoiceId } = await seedInvoice(t);
  t.world.fail('charge', 'lost-after');
  await createCharges(t.deps).chargeDue();
  const [chargeRef = ''] = t.world.charges.keys();
  const { ref } = t.world.addRefund(chargeRef, 2_000n, null);
  const dispute = { ref: 'dp_1', chargeRef, reason: 'fraudulent', amountMinor: 10_000n };
  t.world.setDispute({ ...dispute, state: 'lost' });
  await syncDispute(t.deps, 'dp_1');
  await syncRefund(t.deps, ref);
  expect(await readInvoice(t, invoiceId)).toMatchObject({ status: 'paid' });
  expect(await readBalances(t)).toEqual({
    'customer-receivable': -12_000,
    disputes: 10_000,
    refunds: 2_000,
  });
});
