import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { consumeOrders, endOrders, writeEndedOrders } from '../bookings/testing.ts';
import { createInvoices } from './create-invoices.ts';
import { openInvoices } from './testing.ts';

const customers = (count: number) => Array.from({ length: count }, () => randomUUID()).sort();
const SUNDAY_EVENING = new Date('2026-11-29T18:05:00Z');
const NEXT_SUNDAY_EVENING = new Date('2026-12-06T18:05:00Z');

test('a week is planned, compared by its hash and committed: invoices, charges and mails', async () => {
  const payments = await openInvoices();
  const [ada = '', ben = ''] = customers(2);
  await endOrders(payments, [
    { customerId: ada, priceMinor: 10_000 },
    { customerId: ada, priceMinor: 5_000, outcome: 'failed' },
    { customerId: ben, priceMinor: 7_000, outcome: 'cancelled' },
  ]);
  payments.clock.advance(60_000);

  const plan = await payments.invoices.plan({});
  expect(plan).toMatchObject({
    period: '2026-W48',
    status: 'planned',
    people: 2,
    items: 3,
    totalMinor: 22_000n,
    earlier: [],
    leftOut: [],
  });
  expect(plan.shown.map(({ id, items, amountMinor }) => ({ id, items, amountMinor }))).toEqual([
    { id: ada, items: 2, amountMinor: 15_000n },
    { id: ben, items: 1, amountMinor: 7_000n },
  ]);
  expect(plan.gates.map(({ gate, passed }) => [gate, passed])).toEqual([
    ['stream-read', true],
    ['nothing-parked', true],
    ['proof-green', true],
    ['provider-known', true],
    ['total-usual', true],
    ['people-usual', true],
  ]);
  expect((await payments.invoices.list({}, { limit: 10 })).data).toEqual([]);
  expect((await payments.invoices.plan({})).hash).toBe(plan.hash);

  const committed = await payments.invoices.commit(plan.hash.slice(0, 8));
  expect(committed).toMatchObject({ status: 'committed', replayed: false, people: 2 });
  expect(await payments.invoices.commit(plan.hash)).toMatchObject({ replayed: true });

  const list = await payments.invoices.list({}, { limit: 1 });
  expect(list.total).toEqual({ count: 2, amountMinor: 22_000n });
  expect(list.data[0]).toMatchObject({ number: '2026-W48-000002', customerId: ben });
  const more = await payments.invoices.list({}, { limit: 1, cursor: list.nextCursor ?? '' });
  expect(more.data[0]).toMatchObject({ number: '2026-W48-000001', totalMinor: 15_000n });
  expect(more.nextCursor).toBeNull();

  const detail = await payments.invoices.get('2026-w48-000001', ada);
  expect(detail.lines.map(({ outcome, netMinor }) => [outcome, netMinor]).sort()).toEqual([
    ['completed', 10_000n],
    ['failed', 5_000n],
  ]);
  expect(detail.charges).toMatchObject([
    { generation: 1, status: 'planned', amountMinor: 15_000n, dueAt: payments.clock.now() },
  ]);
  await expect(payments.invoices.get(detail.id, ben)).rejects.toMatchObject({
    code: 'invoice_not_found',
  });
  const { rows: mails } = await sql<{ key: string; to: string }>`
    select event_key as key, recipient_id as to from mail.messages order by key`.execute(
    payments.deps.db,
  );
  expect(mails).toContainEqual({ key: `invoice-issued:${detail.id}`, to: ada });
  expect(mails).toHaveLength(2);
});

test('an order that comes in between makes the plan outdated, and nothing is done', async () => {
  const payments = await openInvoices();
  const [ada = '', ben = ''] = customers(2);
  await endOrders(payments, [{ customerId: ada, priceMinor: 10_000 }]);
  payments.clock.moveTo(SUNDAY_EVENING);
  const plan = await payments.invoices.plan({});
  await endOrders(payments, [
    { customerId: ben, priceMinor: 3_000, endedAt: new Date('2026-11-29T17:59:59Z') },
  ]);
  await expect(payments.invoices.commit(plan.hash)).rejects.toMatchObject({
    code: 'plan_outdated',
    message: expect.stringContaining(`customer ${ben}: planned nothing, now 30.00 USD`),
    data: { differing: 1, differences: [{ id: ben, plannedMinor: null, nowMinor: '3000' }] },
  });
  expect((await payments.invoices.list({}, { limit: 10 })).total.count).toBe(0);
  const again = await payments.invoices.plan({});
  expect(await payments.invoices.commit(again.hash)).toMatchObject({ people: 2 });
});

test('one cent of difference is enough, and so is another order of the same amount', async () => {
  const payments = await openInvoices();
  const [ada = ''] = customers(1);
  const [first] = await endOrders(payments, [{ customerId: ada, priceMinor: 10_000 }]);
  payments.clock.advance(60_000);
  const plan = await payments.invoices.plan({});
  const change = (cents: number) =>
    sql`update payments.order_bookings set net_minor = net_minor + ${cents},
      price_minor = price_minor + ${cents} where order_id = ${first?.orderId}`.execute(
      payments.own.db,
    );
  await change(1);
  await expect(payments.invoices.commit(plan.hash)).rejects.toMatchObject({
    code: 'plan_outdated',
    data: { differences: [{ id: ada, plannedMinor: '10000', nowMinor: '10001' }] },
  });
  await change(-1);
  await sql`update payments.order_bookings set order_id = ${randomUUID()}`.execute(payments.own.db);
  await expect(payments.invoices.commit(plan.hash)).rejects.toMatchObject({
    code: 'plan_outdated',
    message: expect.stringContaining('but of other orders'),
  });
});

test('what ends at the close or later is on the next invoice', async () => {
  const payments = await openInvoices();
  const [ada = ''] = customers(1);
  await endOrders(payments, [
    { customerId: ada, priceMinor: 1_000, endedAt: new Date('2026-11-29T17:59:59.999Z') },
    { customerId: ada, priceMinor: 2_000, endedAt: new Date('2026-11-29T18:00:00Z') },
  ]);
  payments.clock.moveTo(SUNDAY_EVENING);
  expect(await payments.invoices.issueWeek('2026-W48')).toMatchObject({ invoices: 1 });
  payments.clock.moveTo(NEXT_SUNDAY_EVENING);
  expect(await payments.invoices.issueWeek('2026-W49')).toMatchObject({ invoices: 1 });
  const { data } = await payments.invoices.list({ customerId: ada }, { limit: 10 });
  expect(data.map(({ number, totalMinor }) => [number, totalMinor])).toEqual([
    ['2026-W49-000001', 2_000n],
    ['2026-W48-000001', 1_000n],
  ]);
});

test('--only and --except correct a run; the others and the next week bring the rest', async () => {
  const payments = await openInvoices();
  const [ada = '', ben = '', cem = ''] = customers(3);
  await endOrders(
    payments,
    [ada, ben, cem].map((customerId) => ({ customerId, priceMinor: 1_000 })),
  );
  payments.clock.advance(60_000);
  const only = await payments.invoices.plan({ only: [ben] });
  expect(only).toMatchObject({ people: 1, only: [ben] });
  expect(only.leftOut).toEqual([{ reason: 'not asked for', people: 2, amountMinor: 2_000n }]);
  await payments.invoices.commit(only.hash);

  const except = await payments.invoices.plan({
    except: [{ id: ada, reason: 'asked us to wait' }],
  });
  expect(except).toMatchObject({ people: 1, totalMinor: 1_000n });
  expect(except.leftOut).toEqual([
    { reason: 'left out: asked us to wait', people: 1, amountMinor: 1_000n },
  ]);
  expect(except.shown.map(({ id, left }) => [id, left])).toEqual([
    [cem, null],
    [ada, 'left out: asked us to wait'],
  ]);
  await payments.invoices.commit(except.hash);
  const { data } = await payments.invoices.list({ period: '2026-W48' }, { limit: 10 });
  expect(data.map(({ number, customerId }) => [number, customerId])).toEqual([
    ['2026-W48-000002', cem],
    ['2026-W48-000001', ben],
  ]);

  await expect(payments.invoices.plan({ only: [randomUUID()] })).rejects.toMatchObject({
    code: 'customer_not_found',
  });
  await expect(
    payments.invoices.plan({ except: [{ id: ada, reason: ' ' }] }),
  ).rejects.toMatchObject({
    code: 'invalid_input',
  });
  await expect(payments.invoices.plan({ only: [cem] })).rejects.toMatchObject({
    code: 'nothing_to_run',
  });
});

test('a customer who is invoiced already this week waits for the next one', async () => {
  const payments = await openInvoices();
  const [ada = ''] = customers(1);
  await endOrders(payments, [{ customerId: ada, priceMinor: 1_000 }]);
  payments.clock.advance(60_000);
  await payments.invoices.commit((await payments.invoices.plan({})).hash);
  await endOrders(payments, [{ customerId: ada, priceMinor: 2_000 }]);
  payments.clock.moveTo(SUNDAY_EVENING);
  expect(await payments.invoices.issueWeek('2026-W48')).toEqual({
    outcome: 'nothing',
    hash: null,
    invoices: 0,
  });
  payments.clock.moveTo(NEXT_SUNDAY_EVENING);
  expect(await payments.invoices.issueWeek('2026-W49')).toMatchObject({ invoices: 1 });
});

test('too little to be charged is kept until there is more', async () => {
  const payments = await openInvoices({ leastCharge: () => 50n });
  const [ada = ''] = customers(1);
  await endOrders(payments, [{ customerId: ada, priceMinor: 49 }]);
  payments.clock.moveTo(SUNDAY_EVENING);
  expect(await payments.invoices.issueWeek('2026-W48')).toMatchObject({ outcome: 'nothing' });
  await endOrders(payments, [
    { customerId: ada, priceMinor: 1, endedAt: new Date('2026-11-29T17:00:00Z') },
  ]);
  expect(await payments.invoices.issueWeek('2026-W48')).toMatchObject({ invoices: 1 });
  const { data } = await payments.invoices.list({}, { limit: 10 });
  expect(data).toMatchObject([{ totalMinor: 50n, orders: 2 }]);
});

test('odd minor units that cannot be charged are booked as rounding, and back with a void', async () => {
  const payments = await openInvoices({ chargeStep: () => 10n });
  const [ada = ''] = customers(1);
  await endOrders(payments, [{ customerId: ada, priceMinor: 1_237 }]);
  payments.clock.moveTo(SUNDAY_EVENING);
  await payments.invoices.issueWeek('2026-W48');
  const detail = await payments.invoices.get('2026-W48-000001');
  expect(detail.totalMinor).toBe(1_237n);
  expect(detail.charges).toMatchObject([{ amountMinor: 1_230n }]);
  const balances = async () => {
    const { rows } = await sql<{ code: string; balance: bigint }>`
      select a.code, sum(p.amount_minor)::bigint as balance from ledger.postings p
      join ledger.accounts a on a.id = p.account_id
      where a.code in ('customer-receivable', 'rounding') group by a.code order by a.code`.execute(
      payments.deps.db,
    );
    return Object.fromEntries(rows.map((row) => [row.code, row.balance]));
  };
  expect(await balances()).toEqual({ 'customer-receivable': 1_230n, rounding: 7n });
  await payments.invoices.void(detail.number, { reason: 'wrong week' });
  expect(await balances()).toEqual({ 'customer-receivable': 1_237n, rounding: 0n });
});

test('a voided invoice makes room: its orders go onto a new one with a new number', async () => {
  const payments = await openInvoices();
  const [ada = ''] = customers(1);
  await endOrders(payments, [{ customerId: ada, priceMinor: 1_000 }]);
  payments.clock.moveTo(SUNDAY_EVENING);
  const first = await payments.invoices.plan({});
  await payments.invoices.commit(first.hash);
  const number = '2026-W48-000001';
  const rehearsed = await payments.invoices.void(number, { reason: 'a test', dryRun: true });
  expect(rehearsed.status).toBe('void');
  expect((await payments.invoices.get(number)).status).toBe('open');
  await expect(
    (async () => payments.invoices.void(number, { reason: ' ' }))(),
  ).rejects.toMatchObject({ code: 'invalid_input' });

  await payments.invoices.void(number, { reason: 'sent to the wrong customer' });
  const voided = await payments.invoices.get(number);
  expect(voided).toMatchObject({ status: 'void', lines: [], nextAttemptAt: null });
  expect(voided.charges).toMatchObject([{ status: 'cancelled' }]);

  const second = await payments.invoices.plan({});
  expect(second.hash).not.toBe(first.hash);
  expect(await payments.invoices.commit(first.hash)).toMatchObject({ replayed: true });
  expect(await payments.invoices.commit(second.hash)).toMatchObject({ replayed: false });
  const { data } = await payments.invoices.list({ status: 'open' }, { limit: 10 });
  expect(data).toMatchObject([{ number: '2026-W48-000002', totalMinor: 1_000n }]);
});

test('an invoice whose charge is under way or through cannot be voided', async () => {
  const payments = await openInvoices();
  await endOrders(payments, [{ priceMinor: 1_000 }]);
  payments.clock.moveTo(SUNDAY_EVENING);
  await payments.invoices.issueWeek('2026-W48');
  await sql`update payments.charges set status = 'sending'`.execute(payments.own.db);
  await expect(
    payments.invoices.void('2026-W48-000001', { reason: 'a test' }),
  ).rejects.toMatchObject({ code: 'invoice_not_voidable' });
  await expect(payments.invoices.void('2026-W48-000009', { reason: 'x' })).rejects.toMatchObject({
    code: 'invoice_not_found',
  });
});

test('the Sunday job stops before an unread stream, tells finance once, and waits', async () => {
  const payments = await openInvoices();
  await endOrders(payments, [{ priceMinor: 1_000 }]);
  await writeEndedOrders(payments, [{ priceMinor: 2_000 }]);
  payments.clock.moveTo(SUNDAY_EVENING);
  const stopped = await payments.invoices.issueWeek('2026-W48');
  expect(stopped).toMatchObject({ outcome: 'stopped', invoices: 0 });
  expect(await payments.invoices.issueWeek('2026-W48')).toEqual(stopped);
  const mails = async () => {
    const { rows } = await sql<{ template: string }>`
      select template from mail.messages where recipient_kind = 'finance'`.execute(
      payments.deps.db,
    );
    return rows.length;
  };
  expect(await mails()).toBe(1);
  await expect(payments.asFinance.commit(stopped.hash ?? '')).rejects.toMatchObject({
    code: 'gate_tripped',
    message: expect.stringContaining('are not read yet'),
  });

  await consumeOrders(payments);
  const later = await payments.invoices.issueWeek('2026-W48');
  expect(later.outcome).toBe('stopped');
  expect(later.hash).not.toBe(stopped.hash);
  expect(await payments.asFinance.commit(later.hash ?? '')).toMatchObject({
    status: 'committed',
    people: 2,
    despiteReason: null,
  });
  payments.clock.moveTo(NEXT_SUNDAY_EVENING);
  expect(await payments.invoices.issueWeek('2026-W49')).toMatchObject({ outcome: 'nothing' });
});

test('a red proof and parked orders stop a run, unless a manager says why not', async () => {
  const payments = await openInvoices();
  await endOrders(payments, [{ priceMinor: 1_000 }]);
  payments.clock.moveTo(SUNDAY_EVENING);
  const { deps } = payments;
  await sql`
    insert into payments.proofs (id, day, kind, green, checks, ran_at)
    values (${randomUUID()}, '2026-11-28', 'prove', false, '[]', ${deps.clock.now()})`.execute(
    deps.db,
  );
  await sql`
    insert into stream_consumers.parked_orders
      (consumer, order_id, event_id, error, attempts, parked_at, tried_at)
    values ('payments.book-orders', ${randomUUID()}, ${randomUUID()}, 'x', 1, ${deps.clock.now()},
      ${deps.clock.now()})`.execute(deps.db);
  const stopped = await payments.invoices.issueWeek('2026-W48');
  const run = await payments.invoices.run(stopped.hash ?? '');
  expect(run.gates.filter((gate) => !gate.passed).map((gate) => gate.gate)).toEqual([
    'nothing-parked',
    'proof-green',
  ]);
  expect(run.status).toBe('stopped');
  const despite = 'The parked order is a test order.';
  expect(await payments.asFinance.commit(run.hash, { despite })).toMatchObject({
    status: 'committed',
    despiteReason: despite,
  });
});

test('a total or customers far above the usual stop the job, and a manager commits silently', async () => {
  const payments = await openInvoices({}, { mostOddities: 0 });
  const [ada = ''] = customers(1);
  await endOrders(payments, [{ customerId: ada, priceMinor: 1_000 }]);
  payments.clock.moveTo(SUNDAY_EVENING);
  await payments.invoices.issueWeek('2026-W48');
  payments.clock.advance(86_400_000);
  await endOrders(payments, [{ customerId: ada, priceMinor: 5_100 }]);
  payments.clock.moveTo(NEXT_SUNDAY_EVENING);
  const stopped = await payments.invoices.issueWeek('2026-W49');
  expect(stopped.outcome).toBe('stopped');
  const run = await payments.invoices.run(stopped.hash ?? '');
  expect(run.oddities).toEqual([
    {
      id: ada,
      amountMinor: '5100',
      usualMinor: '1000',
      detail: '51.00 USD is 5.1 times the usual 10.00 USD.',
    },
  ]);
  expect(run.gates.filter((gate) => !gate.passed).map((gate) => gate.gate)).toEqual([
    'total-usual',
    'people-usual',
  ]);
  expect(await payments.asFinance.commit(run.hash)).toMatchObject({ status: 'committed' });
  const { data } = await payments.invoices.runs({}, { limit: 1 });
  expect(data).toMatchObject([{ period: '2026-W49', committedAt: payments.clock.now() }]);
});

test('ten at once issue a week once', async () => {
  const payments = await openInvoices();
  const ids = customers(20);
  await endOrders(
    payments,
    ids.flatMap((customerId) => [
      { customerId, priceMinor: 1_000 },
      { customerId, priceMinor: 2_000 },
    ]),
  );
  payments.clock.moveTo(SUNDAY_EVENING);
  const contexts = Array.from({ length: 10 }, () =>
    createInvoices({ ...payments.deps, db: payments.own.open('steward_payments_worker') }),
  );
  const results = await Promise.all(contexts.map((one) => one.issueWeek('2026-W48')));
  expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['committed']));
  expect(new Set(results.map(({ hash }) => hash)).size).toBe(1);
  const { data, total } = await payments.invoices.list({}, { limit: 100 });
  expect(total).toEqual({ count: 20, amountMinor: 60_000n });
  expect(data.map(({ number }) => number).reverse()).toEqual(
    ids.map((_, index) => `2026-W48-${String(index + 1).padStart(6, '0')}`),
  );
  expect(data.map(({ customerId }) => customerId).reverse()).toEqual(ids);
  const { rows } = await sql<{ table: string; rows: bigint }>`
    select 'charges' as table, count(*) as rows from payments.charges
    union all select 'mails', count(*) from mail.messages
    union all select 'runs', count(*) from payments.runs
    union all select 'orders', count(distinct order_id) from payments.order_bookings
      where invoice_id is not null`.execute(payments.deps.db);
  expect(Object.fromEntries(rows.map((row) => [row.table, row.rows]))).toEqual({
    charges: 20n,
    mails: 20n,
    runs: 1n,
    orders: 40n,
  });
});

test('commits of two overlapping plans at once invoice every order once', async () => {
  const payments = await openInvoices();
  const ids = customers(6);
  await endOrders(
    payments,
    ids.map((customerId) => ({ customerId, priceMinor: 1_000 })),
  );
  payments.clock.moveTo(NEXT_SUNDAY_EVENING);
  const plans = [
    await payments.invoices.plan({ period: '2026-W48' }),
    await payments.invoices.plan({ period: '2026-W49' }),
    await payments.invoices.plan({ period: '2026-W48', only: ids.slice(0, 3) }),
  ];
  const settled = await Promise.allSettled(plans.map(({ hash }) => payments.invoices.commit(hash)));
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const one of settled) {
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'plan_outdated' });
  }
  const { total } = await payments.invoices.list({}, { limit: 1 });
  const done = plans[settled.findIndex(({ status }) => status === 'fulfilled')];
  expect(total).toEqual({ count: done?.people, amountMinor: done?.totalMinor });
});
