import { sql } from 'kysely';
import { businessDay } from '../../../platform/business-time.ts';
import { conflict } from '../../../platform/errors.ts';
import type { Transaction } from '../../../platform/postgres/database.ts';
import { type Consumer, defineConsumer, type OrderEvent } from '../../../stream/index.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import { firstOpenDay, type Posted, postTransactions } from '../ledger/post-transactions.ts';
import type { PaymentsTables } from '../tables.ts';
import {
  type BookingRules,
  bookingRules,
  bookOrder,
  type OrderAmounts,
  type OrderOutcome,
  orderPostings,
  rulesVersion,
} from './book-order.ts';
import { rememberPeople } from './remember-people.ts';

/** Of the books of the order stream in payments' database. */
export const BOOK_ORDERS = 'payments.book-orders';

/** A batch costs a dozen statements, whatever is in it; beyond this a larger one gains nothing. */
const BATCH_SIZE = 1_000;

const OUTCOMES = new Map<string, OrderOutcome>([
  ['order.completed', 'completed'],
  ['order.cancelled', 'cancelled'],
  ['order.failed', 'failed'],
]);

type BookingDependencies = Pick<PaymentsDependencies, 'ids' | 'rules' | 'timeZone' | 'currency'>;

/** An order that is booked now. */
interface Booking extends OrderAmounts {
  event: OrderEvent;
  outcome: OrderOutcome;
  endedAt: Date;
  endedOn: string;
  bookedOn: string;
  paidBeforeMinor: bigint;
}

/**
 * Books each ended order of the stream once, and remembers whose tokens
 * customers and workers have. What a customer's orders came to decides the discounts of the next
 * ones, so orders are booked in the order of the stream; an order that is reversed counts no more
 * for those that are booked after the reversal.
 */
export function bookOrdersConsumer(deps: BookingDependencies): Consumer {
  const rules = bookingRules(deps.rules, deps.currency, deps.timeZone);
  return defineConsumer<PaymentsTables>({
    name: BOOK_ORDERS,
    batchSize: BATCH_SIZE,
    replay: 'repeat',
    apply: async (tx, events, context) => {
      // Supplies, starts and stars tell nothing new about who is who.
      const telling = events.filter(
        (event) => event.type === 'order.assigned' || OUTCOMES.has(event.type),
      );
      await rememberPeople(tx, telling, context.readPersonal);
      const ended = events.filter((event) => OUTCOMES.has(event.type));
      if (ended.length > 0) await bookEnded(deps, rules, tx, ended, context.now);
    },
  });
}

async function bookEnded(
  deps: BookingDependencies,
  rules: BookingRules,
  tx: Transaction<PaymentsTables>,
  ended: readonly OrderEvent[],
  now: Date,
): Promise<void> {
  const totals = await lockTotals(tx, ended);
  const booked = await readBooked(tx, ended);
  const fresh = ended.filter((event) => !booked.has(event.orderId));
  if (fresh.length === 0) return;
  const openFrom = await firstOpenDay(tx);
  const bookings: Booking[] = [];
  for (const event of fresh) {
    const customerId = event.snapshot.customer.id;
    const paidBeforeMinor = totals.get(customerId) ?? 0n;
    const booking = prepare(rules, event, paidBeforeMinor, openFrom);
    totals.set(customerId, paidBeforeMinor + booking.netMinor);
    bookings.push(booking);
  }
  const version = rulesVersion(rules);
  await sql`
    insert into payments.rule_versions (version, rules, first_used_at)
    select ${version}, ${JSON.stringify(rules)}::jsonb, ${now}::timestamptz
    where not exists (select from payments.rule_versions where version = ${version})
    on conflict do nothing`.execute(tx);
  const posted = await postTransactions(
    tx,
    deps.currency,
    bookings.map((booking) => toTransaction(deps, booking, version)),
  );
  await insertBookings(tx, bookings, posted, rules.currency, version);
  await addToTotals(tx, bookings);
}

/** Decides what the order comes to and for which day it counts. */
function prepare(
  rules: BookingRules,
  event: OrderEvent,
  paidBeforeMinor: bigint,
  openFrom: string | null,
): Booking {
  const { price, endedAt } = event.snapshot;
  if (price.currency !== rules.currency) {
    throw conflict(
      'wrong_currency',
      `Order ${event.orderId} has a price in ${price.currency}, but the books are kept in ${rules.currency}.`,
      { orderId: event.orderId },
    );
  }
  const outcome = OUTCOMES.get(event.type) ?? 'failed';
  const ended = endedAt === null ? event.occurredAt : new Date(endedAt);
  const endedOn = businessDay(ended, rules.timeZone);
  const amounts = bookOrder(rules, { priceMinor: BigInt(price.amount), outcome }, paidBeforeMinor);
  return {
    ...amounts,
    event,
    outcome,
    endedAt: ended,
    endedOn,
    bookedOn: openFrom !== null && endedOn < openFrom ? openFrom : endedOn,
    paidBeforeMinor,
  };
}

function toTransaction(deps: BookingDependencies, booking: Booking, version: string) {
  const { snapshot, orderId } = booking.event;
  return {
    id: deps.ids.next(),
    idempotencyKey: orderKey(orderId),
    kind: 'order',
    bookedOn: booking.bookedOn,
    occurredAt: booking.endedAt,
    subjectKind: 'order',
    subjectId: orderId,
    rulesVersion: version,
    postings: orderPostings(snapshot.customer.id, snapshot.worker.id, booking),
  };
}

const orderKey = (orderId: string) => `order:${orderId}`;

/**
 * What these customers' orders came to so far. The rows stay locked, in one order, so that nobody
 * books or reverses an order of these customers meanwhile.
 */
async function lockTotals(
  tx: Transaction<PaymentsTables>,
  events: readonly OrderEvent[],
): Promise<Map<string, bigint>> {
  const customers = [...new Set(events.map((event) => event.snapshot.customer.id))].sort();
  const lock = async () => {
    const { rows } = await sql<{ customer_id: string; net_minor: bigint }>`
      select customer_id, net_minor from payments.customer_totals
      where customer_id = any(${customers}::uuid[]) order by customer_id for update`.execute(tx);
    return new Map(rows.map((row) => [row.customer_id, row.net_minor]));
  };
  const known = await lock();
  if (known.size === customers.length) return known;
  await sql`
    insert into payments.customer_totals (customer_id, net_minor, orders)
    select id, 0, 0 from unnest(${customers.filter((id) => !known.has(id))}::uuid[]) as id
    on conflict do nothing`.execute(tx);
  return lock();
}

/** Orders that are booked already: a replay brings them again. */
async function readBooked(
  tx: Transaction<PaymentsTables>,
  events: readonly OrderEvent[],
): Promise<Set<string>> {
  const { rows } = await sql<{ order_id: string }>`
    select order_id from payments.order_bookings
    where order_id = any(${events.map((event) => event.orderId)}::uuid[])`.execute(tx);
  return new Set(rows.map((row) => row.order_id));
}

async function insertBookings(
  tx: Transaction<PaymentsTables>,
  bookings: readonly Booking[],
  posted: ReadonlyMap<string, Posted>,
  currency: string,
  version: string,
): Promise<void> {
  const all = <T>(of: (booking: Booking) => T) => bookings.map(of);
  await sql`
    insert into payments.order_bookings (order_id, event_id, transaction_id, customer_id, worker_id,
      service_code, service_name, outcome, end_kind, ended_at, ended_on, booked_on, currency,
      price_minor, paid_before_minor, discount_percent, discount_minor, net_minor, pay_minor,
      penalty_minor, rules_version)
    select order_id, event_id, transaction_id, customer_id, worker_id, service_code, service_name,
      outcome, end_kind, ended_at, ended_on, booked_on, ${currency}, price, paid_before, percent,
      discount, price - discount, pay, penalty, ${version}
    from unnest(${all(({ event }) => event.orderId)}::uuid[],
      ${all(({ event }) => event.eventId)}::uuid[],
      ${all(({ event }) => posted.get(orderKey(event.orderId))?.id ?? null)}::uuid[],
      ${all(({ event }) => event.snapshot.customer.id)}::uuid[],
      ${all(({ event }) => event.snapshot.worker.id)}::uuid[],
      ${all(({ event }) => event.snapshot.service.code)}::text[],
      ${all(({ event }) => event.snapshot.service.name)}::text[],
      ${all(({ outcome }) => outcome)}::text[],
      ${all(({ event, outcome }) => event.snapshot.endKind ?? outcome)}::text[],
      ${all(({ endedAt }) => endedAt)}::timestamptz[], ${all(({ endedOn }) => endedOn)}::date[],
      ${all(({ bookedOn }) => bookedOn)}::date[],
      ${all(({ priceMinor }) => priceMinor)}::bigint[],
      ${all(({ paidBeforeMinor }) => paidBeforeMinor)}::bigint[],
      ${all((booking) => booking.discountPercent)}::int[],
      ${all(({ discountMinor }) => discountMinor)}::bigint[],
      ${all(({ payMinor }) => payMinor)}::bigint[],
      ${all(({ penaltyMinor }) => penaltyMinor)}::bigint[])
      as b (order_id, event_id, transaction_id, customer_id, worker_id, service_code, service_name,
        outcome, end_kind, ended_at, ended_on, booked_on, price, paid_before, percent, discount,
        pay, penalty)`.execute(tx);
}

async function addToTotals(
  tx: Transaction<PaymentsTables>,
  bookings: readonly Booking[],
): Promise<void> {
  await sql`
    update payments.customer_totals t
    set net_minor = t.net_minor + a.net_minor, orders = t.orders + a.orders
    from (select customer_id, sum(net)::bigint as net_minor, count(*)::int as orders
      from unnest(${bookings.map(({ event }) => event.snapshot.customer.id)}::uuid[],
        ${bookings.map(({ netMinor }) => netMinor)}::bigint[]) as b (customer_id, net)
      group by customer_id) a
    where t.customer_id = a.customer_id`.execute(tx);
}
