import { sql } from 'kysely';
import { businessDay } from '../../../../platform/business-time.ts';
import type { Executor, Transaction } from '../../../../platform/postgres/database.ts';
import type { Cursor, StreamTables } from '../../../../stream/index.ts';
import {
  type BookingRules,
  bookOrder,
  type OrderOutcome,
  rulesVersion,
} from '../../bookings/book-order.ts';
import { BOOK_ORDERS } from '../../bookings/book-orders-consumer.ts';
import type { AllTables } from '../../dependencies.ts';
import type { ProofCheck } from '../../payments.ts';
import { MOST_VIOLATIONS } from './examine.ts';

/** Orders compared at once: constant memory, whatever the length of the stream. */
const PAGE_ORDERS = 1_000;
const NOWHERE: Cursor = { xid: '0', position: 0n };

const OUTCOMES: Readonly<Record<string, OrderOutcome>> = {
  'order.completed': 'completed',
  'order.cancelled': 'cancelled',
  'order.failed': 'failed',
};

/** An order's end as the stream has it. */
interface EndedOrder extends Cursor {
  event_id: string;
  order_id: string;
  type: string;
  ended_at: Date;
  customer_id: string;
  worker_id: string;
  price_minor: bigint;
  currency: string;
}

interface BookedOrder {
  order_id: string;
  event_id: string | null;
  outcome: OrderOutcome;
  ended_at: Date;
  ended_on: string;
  booked_on: string;
  customer_id: string;
  worker_id: string;
  currency: string;
  price_minor: bigint;
  paid_before_minor: bigint;
  discount_percent: number;
  discount_minor: bigint;
  net_minor: bigint;
  pay_minor: bigint;
  penalty_minor: bigint;
  rules_version: string;
  waits: boolean;
  skipped: boolean;
}

interface OrdersCheck extends ProofCheck {
  /** Up to where everything is compared; the next proof goes on from here. */
  reached: Cursor;
}

/**
 * Every ended order of the stream, up to where the consumer has read, is booked once with what its
 * rules say; those that are parked or were skipped are left out, see {@link nameLeftOut}. Orders
 * booked that the stream does not know are looked for too.
 * @param from the place that the last green proof reached
 * @param bookedFrom orders booked for this day or later are looked up in the stream; null: all
 */
export async function checkOrdersBooked(
  tx: Transaction<AllTables>,
  stream: Executor<StreamTables>,
  options: { from: Cursor | null; bookedFrom: string | null; signal?: AbortSignal },
): Promise<OrdersCheck> {
  const rules = await readRules(tx);
  const to = await readCursor(tx);
  let place = await trustedPlace(stream, options.from);
  let reached: Cursor | null = null;
  let checked = 0;
  const violations: string[] = [];
  for (;;) {
    options.signal?.throwIfAborted();
    const ended = await readEnded(stream, place, to);
    const booked = await readBooked(tx, ended);
    for (const order of ended) {
      const found = booked.get(order.order_id);
      // A parked one is looked at again by the next proof: it goes on from before it.
      if (found?.waits) reached ??= place;
      else violations.push(...compareOrder(order, found, rules));
      place = { xid: order.xid, position: order.position };
    }
    checked += ended.length;
    if (ended.length < PAGE_ORDERS) break;
  }
  violations.push(...(await findUnknown(tx, stream, options)));
  return {
    name: 'orders-booked',
    passed: violations.length === 0,
    checked,
    violations: violations.slice(0, MOST_VIOLATIONS),
    reached: reached ?? place,
  };
}

/** Orders that are not booked with somebody's knowledge: no fault, but to be seen. */
export async function nameLeftOut(tx: Transaction<AllTables>): Promise<ProofCheck> {
  const { rows } = await sql<{ order_id: string; error: string | null; reason: string | null }>`
    select order_id, error, null as reason from stream_consumers.parked_orders
    where consumer = ${BOOK_ORDERS}
    union all
    select order_id, null, reason from stream_consumers.skipped_events s
    where consumer = ${BOOK_ORDERS} and not exists (
      select from payments.order_bookings b where b.order_id = s.order_id)
    order by order_id`.execute(tx);
  const named = rows.map(({ order_id: id, error, reason }) =>
    error === null
      ? `Order ${id} was skipped and is not booked: ${reason}`
      : `Order ${id} is parked and not booked yet: ${error}`,
  );
  return {
    name: 'orders-left-out',
    passed: true,
    checked: rows.length,
    violations: named.slice(0, MOST_VIOLATIONS),
  };
}

async function readRules(tx: Transaction<AllTables>): Promise<Map<string, BookingRules>> {
  const rows = await tx.selectFrom('payments.rule_versions').select(['version', 'rules']).execute();
  return new Map(rows.map((row) => [row.version, row.rules as BookingRules]));
}

async function readCursor(tx: Transaction<AllTables>): Promise<Cursor> {
  const { rows } = await sql<Cursor>`
    select xid::text as xid, position from stream_consumers.cursors
    where consumer = ${BOOK_ORDERS}`.execute(tx);
  return rows[0] ?? NOWHERE;
}

/** A log restored from a copy has other transaction ids: then everything is compared anew. */
async function trustedPlace(stream: Executor<StreamTables>, from: Cursor | null): Promise<Cursor> {
  if (from === null) return NOWHERE;
  const { rows } = await sql`
    select from stream.order_events
    where xid = ${from.xid}::xid8 and position = ${from.position}::bigint`.execute(stream);
  return rows.length > 0 ? from : NOWHERE;
}

async function readEnded(
  stream: Executor<StreamTables>,
  place: Cursor,
  to: Cursor,
): Promise<EndedOrder[]> {
  const { rows } = await sql<EndedOrder>`
    select e.xid::text as xid, e.position, e.event_id, e.order_id, e.type,
      coalesce((e.snapshot ->> 'endedAt')::timestamptz, e.occurred_at) as ended_at,
      e.snapshot -> 'customer' ->> 'id' as customer_id,
      e.snapshot -> 'worker' ->> 'id' as worker_id,
      (e.snapshot -> 'price' ->> 'amount')::bigint as price_minor,
      e.snapshot -> 'price' ->> 'currency' as currency
    from stream.order_events e
    where (e.xid, e.position) > (${place.xid}::xid8, ${place.position}::bigint)
      and (e.xid, e.position) <= (${to.xid}::xid8, ${to.position}::bigint)
      and e.type = any(${Object.keys(OUTCOMES)}::text[])
    order by e.xid, e.position limit ${PAGE_ORDERS}`.execute(stream);
  return rows;
}

async function readBooked(
  tx: Transaction<AllTables>,
  ended: readonly EndedOrder[],
): Promise<Map<string, BookedOrder>> {
  const { rows } = await sql<BookedOrder>`
    select w.order_id, b.event_id, b.outcome, b.ended_at, b.ended_on, b.booked_on, b.customer_id,
      b.worker_id, b.currency, b.price_minor, b.paid_before_minor, b.discount_percent,
      b.discount_minor, b.net_minor, b.pay_minor, b.penalty_minor, b.rules_version,
      b.order_id is null and exists (select from stream_consumers.parked_events p
        where p.consumer = ${BOOK_ORDERS} and p.event_id = w.event_id) as waits,
      exists (select from stream_consumers.skipped_events s
        where s.consumer = ${BOOK_ORDERS} and s.event_id = w.event_id) as skipped
    from unnest(${ended.map((order) => order.order_id)}::uuid[],
      ${ended.map((order) => order.event_id)}::uuid[]) as w (order_id, event_id)
    left join payments.order_bookings b on b.order_id = w.order_id`.execute(tx);
  return new Map(rows.map((row) => [row.order_id, row]));
}

function compareOrder(
  order: EndedOrder,
  found: BookedOrder | undefined,
  rules: ReadonlyMap<string, BookingRules>,
): string[] {
  const id = order.order_id;
  if (!found || found.event_id === null) {
    if (found?.skipped) return [];
    return [`Order ${id} ended at ${order.ended_at.toISOString()}, but is not booked.`];
  }
  const version = rules.get(found.rules_version);
  if (!version || rulesVersion(version) !== found.rules_version) {
    return [
      `Order ${id} is booked by the rules ${found.rules_version}, which are not kept or were changed.`,
    ];
  }
  const outcome = OUTCOMES[order.type] ?? 'failed';
  const priceMinor = order.price_minor;
  const should = {
    event: order.event_id,
    outcome,
    'time of ending': order.ended_at.toISOString(),
    day: businessDay(order.ended_at, version.timeZone),
    customer: order.customer_id,
    worker: order.worker_id,
    currency: order.currency,
    ...bookOrder(version, { priceMinor, outcome }, found.paid_before_minor),
  };
  const is: Record<keyof typeof should, unknown> = {
    event: found.event_id,
    outcome: found.outcome,
    'time of ending': found.ended_at.toISOString(),
    day: found.ended_on,
    customer: found.customer_id,
    worker: found.worker_id,
    currency: found.currency,
    priceMinor: found.price_minor,
    discountPercent: found.discount_percent,
    discountMinor: found.discount_minor,
    netMinor: found.net_minor,
    payMinor: found.pay_minor,
    penaltyMinor: found.penalty_minor,
  };
  const differing = (Object.keys(should) as (keyof typeof should)[]).filter(
    (name) => is[name] !== should[name],
  );
  return differing.map(
    (name) =>
      `Order ${id} is booked with ${WORDS[name] ?? name} ${is[name]}; by the stream and the rules ${found.rules_version} it is ${should[name]}.`,
  );
}

const WORDS: Readonly<Record<string, string>> = {
  priceMinor: 'a price in minor units of',
  discountPercent: 'a discount in percent of',
  discountMinor: 'a discount in minor units of',
  netMinor: 'a net amount in minor units of',
  payMinor: 'a share of the worker in minor units of',
  penaltyMinor: 'a penalty in minor units of',
};

/** Bookings for whose orders the stream has no end; read in one go, a page in memory at a time. */
async function findUnknown(
  tx: Transaction<AllTables>,
  stream: Executor<StreamTables>,
  options: { bookedFrom: string | null; signal?: AbortSignal },
): Promise<string[]> {
  const violations: string[] = [];
  const since = sql.lit(options.bookedFrom ?? '-infinity');
  await sql`
    declare booked no scroll cursor for
    select order_id from payments.order_bookings
    where booked_on >= ${since}::date and reversed_by is null`.execute(tx);
  for (;;) {
    options.signal?.throwIfAborted();
    const { rows } = await sql<{ order_id: string }>`
      fetch ${sql.lit(PAGE_ORDERS)} from booked`.execute(tx);
    if (rows.length === 0) break;
    const { rows: unknown } = await sql<{ id: string }>`
      select w.id from unnest(${rows.map((row) => row.order_id)}::uuid[]) as w (id)
      where not exists (select from stream.order_events e
        where e.order_id = w.id and e.type = any(${Object.keys(OUTCOMES)}::text[]))`.execute(
      stream,
    );
    violations.push(
      ...unknown.map(({ id }) => `Order ${id} is booked, but has not ended in the order stream.`),
    );
  }
  await sql`close booked`.execute(tx);
  return violations.sort();
}
