import { expect, test } from 'vitest';
import { createPaymentsDatabase } from '../../../../test/database.ts';
import { createVirtualClock } from '../../../platform/clock.ts';
import { createIds } from '../../../platform/ids.ts';
import type { AllTables } from '../dependencies.ts';
import { NotSent } from '../provider/provider.ts';
import { MONDAY } from '../testing.ts';
import { createSandboxProvider } from './create-sandbox-provider.ts';
import { decideDispute } from './disputes.ts';
import { refundByHand, settleRefund } from './refunds.ts';
import { submitSandboxPage } from './sandbox-page.ts';
import { reverseTransfer } from './transfers.ts';

async function openSandbox(role = 'steward_payments_worker') {
  const { open } = await createPaymentsDatabase<AllTables>();
  const clock = createVirtualClock(MONDAY);
  const box = { db: open(role), clock, ids: createIds(clock), publicUrl: 'http://127.0.0.1:1' };
  const provider = createSandboxProvider(box);
  const giveCard = async (methodRef: string, person = 'c1') => {
    const { ref: customerRef } = await provider.createCustomer({
      idempotencyKey: `customer:${person}`,
      personKey: person,
    });
    const idempotencyKey = `attach:${person}:${methodRef}`;
    const method = await provider.attachMethod({ idempotencyKey, customerRef, methodRef });
    return { customerRef, methodRef: method.ref };
  };
  const request = (card: { customerRef: string; methodRef: string }, name = 'one') => ({
    ...card,
    idempotencyKey: `charge:${name}`,
    chargeId: name,
    invoiceId: 'invoice',
    amountMinor: 10_000n,
    currency: 'USD',
    description: 'Invoice 1',
  });
  return { box, clock, provider, giveCard, request };
}

async function readAll<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of rows) all.push(row);
  return all;
}
const EVER = { from: new Date(0), to: new Date('2100-01-01') };

test('ten requests at once with one key charge once and get the same answer', async () => {
  const { provider, giveCard, request } = await openSandbox();
  const charge = request(await giveCard('pm_card_visa'));
  const answers = await Promise.all(Array.from({ length: 10 }, () => provider.charge(charge)));
  expect(new Set(answers.map(({ ref }) => ref)).size).toBe(1);
  expect(answers[9]).toEqual(answers[0]);
  expect(answers[0]).toMatchObject({ state: 'succeeded', amountMinor: 10_000n });
  const entries = await readAll(provider.listBalance(EVER));
  expect(entries).toMatchObject([
    { kind: 'charge', amountMinor: 10_000n, feeMinor: 320n, sourceRef: answers[0]?.ref },
  ]);
});

test('a key with another request is refused, and forgotten after a day', async () => {
  const { provider, clock, giveCard, request } = await openSandbox();
  const charge = request(await giveCard('pm_card_visa'));
  const first = await provider.charge(charge);
  const other = provider.charge({ ...charge, amountMinor: 9_999n });
  await expect(other).rejects.toMatchObject({ reason: 'refused', code: 'idempotency_error' });
  clock.advance(24 * 3_600_000 - 1);
  expect((await provider.charge(charge)).ref).toBe(first.ref);
  clock.advance(1);
  expect((await provider.charge(charge)).ref).not.toBe(first.ref);
});

test.each([
  ['pm_card_chargeDeclined', 'failed', { kind: 'soft', code: 'generic_decline' }],
  [
    'pm_card_chargeDeclinedInsufficientFunds',
    'failed',
    { kind: 'soft', code: 'insufficient_funds' },
  ],
  ['pm_card_chargeDeclinedExpiredCard', 'failed', { kind: 'hard', code: 'expired_card' }],
  ['pm_card_authenticationRequired', 'requires_action', null],
])('a charge of %s is %s and moves nothing', async (card, state, failure) => {
  const { provider, giveCard, request } = await openSandbox();
  const charge = await provider.charge(request(await giveCard(card)));
  expect(charge).toMatchObject({ state, failure });
  expect(await readAll(provider.listBalance(EVER))).toEqual([]);
  expect((await provider.cancelCharge(charge.ref)).state).toBe('cancelled');
});

test('a charge is found by our id, whatever became of its key', async () => {
  const { provider, clock, giveCard, request } = await openSandbox();
  const card = await giveCard('pm_card_visa');
  const charge = await provider.charge(request(card));
  const query = { customerRef: card.customerRef, chargeId: 'one', since: MONDAY };
  clock.advance(25 * 3_600_000);
  expect(await provider.findCharge(query)).toEqual(charge);
  expect(await provider.findCharge({ ...query, chargeId: 'other' })).toBeNull();
  expect(await provider.getCharge(charge.ref)).toEqual(charge);
});

test('what cannot be charged is refused, with nothing kept under the key', async () => {
  const { provider, giveCard, request } = await openSandbox();
  const card = await giveCard('pm_card_visa');
  const tooLittle = provider.charge({ ...request(card), amountMinor: 49n });
  await expect(tooLittle).rejects.toBeInstanceOf(NotSent);
  const strange = provider.charge({ ...request(card), methodRef: 'pm_other' });
  await expect(strange).rejects.toMatchObject({ code: 'resource_missing' });
  expect((await provider.charge(request(card))).state).toBe('succeeded');
});

test('refunds go up to what was charged, and a failed one gives its money back', async () => {
  const { box, provider, giveCard, request } = await openSandbox();
  const charge = await provider.charge(request(await giveCard('pm_card_pendingRefund')));
  const refund = {
    idempotencyKey: 'refund:1',
    refundId: 'r1',
    chargeRef: charge.ref,
    amountMinor: 6_000n,
    currency: 'USD',
  };
  const made = await provider.refund(refund);
  expect(made.state).toBe('pending');
  const more = { ...refund, idempotencyKey: 'refund:2', refundId: 'r2', amountMinor: 4_001n };
  await expect(provider.refund(more)).rejects.toMatchObject({ code: 'amount_too_large' });
  await settleRefund(box, made.ref, 'failed');
  expect(await provider.getRefund(made.ref)).toMatchObject({ state: 'failed' });
  await refundByHand(box, { chargeRef: charge.ref, amountMinor: 10_000n, currency: 'USD' });
  expect(await provider.listRefunds(charge.ref)).toMatchObject([
    { refundId: 'r1', state: 'failed' },
    { refundId: null, amountMinor: 10_000n },
  ]);
  const moved = (await readAll(provider.listBalance(EVER))).map((one) => one.amountMinor);
  expect(moved).toEqual([10_000n, -6_000n, 6_000n, -10_000n]);
});

test('a disputed charge loses its money at once and has it back when the dispute is won', async () => {
  const { box, provider, giveCard, request } = await openSandbox();
  await provider.charge(request(await giveCard('pm_card_createDispute')));
  const [hint] = (await readAll(provider.listEvents(MONDAY))).filter(
    ({ about }) => about === 'dispute',
  );
  const ref = hint?.objectRef ?? '';
  expect(await provider.getDispute(ref)).toMatchObject({ state: 'open', amountMinor: 10_000n });
  await decideDispute(box, ref, 'won');
  expect(await provider.getDispute(ref)).toMatchObject({ state: 'won' });
  const moved = await readAll(provider.listBalance(EVER));
  expect(moved.map(({ kind }) => kind)).toEqual(['charge', 'dispute', 'dispute-returned']);
});

test('a transfer waits for the account to be ready, and can be taken back', async () => {
  const { box, provider } = await openSandbox();
  const { ref } = await provider.createAccount({ idempotencyKey: 'account:w', personKey: 'w' });
  const transfer = (generation: number) => ({
    idempotencyKey: `transfer:p:${generation}`,
    payoutId: 'p',
    generation,
    accountRef: ref,
    amountMinor: 5_000n,
    currency: 'USD',
    description: 'November',
  });
  expect(await provider.isAccountReady(ref)).toBe(false);
  const code = 'insufficient_capabilities_for_transfer';
  expect(await provider.transfer(transfer(1))).toEqual({ outcome: 'failed', code });
  const page = await provider.openAccountPage({ accountRef: ref, returnUrl: 'https://a.example' });
  await submitSandboxPage(box, page.url.split('/').at(-1) ?? '', 'ready');
  expect(await provider.isAccountReady(ref)).toBe(true);
  expect(await provider.transfer(transfer(1))).toEqual({ outcome: 'failed', code });
  expect(await provider.transfer(transfer(2))).toMatchObject({ outcome: 'paid' });
  const found = await provider.findTransfer({ payoutId: 'p', generation: 2, since: MONDAY });
  expect(found).toMatchObject({ state: 'paid', amountMinor: 5_000n });
  await reverseTransfer(box, found?.ref ?? '');
  expect(await provider.getTransfer(found?.ref ?? '')).toMatchObject({ state: 'reversed' });
});

test.each(['steward_payments_api', 'steward_payments_worker', 'steward_finance'])(
  '%s may use the sandbox',
  async (role) => {
    const { provider, giveCard } = await openSandbox(role);
    const { customerRef, methodRef } = await giveCard('pm_card_mastercard');
    expect(await provider.currentMethod(customerRef)).toEqual({
      ref: methodRef,
      type: 'card',
      brand: 'mastercard',
      last4: '4444',
      expiresMonth: 12,
      expiresYear: 2040,
    });
  },
);
