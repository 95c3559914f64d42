import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { erasePersonal } from '../../../stream/index.ts';
import { buildWorker, writePersonal } from '../../../stream/testing.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import { identify, subjectKey } from '../people/identify.ts';
import type { PaymentProvider } from '../provider/provider.ts';
import { openTestPayments } from '../testing.ts';
import { BOOK_ORDERS, bookOrdersConsumer } from './book-orders-consumer.ts';
import {
  consumeOrders,
  createBookingStream,
  type EndedOrderSpec,
  endOrders,
  testSubject,
  writeEndedOrders,
} from './testing.ts';

/** Bookings never talk to the provider. */
const NO_PROVIDER = {} as PaymentProvider;
const open = (change?: Partial<PaymentsDependencies>) => openTestPayments(NO_PROVIDER, change);

const bookingOf = async (deps: PaymentsDependencies, orderId: string) =>
  deps.db
    .selectFrom('payments.order_bookings')
    .selectAll()
    .where('order_id', '=', orderId)
    .executeTakeFirstOrThrow();

/** The ledger as anybody would recognise it: everything but ids and times of recording. */
async function readLedger(deps: PaymentsDependencies) {
  const { rows: lines } = await sql`
    select t.idempotency_key, t.kind, t.booked_on, t.occurred_at, t.rules_version, t.recorded_by,
      p.line, a.code, a.owner, p.amount_minor, p.currency, p.booked_on as posted_on
    from ledger.transactions t join ledger.postings p on p.transaction_id = t.id
    join ledger.accounts a on a.id = p.account_id order by 1, p.line`.execute(deps.db);
  const { rows: days } = await sql`
    select a.code, a.owner, d.day, d.debit_minor, d.credit_minor, d.postings
    from ledger.account_days d join ledger.accounts a on a.id = d.account_id
    order by 1, 2, 3`.execute(deps.db);
  const { rows: bookings } = await sql`
    select b.order_id, b.event_id, b.customer_id, b.worker_id, b.outcome, b.end_kind, b.ended_at,
      b.ended_on, b.booked_on, b.price_minor, b.paid_before_minor, b.discount_percent,
      b.net_minor, b.pay_minor, b.penalty_minor, b.rules_version, b.transaction_id is null as nothing
    from payments.order_bookings b order by 1`.execute(deps.db);
  const { rows: totals } = await sql`
    select * from payments.customer_totals order by 1`.execute(deps.db);
  const { rows: people } = await sql`select * from payments.people order by 1, 2`.execute(deps.db);
  return { lines, days, bookings, totals, people };
}

test('ended orders are booked with what customer and worker get, and by which rules', async () => {
  const payments = await open();
  const customerId = randomUUID();
  const workerId = randomUUID();
  const who = { customerId, workerId };
  const [first, second, third, free] = await endOrders(payments, [
    { ...who, priceMinor: 1_000_001 },
    { ...who, priceMinor: 990, outcome: 'failed', endKind: 'no-show' },
    { ...who, priceMinor: 1_010, outcome: 'cancelled' },
    { ...who, priceMinor: 0, outcome: 'cancelled' },
  ]);
  const { deps } = payments;
  expect(await bookingOf(deps, first?.orderId ?? '')).toMatchObject({
    outcome: 'completed',
    paid_before_minor: 0n,
    discount_percent: 0,
    net_minor: 1_000_001n,
    pay_minor: 600_001n,
    booked_on: '2026-11-23',
  });
  // 49.5 and 50.5 cents off: half a cent goes away from zero.
  expect(await bookingOf(deps, second?.orderId ?? '')).toMatchObject({
    outcome: 'failed',
    end_kind: 'no-show',
    paid_before_minor: 1_000_001n,
    discount_percent: 5,
    discount_minor: 50n,
    penalty_minor: 4_000n,
  });
  expect(await bookingOf(deps, third?.orderId ?? '')).toMatchObject({
    paid_before_minor: 1_000_941n,
    discount_minor: 51n,
    pay_minor: 0n,
    penalty_minor: 0n,
  });
  expect(await bookingOf(deps, free?.orderId ?? '')).toMatchObject({ transaction_id: null });
  const { lines } = await readLedger(deps);
  const failed = lines.filter((line) =>
    expect.objectContaining({ idempotency_key: `order:${second?.orderId}` }).asymmetricMatch(line),
  );
  expect(failed).toMatchObject([
    { code: 'customer-receivable', owner: customerId, amount_minor: 940n },
    { code: 'discounts', owner: '', amount_minor: 50n },
    { code: 'revenue', owner: '', amount_minor: -990n },
    { code: 'worker-payable', owner: workerId, amount_minor: 4_000n },
    { code: 'penalties', owner: '', amount_minor: -4_000n },
  ]);
  const { rows } = await sql<{ version: string; rules: object }>`
    select * from payments.rule_versions`.execute(deps.db);
  expect(rows).toMatchObject([{ rules: { workerSharePercent: 60, currency: 'USD' } }]);
  expect(await bookingOf(deps, first?.orderId ?? '')).toMatchObject({
    rules_version: rows[0]?.version,
  });
});

test('a replay books nothing twice, and changes no discount', async () => {
  const payments = await open();
  await endOrders(payments, [{ priceMinor: 2_000_000 }, {}, { outcome: 'failed' }]);
  const before = await readLedger(payments.deps);
  const stream = createBookingStream(payments);
  await stream.replay(BOOK_ORDERS, { from: { position: 1n }, by: 'test' });
  expect(await stream.consume(BOOK_ORDERS)).toMatchObject({ applied: 10, parked: 0 });
  expect(await readLedger(payments.deps)).toEqual(before);
});

test('however the stream is cut into batches, and in an empty database again, the ledger is the same', async () => {
  const source = await open();
  const customers = Array.from({ length: 4 }, () => randomUUID());
  const workers = Array.from({ length: 3 }, () => randomUUID());
  const spec = fc.record({
    customerId: fc.constantFrom(...customers),
    workerId: fc.constantFrom(...workers),
    priceMinor: fc.oneof(fc.nat(1_000), fc.nat(2_000_000)),
    outcome: fc.constantFrom('completed' as const, 'cancelled' as const, 'failed' as const),
    endedAt: fc.date({
      min: new Date('2026-10-20T00:00:00Z'),
      max: new Date('2026-11-20T00:00:00Z'),
      noInvalidDate: true,
    }),
  });
  const specs: EndedOrderSpec[] = fc.sample(spec, 60);
  await endOrders(source, specs);
  const expected = await readLedger(source.deps);
  expect(expected.bookings).toHaveLength(60);
  for (const batchSize of [1, ...fc.sample(fc.integer({ min: 2, max: 90 }), 4)]) {
    const fresh = await open();
    const target = { deps: { ...fresh.deps, stream: source.deps.stream }, main: source.main };
    const consumer = { ...bookOrdersConsumer(target.deps), batchSize };
    await createBookingStream(target, consumer).consume(BOOK_ORDERS);
    expect(await readLedger(target.deps)).toEqual(expected);
  }
});

test('an order whose month is closed already counts for the first open day', async () => {
  const payments = await open();
  await sql`insert into ledger.closed_months (month) values ('2026-10-01')`.execute(
    payments.asFinance.db,
  );
  const [late, right] = await endOrders(payments, [
    { endedAt: new Date('2026-10-31T23:59:00Z') },
    { endedAt: new Date('2026-11-05T10:00:00Z') },
  ]);
  expect(await bookingOf(payments.deps, late?.orderId ?? '')).toMatchObject({
    ended_on: '2026-10-31',
    booked_on: '2026-11-01',
  });
  expect(await bookingOf(payments.deps, right?.orderId ?? '')).toMatchObject({
    booked_on: '2026-11-05',
  });
});

test.each([
  ['Europe/Riga', '2026-10-24T20:59:59Z', '2026-10-24'],
  ['Europe/Riga', '2026-10-24T21:00:00Z', '2026-10-25'],
  ['Europe/Riga', '2026-10-25T21:59:59Z', '2026-10-25'],
  ['America/New_York', '2026-11-01T03:59:59Z', '2026-10-31'],
  ['America/New_York', '2026-11-02T04:59:59Z', '2026-11-01'],
  ['Pacific/Auckland', '2026-10-31T11:00:00Z', '2026-11-01'],
])('in %s an order that ended at %s counts for %s', async (timeZone, endedAt, day) => {
  const payments = await open({ timeZone });
  const [order] = await endOrders(payments, [{ endedAt: new Date(endedAt) }]);
  expect(await bookingOf(payments.deps, order?.orderId ?? '')).toMatchObject({
    ended_on: day,
    booked_on: day,
  });
});

test('an order in another currency is parked, and the others are booked', async () => {
  const payments = await open();
  await writeEndedOrders(payments, [{}, { currency: 'EUR' }, {}]);
  const stream = createBookingStream(payments);
  expect(await stream.consume(BOOK_ORDERS)).toMatchObject({ parked: 1 });
  const parked = await stream.parked({ limit: 10 });
  expect(parked.data).toMatchObject([{ error: expect.stringContaining('price in EUR') }]);
  expect((await readLedger(payments.deps)).bookings).toHaveLength(2);
});

test('a token finds its customer or worker from the first order on, and nobody else', async () => {
  const payments = await open();
  const [order] = await endOrders(payments, [{}]);
  const { customerId = '', workerId = '' } = order ?? {};
  const find = (kind: 'customer' | 'worker', subject: string) =>
    identify(payments.asApi, { kind, subject });
  expect(await find('customer', testSubject(customerId))).toMatchObject({ id: customerId });
  expect(await find('worker', testSubject(workerId))).toMatchObject({ id: workerId });
  expect(await find('worker', testSubject(customerId))).toMatchObject({ id: null });
});

test('a customer who gave a payment method before the first order is found with it', async () => {
  const payments = await open();
  const customerId = randomUUID();
  const key = subjectKey('customer', testSubject(customerId));
  await payments.asApi.db
    .insertInto('payments.people')
    .values({ kind: 'customer', subject_key: key, person_id: null })
    .execute();
  await endOrders(payments, [{ customerId }]);
  expect(
    await identify(payments.deps, { kind: 'customer', subject: testSubject(customerId) }),
  ).toEqual({ kind: 'customer', subjectKey: key, id: customerId });
});

test('workers who change their tokens, even with each other, are found by the new ones', async () => {
  const payments = await open();
  const [anna = '', boris = ''] = [randomUUID(), randomUUID()];
  const known = async (subject: string) =>
    (await identify(payments.deps, { kind: 'worker', subject })).id;
  await endOrders(payments, [{ workerId: anna }, { workerId: boris }]);
  const rename = (id: string, subject: string) =>
    writePersonal(payments.main.db, 'worker', id, buildWorker({ subject }));
  const again = async () => {
    const stream = createBookingStream(payments);
    await stream.replay(BOOK_ORDERS, { from: { position: 1n }, by: 'test' });
    await consumeOrders(payments);
  };
  await rename(anna, testSubject(boris));
  await rename(boris, testSubject(anna));
  await again();
  expect(await known(testSubject(boris))).toBe(anna);
  expect(await known(testSubject(anna))).toBe(boris);
  await rename(anna, 'token|new');
  await again();
  expect(await known('token|new')).toBe(anna);
  expect(await known(testSubject(boris))).toBeNull();
});

test('orders of people who are erased or unknown are booked all the same', async () => {
  const payments = await open();
  const [order] = await writeEndedOrders(payments, [{}]);
  const { customerId = '', workerId = '', orderId = '' } = order ?? {};
  await payments.main.db
    .transaction()
    .execute((tx) => erasePersonal(tx, customerId, payments.clock.now()));
  await sql`delete from stream.personal where subject_id = ${workerId}`.execute(payments.main.db);
  await consumeOrders(payments);
  expect(await bookingOf(payments.deps, orderId)).toMatchObject({ customer_id: customerId });
  expect((await readLedger(payments.deps)).people).toEqual([]);
});
