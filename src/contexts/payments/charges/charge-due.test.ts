import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { NEVER } from './charge-states.ts';
import { createCharges } from './create-charges.ts';
import type { Fault } from './scripted-provider.ts';
import { syncCharge } from './sync-charge.ts';
import { openChargesTest, readBalances, readInvoice, readMails, seedInvoice } from './testing.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

test('a charge that succeeds pays the invoice, is booked once and tells the customer', async () => {
  const t = await openChargesTest();
  const { invoiceId, chargeId } = await seedInvoice(t);
  const charges = createCharges(t.deps);
  expect(await charges.chargeDue()).toMatchObject({ sent: 1, succeeded: 1, failed: 0, unknown: 0 });
  expect(await charges.chargeDue()).toMatchObject({ sent: 0, succeeded: 0 });
  expect(await readInvoice(t, invoiceId)).toMatchObject({
    status: 'paid',
    charges: [{ id: chargeId, status: 'succeeded' }],
  });
  expect(await readBalances(t)).toEqual({
    'customer-receivable': -12_000,
    'provider-clearing': 12_000,
  });
  expect(await readMails(t)).toEqual(['invoice-paid']);
  const { steps } = await charges.get(chargeId);
  expect(steps.map((step) => step.status)).toEqual(['sending', 'succeeded']);
});

test('soft failures are tried again after 1, 3 and 5 days, then the invoice is past due', async () => {
  const t = await openChargesTest({ timeZone: 'Europe/Berlin' });
  t.clock.moveTo(new Date('2027-03-26T20:00:00+01:00'));
  const { invoiceId, customerRef } = await seedInvoice(t, { method: 'poor-1' });
  t.world.giveMethod(customerRef, 'poor-1');
  const charges = createCharges(t.deps);
  const attempts: string[] = [];
  for (let hour = 0; hour < 10 * 24; hour += 1) {
    const { failed } = await charges.chargeDue();
    if (failed > 0) attempts.push(t.clock.now().toISOString());
    t.clock.advance(HOUR_MS);
  }
  // Summer time began on 28 March: the third attempt is at the same time of day, an hour earlier.
  expect(attempts).toEqual([
    '2027-03-26T19:00:00.000Z',
    '2027-03-27T19:00:00.000Z',
    '2027-03-29T18:00:00.000Z',
    '2027-03-31T18:00:00.000Z',
  ]);
  const invoice = await readInvoice(t, invoiceId);
  expect(invoice).toMatchObject({ status: 'past_due', needsMethod: false });
  expect(invoice.charges.map((one) => one.status)).toEqual(Array(4).fill('failed'));
  expect(await readMails(t)).toEqual([
    'charge-failed',
    'charge-failed',
    'charge-failed',
    'invoice-past-due',
  ]);
  expect(await readBalances(t)).toEqual({});
});

test('a new method pays what is past due; one that was tried is not tried again', async () => {
  const t = await openChargesTest();
  const { invoiceId, customerRef } = await seedInvoice(t, { method: 'poor-1' });
  t.world.giveMethod(customerRef, 'poor-1');
  const charges = createCharges(t.deps);
  for (let day = 0; day < 7; day += 1) {
    await charges.chargeDue();
    t.clock.advance(DAY_MS);
  }
  expect(await readInvoice(t, invoiceId)).toMatchObject({ status: 'past_due' });
  expect(await charges.chargeDue()).toMatchObject({ sent: 0 });

  t.world.giveMethod(customerRef, 'good-2');
  await t.own.db
    .updateTable('payments.provider_customers')
    .set({ method: JSON.stringify({ ref: 'good-2' }) })
    .execute();
  expect(await charges.chargeDue()).toMatchObject({ sent: 1, succeeded: 1 });
  expect(await readInvoice(t, invoiceId)).toMatchObject({ status: 'paid' });
});

test('without a method the invoice waits, then is past due, and is paid once one is given', async () => {
  const t = await openChargesTest();
  const { invoiceId, customerRef } = await seedInvoice(t, { method: null });
  const charges = createCharges(t.deps);
  expect(await charges.chargeDue()).toMatchObject({ sent: 0, waiting: 1 });
  expect(await readInvoice(t, invoiceId)).toMatchObject({
    status: 'open',
    needsMethod: true,
    charges: [{ status: 'planned', dueAt: NEVER }],
  });
  expect(await charges.chargeDue()).toMatchObject({ sent: 0, waiting: 0 });
  t.clock.advance(5 * DAY_MS);
  expect(await charges.chargeDue()).toMatchObject({ pastDue: 1 });
  expect(await readMails(t)).toEqual(['method-needed', 'invoice-past-due']);

  t.world.giveMethod(customerRef, 'good-1');
  await charges.retry(invoiceId);
  expect(await charges.chargeDue()).toMatchObject({ sent: 1, succeeded: 1 });
  expect(await readInvoice(t, invoiceId)).toMatchObject({ status: 'paid', needsMethod: false });
});

test('a hard failure asks for another method and is not tried again with the same', async () => {
  const t = await openChargesTest();
  const { invoiceId, customerRef } = await seedInvoice(t, { method: 'stolen-1' });
  t.world.giveMethod(customerRef, 'stolen-1');
  const charges = createCharges(t.deps);
  expect(await charges.chargeDue()).toMatchObject({ sent: 1, failed: 1, waiting: 1 });
  expect(await readInvoice(t, invoiceId)).toMatchObject({
    needsMethod: true,
    charges: [
      { status: 'failed', failureKind: 'hard', failureCode: 'stolen_card' },
      { status: 'planned', dueAt: NEVER },
    ],
  });
  t.clock.advance(6 * DAY_MS);
  expect(await charges.chargeDue()).toMatchObject({ sent: 0, pastDue: 1 });
  expect(await readMails(t)).toEqual(['method-needed', 'invoice-past-due']);
});

test('a charge that must be confirmed is given up at the provider before anything follows', async () => {
  const t = await openChargesTest();
  const { invoiceId, customerRef } = await seedInvoice(t, { method: 'authenticate-1' });
  t.world.giveMethod(customerRef, 'authenticate-1');
  const charges = createCharges(t.deps);
  t.world.fail('cancelCharge', 'lost-before');
  await charges.chargeDue();
  expect((await readInvoice(t, invoiceId)).charges).toMatchObject([{ status: 'requires_action' }]);
  t.clock.advance(MINUTE_MS);
  await charges.chargeDue();
  expect(await readInvoice(t, invoiceId)).toMatchObject({
    needsMethod: true,
    charges: [{ status: 'cancelled' }, { status: 'planned', dueAt: NEVER }],
  });
  expect([...t.world.charges.values()]).toMatchObject([{ state: 'cancelled' }]);
  expect(await readMails(t)).toEqual(['charge-action']);
});

test('who confirms in the last moment has paid', async () => {
  const t = await openChargesTest();
  const { invoiceId } = await seedInvoice(t, { method: 'authenticate-1' });
  const charges = createCharges(t.deps);
  t.world.fail('cancelCharge', 'lost-before');
  await charges.chargeDue();
  t.world.settle([...t.world.charges.keys()][0] ?? '', 'good');
  t.clock.advance(MINUTE_MS);
  await charges.chargeDue();
  expect(await readInvoice(t, invoiceId)).toMatchObject({ status: 'paid', needsMethod: false });
});

test('a bank debit is asked after until it is decided', async () => {
  const t = await openChargesTest();
  const { invoiceId } = await seedInvoice(t, { method: 'slow-1' });
  const charges = createCharges(t.deps);
  await charges.chargeDue();
  expect(await readInvoice(t, invoiceId)).toMatchObject({ charges: [{ status: 'processing' }] });
  for (let day = 0; day < 3; day += 1) {
    t.clock.advance(DAY_MS);
    await charges.chargeDue();
  }
  t.world.settle([...t.world.charges.keys()][0] ?? '', 'poor');
  t.clock.advance(DAY_MS);
  await charges.chargeDue();
  expect(await readInvoice(t, invoiceId)).toMatchObject({
    status: 'open',
    charges: [{ status: 'failed' }, { status: 'planned' }],
  });
});

const FAULTS: Fault[][] = [
  ['rate-limited'],
  ['refused'],
  ['lost-before'],
  ['lost-after'],
  ['kept-500'],
  ['wrong'],
  ['lost-before', 'lost-before'],
  ['lost-before', 'lost-after'],
  ['rate-limited', 'lost-before', 'lost-after'],
  ['kept-500', 'kept-500', 'lost-after'],
];

test.each(FAULTS)('after %s %s %s the invoice is paid, and paid once', async (...faults) => {
  const t = await openChargesTest();
  const { invoiceId, customerRef } = await seedInvoice(t);
  t.world.giveMethod(customerRef, 'good-1');
  t.world.fail('charge', ...faults);
  t.world.fail('findCharge', 'lost-before');
  const charges = createCharges(t.deps);
  for (let minute = 0; minute < 180; minute += 5) {
    await charges.chargeDue();
    t.clock.advance(5 * MINUTE_MS);
  }
  const invoice = await readInvoice(t, invoiceId);
  expect(invoice.status).toBe('paid');
  expect(t.world.successes(invoice.charges.map((one) => one.id))).toHaveLength(1);
  expect(await readBalances(t)).toEqual({
    'customer-receivable': -12_000,
    'provider-clearing': 12_000,
  });
});

test('a call that never answers is asked after when its lease is over', async () => {
  const t = await openChargesTest();
  const { invoiceId } = await seedInvoice(t);
  t.world.fail('charge', 'hang');
  const charges = createCharges(t.deps);
  void charges.chargeDue();
  await expect
    .poll(async () => (await readInvoice(t, invoiceId)).charges[0]?.status)
    .toBe('sending');
  t.clock.advance(MINUTE_MS);
  expect(await charges.chargeDue()).toMatchObject({ sent: 0, unknown: 0 });
  t.clock.advance(2 * MINUTE_MS);
  expect((await charges.chargeDue()).unknown).toBeGreaterThan(0);
  t.clock.advance(15 * MINUTE_MS);
  expect(await charges.chargeDue()).toMatchObject({ sent: 1, succeeded: 1 });
  expect(t.world.charges.size).toBe(1);
  expect(await readInvoice(t, invoiceId)).toMatchObject({ status: 'paid' });
});

test('a key older than 23 hours is asked after and never used again', async () => {
  const t = await openChargesTest();
  const { invoiceId } = await seedInvoice(t);
  const charges = createCharges(t.deps);
  t.world.fail('charge', 'lost-after');
  await charges.chargeDue();
  // As a process leaves it behind that put it back to planned and died.
  await t.own.db
    .updateTable('payments.charges')
    .set({ status: 'planned', due_at: t.clock.now() })
    .execute();
  t.clock.advance(25 * HOUR_MS);
  await charges.chargeDue();
  expect(t.world.charges.size).toBe(1);
  expect(await readInvoice(t, invoiceId)).toMatchObject({
    status: 'paid',
    charges: [{ status: 'succeeded' }],
  });
});

test('with a key older than 23 hours and nothing there, the next attempt has a new key', async () => {
  const t = await openChargesTest();
  const { invoiceId, customerRef } = await seedInvoice(t);
  t.world.giveMethod(customerRef, 'good-1');
  const charges = createCharges(t.deps);
  t.world.fail('charge', 'lost-before');
  await charges.chargeDue();
  t.clock.advance(25 * HOUR_MS);
  await charges.chargeDue();
  expect(await readInvoice(t, invoiceId)).toMatchObject({
    status: 'paid',
    charges: [{ status: 'cancelled' }, { status: 'succeeded' }],
  });
  const keys = t.world.calls.filter(({ call }) => call === 'charge').map(({ key }) => key);
  expect(new Set(keys).size).toBe(2);
});

test('ten at once send each charge once', async () => {
  const t = await openChargesTest();
  const invoices = await Promise.all(Array.from({ length: 12 }, () => seedInvoice(t)));
  const reports = await Promise.all(
    Array.from({ length: 10 }, () => createCharges(t.deps).chargeDue()),
  );
  expect(reports.reduce((sum, report) => sum + report.sent, 0)).toBe(12);
  expect(t.world.calls.filter(({ call }) => call === 'charge')).toHaveLength(12);
  for (const { invoiceId } of invoices) {
    expect(await readInvoice(t, invoiceId)).toMatchObject({ status: 'paid' });
  }
});

test('a method that the provider knows no more gives way to the one given since', async () => {
  const t = await openChargesTest();
  const { invoiceId, customerRef } = await seedInvoice(t);
  const charges = createCharges(t.deps);
  t.world.fail('charge', 'refused');
  expect(await charges.chargeDue()).toMatchObject({ sent: 0, failed: 0 });
  expect(await readMails(t)).toEqual([]);
  t.world.giveMethod(customerRef, 'good-2');
  t.clock.advance(HOUR_MS);
  expect(await charges.chargeDue()).toMatchObject({ succeeded: 1 });
  expect((await readInvoice(t, invoiceId)).charges).toMatchObject([
    { status: 'cancelled', methodRef: 'good-1' },
    { status: 'succeeded', methodRef: 'good-2' },
  ]);
});

test('money that a failed attempt takes late is booked, and the planned attempt given up', async () => {
  const t = await openChargesTest();
  const { invoiceId, customerRef } = await seedInvoice(t, { method: 'poor-1' });
  t.world.giveMethod(customerRef, 'poor-1');
  const charges = createCharges(t.deps);
  await charges.chargeDue();
  const [ref = ''] = t.world.charges.keys();
  t.world.settle(ref, 'good');
  await syncCharge(t.deps, ref);
  await syncCharge(t.deps, ref);
  expect(await readInvoice(t, invoiceId)).toMatchObject({
    status: 'paid',
    charges: [{ status: 'succeeded' }, { status: 'cancelled' }],
  });
  t.clock.advance(6 * DAY_MS);
  expect(await charges.chargeDue()).toMatchObject({ sent: 0 });
  expect(await readBalances(t)).toEqual({
    'customer-receivable': -12_000,
    'provider-clearing': 12_000,
  });
});

test('a second attempt that takes money too is booked, and its refund planned', async () => {
  const t = await openChargesTest();
  const { invoiceId, customerRef } = await seedInvoice(t, { method: 'poor-1' });
  t.world.giveMethod(customerRef, 'good-2');
  const charges = createCharges(t.deps);
  await charges.chargeDue();
  t.clock.advance(DAY_MS);
  await charges.chargeDue();
  const [first = ''] = t.world.charges.keys();
  t.world.settle(first, 'good');
  await syncCharge(t.deps, first);
  await syncCharge(t.deps, first);
  expect(await readInvoice(t, invoiceId)).toMatchObject({
    status: 'paid',
    charges: [{ status: 'cancelled', failureCode: 'charged_twice' }, { status: 'succeeded' }],
  });
  expect(await readBalances(t)).toEqual({
    'customer-receivable': -24_000,
    'provider-clearing': 24_000,
  });
  const refunds = await t.own.db.selectFrom('payments.refunds').selectAll().execute();
  expect(refunds).toMatchObject([
    {
      status: 'planned',
      amount_minor: 12_000n,
      charge_id: (await readInvoice(t, invoiceId)).charges[0]?.id,
    },
  ]);
});

test('a second charge at the provider for one attempt is booked and its refund planned', async () => {
  const t = await openChargesTest();
  const { invoiceId, chargeId, customerRef } = await seedInvoice(t);
  await createCharges(t.deps).chargeDue();
  const again = await t.world.provider.charge({
    idempotencyKey: 'by hand',
    chargeId,
    invoiceId,
    customerRef,
    methodRef: 'good-1',
    amountMinor: 12_000n,
    currency: 'USD',
    description: 'again',
  });
  await syncCharge(t.deps, again.ref);
  await syncCharge(t.deps, again.ref);
  expect(await readBalances(t)).toMatchObject({ 'provider-clearing': 24_000 });
  expect((await readInvoice(t, invoiceId)).charges).toMatchObject([
    { status: 'succeeded' },
    { status: 'cancelled', failureCode: 'charged_twice', providerRef: again.ref },
  ]);
});

test('what is not ours at the provider is left alone', async () => {
  const t = await openChargesTest();
  const stranger = await t.world.provider.charge({
    idempotencyKey: 'stranger',
    chargeId: randomUUID(),
    invoiceId: randomUUID(),
    customerRef: 'cus_other',
    methodRef: 'good-1',
    amountMinor: 500n,
    currency: 'USD',
    description: 'another shop',
  });
  await syncCharge(t.deps, stranger.ref);
  await syncCharge(t.deps, 'pay_none');
  expect(await readBalances(t)).toEqual({});
});

test('finance lists charges with their sum, asks after one and tries an invoice again', async () => {
  const t = await openChargesTest();
  const finance = createCharges(t.asFinance);
  const { invoiceId, number, customerRef } = await seedInvoice(t, { method: 'poor-1' });
  t.world.giveMethod(customerRef, 'poor-1');
  await seedInvoice(t);
  await createCharges(t.deps).chargeDue();
  const failed = await finance.list({ status: 'failed' }, { limit: 10 });
  expect(failed).toMatchObject({
    data: [{ invoiceNumber: number, failureCode: 'insufficient_funds' }],
    total: { count: 1, amountMinor: 12_000n },
  });
  const all = await finance.list({}, { limit: 2 });
  expect(all.total).toEqual({ count: 3, amountMinor: 36_000n });
  const rest = await finance.list({}, { limit: 2, cursor: all.nextCursor ?? '' });
  expect(new Set([...all.data, ...rest.data].map((one) => one.id)).size).toBe(3);

  expect(await finance.retry(number)).toMatchObject({ generation: 2, dueAt: t.clock.now() });
  t.world.giveMethod(customerRef, 'slow-2');
  await createCharges(t.deps).chargeDue();
  await expect(finance.retry(number)).rejects.toMatchObject({ code: 'invoice_not_chargeable' });
  const [charge] = (await finance.list({ status: 'processing' }, { limit: 1 })).data;
  t.world.settle(charge?.providerRef ?? '', 'good');
  expect(await finance.ask(charge?.id ?? '')).toMatchObject({ status: 'succeeded' });
  expect(await readInvoice(t, invoiceId)).toMatchObject({ status: 'paid' });
  await expect(finance.get('nothing')).rejects.toMatchObject({ code: 'charge_not_found' });
  await expect(finance.retry('nothing')).rejects.toMatchObject({ code: 'invoice_not_found' });
});
