import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { endOrders } from '../bookings/testing.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import { createLedger } from '../ledger/create-ledger.ts';
import { type NewTransaction, postTransactions } from '../ledger/post-transactions.ts';
import type { PaymentProvider } from '../provider/provider.ts';
import { openTestPayments } from '../testing.ts';
import { createStatements } from './create-statements.ts';

const NO_PROVIDER = {} as PaymentProvider;
const ALL = { limit: 100 };

async function open() {
  const payments = await openTestPayments(NO_PROVIDER);
  const person = { customerId: randomUUID(), workerId: randomUUID() };
  // Read with the rights of the HTTP routes.
  return { ...payments, ...person, person, statements: createStatements(payments.asApi) };
}

const post = (
  deps: PaymentsDependencies,
  one: Omit<NewTransaction, 'id' | 'occurredAt' | 'bookedOn'>,
) => {
  const id = deps.ids.next();
  const occurredAt = deps.clock.now();
  const bookedOn = occurredAt.toISOString().slice(0, 10);
  return deps.db
    .transaction()
    .execute((tx) => postTransactions(tx, deps.currency, [{ ...one, id, occurredAt, bookedOn }]))
    .then(() => id);
};

/** An invoice with its successful charge over this amount, as the runs leave them. */
async function invoiceOf(
  { db, ids, clock, ...deps }: PaymentsDependencies,
  customerId: string,
  amountMinor: bigint,
) {
  const [runId, invoiceId, chargeId, now] = [ids.next(), ids.next(), ids.next(), clock.now()];
  await sql`
    insert into payments.runs (id, kind, period, cutoff, hash, people, items, total_minor, currency,
      status, planned_at) values (${runId}, 'invoices', '2026-W48', ${now}, ${runId}, 1, 1,
      ${amountMinor}, 'USD', 'committed', ${now})`.execute(db);
  await sql`
    insert into payments.invoices (id, number, customer_id, period, run_id, currency, orders,
      price_minor, discount_minor, total_minor, issued_at) values (${invoiceId}, 'INV-7',
      ${customerId}, '2026-W48', ${runId}, 'USD', 1, ${amountMinor}, 0, ${amountMinor},
      ${now})`.execute(db);
  await sql`
    update payments.order_bookings set invoice_id = ${invoiceId}
    where customer_id = ${customerId}`.execute(db);
  const transactionId = await post(
    { db, ids, clock, ...deps },
    {
      idempotencyKey: `charge:${chargeId}`,
      kind: 'charge',
      subjectKind: 'charge',
      subjectId: chargeId,
      postings: [
        { code: 'provider-clearing', owner: 'sandbox', amountMinor },
        { code: 'customer-receivable', owner: customerId, amountMinor: -amountMinor },
      ],
    },
  );
  await sql`
    insert into payments.charges (id, invoice_id, generation, provider, idempotency_key,
      amount_minor, currency, status, provider_ref, due_at, transaction_id, created_at)
    values (${chargeId}, ${invoiceId}, 1, 'sandbox', ${chargeId}, ${amountMinor}, 'USD',
      'succeeded', 'pi_1', ${now}, ${transactionId}, ${now})`.execute(db);
  return { invoiceId, chargeId };
}

test('a customer sees price, discount and what is due this week', async () => {
  const { statements, customerId, person, ...payments } = await open();
  const orders = await endOrders(payments, [
    { ...person, priceMinor: 1_000_100, serviceCode: 'CLEAN-STD' },
    { ...person, priceMinor: 1_000, serviceCode: 'GARDEN', outcome: 'failed' },
  ]);
  const statement = await statements.of({ kind: 'customer', id: customerId }, {}, ALL);
  expect(statement).toMatchObject({
    from: '2026-11-01',
    to: '2026-11-23',
    openingMinor: 0n,
    closingMinor: 1_001_050n,
    due: { period: '2026-W48', issuedOn: '2026-11-29', orders: 2, amountMinor: 1_001_050n },
    month: null,
  });
  expect(
    statement.lines.map((line) => [line.description, line.amountMinor, line.balanceMinor]),
  ).toEqual([
    ['Order CLEAN-STD, completed', 1_000_100n, 1_000_100n],
    ['Order GARDEN, failed', 1_000n, 1_001_100n],
    ['Discount 5 %', -50n, 1_001_050n],
  ]);
  expect(statement.lines[1]).toMatchObject({ kind: 'order', orderId: orders[1]?.orderId });
});

test('a statement can be cut anywhere, even between a price and its discount', async () => {
  const { statements, customerId, person, ...payments } = await open();
  await endOrders(
    payments,
    [1_000_100, 990, 1_010, 0, 500, 700].map((priceMinor) => ({ ...person, priceMinor })),
  );
  const of = (page: { limit: number; cursor?: string }) =>
    statements.of({ kind: 'customer', id: customerId }, {}, page);
  const whole = await of(ALL);
  expect(whole.lines).toHaveLength(9);
  for (const limit of [1, 2, 3, 4, 8, 9]) {
    const lines: typeof whole.lines = [];
    let cursor: string | undefined;
    do {
      const page = await of({ limit, cursor });
      expect(page.lines.length).toBeLessThanOrEqual(limit);
      lines.push(...page.lines);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(lines).toEqual(whole.lines);
  }
  await expect(of({ limit: 1, cursor: 'nonsense' })).rejects.toMatchObject({
    code: 'invalid_input',
  });
});

test('payments, refunds and disputes stand there with their invoice, and the balance fits', async () => {
  const { statements, customerId, person, ...payments } = await open();
  const { deps, asOwner } = payments;
  await endOrders(payments, [{ ...person, priceMinor: 10_000, serviceCode: 'CLEAN-STD' }]);
  const { invoiceId, chargeId } = await invoiceOf(deps, customerId, 10_000n);
  const back = (kind: 'refund' | 'dispute', id: string, amountMinor: bigint) =>
    post(deps, {
      idempotencyKey: `${kind}:${id}`,
      kind,
      subjectKind: kind,
      subjectId: id,
      postings: [
        { code: `${kind}s`, amountMinor },
        { code: 'provider-clearing', owner: 'sandbox', amountMinor: -amountMinor },
      ],
    });
  const [refundId, disputeId, now] = [randomUUID(), randomUUID(), deps.clock.now()];
  const refunded = await back('refund', refundId, 1_500n);
  await sql`
    insert into payments.refunds (id, invoice_id, charge_id, provider, amount_minor, currency,
      reason, status, due_at, transaction_id, requested_at) values (${refundId}, ${invoiceId},
      ${chargeId}, 'sandbox', 1500, 'USD', 'Late', 'pending', ${now}, ${refunded},
      ${now})`.execute(asOwner.db);
  const disputed = await back('dispute', disputeId, 8_500n);
  await sql`
    insert into payments.disputes (id, provider, provider_ref, invoice_id, amount_minor, currency,
      reason, status, transaction_id, opened_at) values (${disputeId}, 'sandbox', 'dp_1',
      ${invoiceId}, 8500, 'USD', 'fraudulent', 'won', ${disputed}, ${now})`.execute(asOwner.db);
  await post(deps, {
    idempotencyKey: `reversal:${disputed}`,
    kind: 'reversal',
    subjectKind: 'dispute',
    subjectId: disputeId,
    reverses: disputed,
    reason: 'won',
    postings: [
      { code: 'disputes', amountMinor: -8_500n },
      { code: 'provider-clearing', owner: 'sandbox', amountMinor: 8_500n },
    ],
  });
  const statement = await statements.of({ kind: 'customer', id: customerId }, {}, ALL);
  expect(statement.lines.map((line) => [line.description, line.amountMinor])).toEqual([
    ['Order CLEAN-STD, completed', 10_000n],
    ['Payment of invoice INV-7', -10_000n],
    ['Refund of invoice INV-7', -1_500n],
    ['Paid back', 1_500n],
    ['Disputed payment of invoice INV-7', -8_500n],
    ['Paid back by your bank', 8_500n],
    ['Dispute of invoice INV-7 decided against you', 8_500n],
    ['Returned to us by your bank', -8_500n],
  ]);
  expect(statement.lines.at(-1)?.balanceMinor).toBe(statement.closingMinor);
  expect(statement.lines.every((line) => line.invoiceNumber === 'INV-7')).toBe(true);
  // This week's invoice is out: what comes now stands on the next one.
  expect(statement.due).toEqual({
    period: '2026-W49',
    issuedOn: '2026-12-06',
    orders: 0,
    amountMinor: 0n,
  });
});

test('a worker sees earnings, penalties, credits and payouts, and what is payable', async () => {
  const { statements, workerId, person, ...payments } = await open();
  const { deps, clock, asFinance, asOwner } = payments;
  const october = new Date('2026-10-20T10:00:00Z');
  const [, , wrong] = await endOrders(payments, [
    { ...person, priceMinor: 5_000, outcome: 'failed', serviceCode: 'GARDEN', endedAt: october },
    { ...person, priceMinor: 20_000, serviceCode: 'CLEAN-STD' },
    { ...person, priceMinor: 10_000, serviceCode: 'WINDOWS' },
    { ...person, priceMinor: 10_000, serviceCode: 'CLEAN-STD', outcome: 'cancelled' },
    { ...person, priceMinor: 1_000, serviceCode: 'GARDEN', outcome: 'failed' },
  ]);
  clock.advance(60_000);
  const creditId = randomUUID();
  const credited = await post(deps, {
    idempotencyKey: `credit:${creditId}`,
    kind: 'credit',
    subjectKind: 'credit',
    subjectId: creditId,
    postings: [
      { code: 'credits', amountMinor: 700n },
      { code: 'worker-payable', owner: workerId, amountMinor: -700n },
    ],
  });
  await sql`
    insert into payments.credits (id, worker_id, amount_minor, currency, reason, needs_approval,
      status, requested_at, transaction_id) values (${creditId}, ${workerId}, 700, 'USD',
      'Second trip', false, 'booked', ${clock.now()}, ${credited})`.execute(asOwner.db);
  const booking = await deps.db
    .selectFrom('payments.order_bookings')
    .select('transaction_id')
    .where('order_id', '=', wrong?.orderId ?? '')
    .executeTakeFirstOrThrow();
  clock.advance(60_000);
  await createLedger(asFinance).reverse(booking.transaction_id ?? '', { reason: 'Entered twice' });

  const statement = await statements.of({ kind: 'worker', id: workerId }, {}, ALL);
  expect(statement).toMatchObject({ openingMinor: -4_000n, closingMinor: 4_700n, due: null });
  expect(
    statement.lines.map((line) => [line.description, line.amountMinor, line.balanceMinor]),
  ).toEqual([
    ['Order CLEAN-STD, completed', 12_000n, 8_000n],
    ['Order WINDOWS, completed', 6_000n, 14_000n],
    ['Penalty for order GARDEN, failed', -4_000n, 10_000n],
    ['Credit: Second trip', 700n, 10_700n],
    ['Order WINDOWS, taken back', -6_000n, 4_700n],
  ]);
  expect(statement.month).toEqual({
    period: '2026-11',
    earnedMinor: 12_000n,
    penaltiesMinor: 4_000n,
    creditsMinor: 700n,
    carriedMinor: -4_000n,
    payableMinor: 4_700n,
  });
});

test('somebody without an order has an empty statement, and nobody sees that of another', async () => {
  const { statements, person, ...payments } = await open();
  await endOrders(payments, [person]);
  expect(await statements.of({ kind: 'customer', id: null }, {}, ALL)).toMatchObject({
    id: null,
    openingMinor: 0n,
    closingMinor: 0n,
    lines: [],
    due: { orders: 0, amountMinor: 0n },
  });
  expect(await statements.of({ kind: 'worker', id: randomUUID() }, {}, ALL)).toMatchObject({
    lines: [],
    month: { earnedMinor: 0n, payableMinor: 0n },
  });
  // A worker's id is no customer's.
  expect(await statements.of({ kind: 'customer', id: person.workerId }, {}, ALL)).toMatchObject({
    lines: [],
    closingMinor: 0n,
  });
});
