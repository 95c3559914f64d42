import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { endOrders, writeEndedOrders } from '../bookings/testing.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { PaymentProvider } from '../provider/provider.ts';
import { openTestPayments } from '../testing.ts';
import { createLedger } from './create-ledger.ts';
import { type NewTransaction, postTransactions } from './post-transactions.ts';

const NO_PROVIDER = {} as PaymentProvider;
const ALL = { limit: 100 };

async function open(change: Partial<PaymentsDependencies> = {}) {
  const payments = await openTestPayments(NO_PROVIDER, change);
  return { ...payments, ledger: createLedger(payments.asFinance) };
}

/** Moves an amount from revenue to the bank. */
function movement(deps: PaymentsDependencies, change: Partial<NewTransaction> = {}) {
  const id = deps.ids.next();
  return {
    id,
    idempotencyKey: `test:${id}`,
    kind: 'credit',
    bookedOn: '2026-11-10',
    occurredAt: deps.clock.now(),
    subjectKind: 'test',
    subjectId: id,
    postings: [
      { code: 'bank', amountMinor: 100n },
      { code: 'revenue', amountMinor: -100n },
    ],
    ...change,
  };
}

const post = (deps: PaymentsDependencies, ...all: NewTransaction[]) =>
  deps.db.transaction().execute((tx) => postTransactions(tx, deps.currency, all));

const prove = (deps: PaymentsDependencies, green: boolean, ranAt: Date) =>
  deps.db
    .insertInto('payments.proofs')
    .values({
      id: deps.ids.next(),
      day: ranAt.toISOString().slice(0, 10),
      kind: 'prove',
      green,
      checks: '[]',
      stream_xid: null,
      stream_position: null,
      ran_at: ranAt,
    })
    .execute();

const transactionOf = async (deps: PaymentsDependencies, orderId: string) =>
  (
    await deps.db
      .selectFrom('payments.order_bookings')
      .select('transaction_id')
      .where('order_id', '=', orderId)
      .executeTakeFirstOrThrow()
  ).transaction_id ?? '';

test('the trial balance has every code of the chart and comes to 0, on any day', async () => {
  const payments = await open();
  const { deps, ledger } = payments;
  await endOrders(payments, [
    { priceMinor: 10_000, endedAt: new Date('2026-11-02T10:00:00Z') },
    { priceMinor: 5_000, outcome: 'failed', endedAt: new Date('2026-11-03T10:00:00Z') },
  ]);
  await post(deps, movement(deps));
  const { rows, sumMinor } = await ledger.trialBalance();
  expect(sumMinor).toBe(0n);
  expect(rows).toHaveLength(14);
  const revenue = (await ledger.trialBalance('2026-11-02')).rows.find(
    (row) => row.code === 'revenue',
  );
  expect(revenue).toMatchObject({ accounts: 1, debitMinor: 0n, creditMinor: 10_000n });
  expect(rows).toContainEqual(
    expect.objectContaining({ code: 'revenue', kind: 'income', balanceMinor: -15_100n }),
  );
  expect(rows).toContainEqual(expect.objectContaining({ code: 'disputes', accounts: 0 }));
  await expect(ledger.trialBalance('2026-02-30')).rejects.toMatchObject({ code: 'invalid_input' });
});

test('a balance at the end of a day is the sum of what was booked until then', async () => {
  const { deps, ledger } = await open();
  await post(
    deps,
    movement(deps, { bookedOn: '2026-11-01' }),
    movement(deps, { bookedOn: '2026-11-02' }),
    movement(deps, { bookedOn: '2026-11-02' }),
  );
  const bank = { code: 'bank', owner: '' };
  expect(await ledger.balance(bank, '2026-10-31')).toBe(0n);
  expect(await ledger.balance(bank, '2026-11-01')).toBe(100n);
  expect(await ledger.balance(bank)).toBe(300n);
  expect(await ledger.balance({ code: 'worker-payable', owner: 'nobody' })).toBe(0n);
});

test('accounts come page by page with their balances', async () => {
  const payments = await open();
  const { ledger } = payments;
  const customers = Array.from({ length: 5 }, () => randomUUID()).sort();
  await endOrders(
    payments,
    customers.map((customerId, index) => ({ customerId, priceMinor: index + 1 })),
  );
  const first = await ledger.accounts({ code: 'customer-receivable' }, { limit: 3 });
  const rest = await ledger.accounts(
    { code: 'customer-receivable' },
    { limit: 3, cursor: first.nextCursor ?? '' },
  );
  expect(rest.nextCursor).toBeNull();
  expect([...first.data, ...rest.data].map((row) => [row.owner, row.balanceMinor])).toEqual(
    customers.map((owner, index) => [owner, BigInt(index + 1)]),
  );
  const own = await ledger.accounts({ owner: customers[0] }, ALL);
  expect(own.data).toMatchObject([{ code: 'customer-receivable', currency: 'USD' }]);
  await expect(ledger.accounts({ code: 'cash' }, ALL)).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining('worker-payable'),
  });
});

test('a statement runs from opening to closing, however it is cut into pages', async () => {
  const { deps, ledger } = await open();
  const days = ['2026-10-31', '2026-11-01', '2026-11-02', '2026-11-02', '2026-11-02', '2026-11-30'];
  await post(deps, ...days.map((bookedOn) => movement(deps, { bookedOn })));
  const bank = { code: 'bank', owner: '' };
  const range = { from: '2026-11-01', to: '2026-11-29' };
  const whole = await ledger.statement(bank, range, ALL);
  expect(whole).toMatchObject({
    openingMinor: 100n,
    closingMinor: 500n,
    nextCursor: null,
    ...range,
  });
  expect(whole.lines.map((line) => line.balanceMinor)).toEqual([200n, 300n, 400n, 500n]);
  for (const limit of [1, 2, 3, 4]) {
    const lines: typeof whole.lines = [];
    let cursor: string | undefined;
    do {
      const page = await ledger.statement(bank, range, { limit, cursor });
      expect(page).toMatchObject({ openingMinor: 100n, closingMinor: 500n });
      lines.push(...page.lines);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(lines).toEqual(whole.lines);
  }
  // The first of the month until today, which is 23 November.
  expect(await ledger.statement(bank, {}, ALL)).toMatchObject({
    from: '2026-11-01',
    to: '2026-11-23',
  });
});

test('a statement of days the wrong way round, or of no account, is refused', async () => {
  const { ledger } = await open();
  const bank = { code: 'bank', owner: '' };
  await expect(ledger.statement(bank, {}, ALL)).rejects.toMatchObject({
    code: 'account_not_found',
  });
  await expect(
    ledger.statement(bank, { from: '2026-11-02', to: '2026-11-01' }, ALL),
  ).rejects.toMatchObject({ code: 'invalid_input' });
  await expect(ledger.statement(bank, { from: 'today' }, ALL)).rejects.toMatchObject({
    code: 'invalid_input',
  });
});

test('transactions are found by what they are about, newest first', async () => {
  const payments = await open();
  const { deps, ledger } = payments;
  const [order] = await endOrders(payments, [{ priceMinor: 10_000 }]);
  await post(deps, movement(deps), movement(deps, { bookedOn: '2026-11-11' }));
  const found = await ledger.transactions({ subjectKind: 'order', subjectId: order?.orderId }, ALL);
  expect(found.data).toMatchObject([
    {
      kind: 'order',
      reverses: null,
      reversedBy: null,
      recordedBy: expect.any(String),
      postings: [
        {
          account: { code: 'customer-receivable', owner: order?.customerId },
          amountMinor: 10_000n,
        },
        { account: { code: 'revenue', owner: '' }, amountMinor: -10_000n },
        { account: { code: 'work-cost' }, amountMinor: 6_000n },
        { account: { code: 'worker-payable', owner: order?.workerId }, amountMinor: -6_000n },
      ],
    },
  ]);
  const first = await ledger.transactions({ kind: 'credit' }, { limit: 1 });
  const second = await ledger.transactions(
    { kind: 'credit' },
    { limit: 1, cursor: first.nextCursor ?? '' },
  );
  expect([...first.data, ...second.data].map((one) => one.bookedOn)).toEqual([
    '2026-11-11',
    '2026-11-10',
  ]);
  await expect(ledger.transaction('nonsense')).rejects.toMatchObject({
    code: 'transaction_not_found',
  });
});

test('a reversed order leaves balances, the next invoice and later discounts as if it had not been', async () => {
  const payments = await open();
  const { deps, ledger } = payments;
  const who = { customerId: randomUUID(), workerId: randomUUID() };
  const [big] = await endOrders(payments, [{ ...who, priceMinor: 1_000_001 }]);
  const id = await transactionOf(deps, big?.orderId ?? '');
  await expect(ledger.reverse(id, { reason: '  ' })).rejects.toMatchObject({
    code: 'invalid_input',
  });
  const rehearsed = await ledger.reverse(id, { reason: 'Entered twice', dryRun: true });
  expect(rehearsed).toMatchObject({ kind: 'reversal', reverses: id });
  expect((await ledger.transaction(id)).reversedBy).toBeNull();

  const reversal = await ledger.reverse(id, { reason: 'Entered twice' });
  expect(reversal).toMatchObject({ reverses: id, reason: 'Entered twice', bookedOn: '2026-11-23' });
  expect((await ledger.transaction(id)).reversedBy).toBe(reversal.id);
  expect(await ledger.balance({ code: 'customer-receivable', owner: who.customerId })).toBe(0n);
  expect(await ledger.balance({ code: 'worker-payable', owner: who.workerId })).toBe(0n);
  const [next] = await endOrders(payments, [{ ...who, priceMinor: 10_000 }]);
  const booking = await deps.db
    .selectFrom('payments.order_bookings')
    .selectAll()
    .where('order_id', '=', next?.orderId ?? '')
    .executeTakeFirstOrThrow();
  expect(booking).toMatchObject({ paid_before_minor: 0n, discount_percent: 0 });

  await expect(ledger.reverse(id, { reason: 'Again' })).rejects.toMatchObject({
    code: 'already_reversed',
    data: { reversedBy: reversal.id },
  });
  await expect(ledger.reverse(reversal.id, { reason: 'Undo' })).rejects.toMatchObject({
    code: 'not_reversible',
  });
  await expect(ledger.reverse(randomUUID(), { reason: 'x' })).rejects.toMatchObject({
    code: 'transaction_not_found',
  });
});

test('ten managers reverse the same order at once: one does', async () => {
  const payments = await open();
  const { deps, ledger } = payments;
  const [order] = await endOrders(payments, [{ priceMinor: 10_000 }]);
  const id = await transactionOf(deps, order?.orderId ?? '');
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, () => ledger.reverse(id, { reason: 'Entered twice' })),
  );
  expect(results.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
  for (const one of results) {
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'already_reversed' });
  }
  const { rows } = await sql<{ net_minor: bigint; orders: number }>`
    select net_minor, orders from payments.customer_totals`.execute(deps.db);
  expect(rows).toEqual([{ net_minor: 0n, orders: 0 }]);
});

test('an order on an invoice, and what was made elsewhere, is not reversed here', async () => {
  const payments = await open();
  const { deps, ledger } = payments;
  const [order] = await endOrders(payments, [{}]);
  const { orderId = '', customerId = '' } = order ?? {};
  const [runId, invoiceId] = [randomUUID(), randomUUID()];
  await sql`
    insert into payments.runs (id, kind, period, cutoff, hash, people, items, total_minor, currency,
      status, planned_at) values (${runId}, 'invoices', '2026-W48', now(), 'h', 1, 1, 12000, 'USD',
      'committed', now())`.execute(deps.db);
  await sql`
    insert into payments.invoices (id, number, customer_id, period, run_id, currency, orders,
      price_minor, discount_minor, total_minor, issued_at) values (${invoiceId}, 'INV-7',
      ${customerId}, '2026-W48', ${runId}, 'USD', 1, 12000, 0, 12000, now())`.execute(deps.db);
  await sql`update payments.order_bookings set invoice_id = ${invoiceId}`.execute(deps.db);
  await expect(
    ledger.reverse(await transactionOf(deps, orderId), { reason: 'Entered twice' }),
  ).rejects.toMatchObject({ code: 'not_reversible', message: expect.stringContaining('INV-7') });
  const charge = movement(deps, { kind: 'charge' });
  await post(deps, charge);
  await expect(ledger.reverse(charge.id, { reason: 'x' })).rejects.toMatchObject({
    code: 'not_reversible',
  });
});

test('a month is closed in its turn, read, proven, once, and for ever', async () => {
  const payments = await open();
  const { deps, ledger, clock, asOwner } = payments;
  const close = (month: string, dryRun = false) => ledger.closeMonth(month, { dryRun });
  await endOrders(payments, [
    { endedAt: new Date('2026-09-10T10:00:00Z') },
    { endedAt: new Date('2026-10-10T10:00:00Z') },
  ]);
  await expect(close('2026-13')).rejects.toMatchObject({ code: 'invalid_period' });
  await expect(close('2026-11')).rejects.toMatchObject({ code: 'month_not_over' });
  await expect(close('2026-10')).rejects.toMatchObject({ code: 'earlier_month_open' });
  await expect(close('2026-09')).rejects.toMatchObject({ code: 'proof_missing' });
  await prove(asOwner, true, new Date('2026-09-30T23:59:59Z'));
  await expect(close('2026-09')).rejects.toMatchObject({ code: 'proof_missing' });
  await prove(asOwner, false, new Date('2026-10-01T02:00:00Z'));
  await expect(close('2026-09')).rejects.toMatchObject({
    code: 'proof_missing',
    message: expect.stringContaining('red'),
  });
  await prove(asOwner, true, new Date('2026-11-01T02:00:00Z'));
  expect(await close('2026-09', true)).toEqual({ month: '2026-09', closed: false });
  expect(await ledger.closedMonths()).toEqual([]);
  expect(await close('2026-09')).toEqual({ month: '2026-09', closed: true });
  await expect(close('2026-09')).rejects.toMatchObject({ code: 'month_closed' });

  await writeEndedOrders(payments, [{ endedAt: new Date('2026-10-31T23:59:59Z') }]);
  await expect(close('2026-10')).rejects.toMatchObject({ code: 'stream_behind' });
  await endOrders(payments, []);
  expect(await close('2026-10')).toMatchObject({ closed: true });
  expect(await ledger.closedMonths()).toMatchObject([
    { month: '2026-10', closedAt: expect.any(Date) },
    { month: '2026-09' },
  ]);
  await expect(post(deps, movement(deps, { bookedOn: '2026-10-31' }))).rejects.toMatchObject({
    code: 'month_closed',
  });
  clock.moveTo(new Date('2026-12-01T00:00:00Z'));
  await expect(close('2026-11')).rejects.toMatchObject({ code: 'proof_missing' });
});

test('two who close the same month at once: one does', async () => {
  const payments = await open();
  await prove(payments.asOwner, true, new Date('2026-11-01T02:00:00Z'));
  const results = await Promise.allSettled(
    Array.from({ length: 4 }, () => payments.ledger.closeMonth('2026-10', {})),
  );
  expect(results.map((one) => one.status).sort()).toEqual([
    'fulfilled',
    'rejected',
    'rejected',
    'rejected',
  ]);
  for (const one of results) {
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'month_closed' });
  }
});

test('the same key is the same movement, and no other', async () => {
  const { deps } = await open();
  const first = movement(deps, { idempotencyKey: 'test:one' });
  await post(deps, first);
  const again = movement(deps, { idempotencyKey: 'test:one' });
  expect(await post(deps, again)).toEqual(new Map([['test:one', { id: first.id, isNew: false }]]));
  const other = movement(deps, {
    idempotencyKey: 'test:one',
    postings: [
      { code: 'bank', amountMinor: 101n },
      { code: 'revenue', amountMinor: -101n },
    ],
  });
  await expect(post(deps, other)).rejects.toMatchObject({ code: 'transaction_key_reused' });
});
