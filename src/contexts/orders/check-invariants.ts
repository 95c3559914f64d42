import { type RawBuilder, sql } from 'kysely';
import type { MailTables } from '../../platform/mail/index.ts';
import type { Database, Executor } from '../../platform/postgres/database.ts';
import { type ConsumerTables, EVENT_TYPES } from '../../stream/index.ts';
import { mailsFor } from './mails/order-mails-consumer.ts';
import { isLegalWay, type OrderStatus } from './order.ts';
import type { OrdersTables } from './tables.ts';

/** What must hold of stored orders at every moment, each as a sentence. */
const INVARIANTS = {
  noOverlap: 'No worker holds two orders whose times overlap (R-03).',
  eachEventOnce: 'Each event is there once, and the versions of an order have no gap.',
  eventPerChange: 'Each order has an event for its every version, each event its order.',
  rowsMatchEvents: 'Each order is stored as its last event says.',
  legalWays: 'Each order came to its state by a legal way (R-04).',
  suppliesFirst: 'Work begins after supplies are issued, and ends with both photos (R-06, R-07).',
  pricesKept: 'The price of an order never changes, and its lines add up to it (R-02).',
  copiesOfFailed: 'Whatever is booked again had failed, and stays with its customer (R-08).',
  countersMatch: "A worker's completed orders and stars are those of the orders (R-09).",
  mailsOncePerEvent: 'Each event has its mails, one for each recipient, and no others (R-80).',
  cookieOncePerOrder: 'Each order has one fortune cookie (R-05).',
} as const;

export type InvariantName = keyof typeof INVARIANTS;

/** What became of checking one invariant. */
export interface InvariantCheck {
  name: InvariantName;
  /** What must hold, as a sentence. */
  rule: string;
  holds: boolean;
  /** Orders, events or mails that were looked at. */
  checked: number;
  /** What does not hold: sentences with ids, the first 20. */
  violations: string[];
}

/** Whoever has more of them needs the first ones to find the cause. */
const MAX_VIOLATIONS = 20;

type Tables = OrdersTables & MailTables & ConsumerTables;
type Read = Executor<Tables>;

/**
 * Checks, on all orders, events and their effects, what the code and the schema are meant to keep.
 * Changes nothing; all checks see one moment, so orders may go on meanwhile. What the consumers
 * of the stream have not read yet is no violation. Reads every row: seconds per million orders.
 * @throws StewardError `database_unavailable`
 */
export async function checkInvariants(db: Database<Tables>): Promise<InvariantCheck[]> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      // The limit of a pool is made for requests, not for reading everything.
      await sql`set local statement_timeout = 0`.execute(tx);
      const count = await countRows(tx);
      const check = async (name: InvariantName, checked: number, found: Promise<string[]>) => {
        const violations = (await found).slice(0, MAX_VIOLATIONS);
        const holds = violations.length === 0;
        return { name, rule: INVARIANTS[name], holds, checked, violations };
      };
      // One after another: they share the connection of the transaction.
      return [
        await check('noOverlap', count.orders, sentences(tx, overlaps)),
        await check('eachEventOnce', count.events, sentences(tx, repeatedEvents)),
        await check('eventPerChange', count.orders, sentences(tx, missingEvents)),
        await check('rowsMatchEvents', count.orders, sentences(tx, strayedRows)),
        await check('legalWays', count.orders, findIllegalWays(tx)),
        await check('suppliesFirst', count.orders, sentences(tx, wrongSupplies)),
        await check('pricesKept', count.events, sentences(tx, changedPrices)),
        await check('copiesOfFailed', count.copies, sentences(tx, wrongCopies)),
        await check('countersMatch', count.workers, sentences(tx, wrongCounters)),
        await check('mailsOncePerEvent', count.mails, sentences(tx, wrongMails())),
        await check('cookieOncePerOrder', count.cookies, sentences(tx, missingCookies)),
      ];
    });
}

type Sentences = RawBuilder<{ violation: string }>;

async function sentences(db: Read, query: Sentences): Promise<string[]> {
  const { rows } = await sql<{ violation: string }>`
    select violation from (${query}) as found limit ${MAX_VIOLATIONS}`.execute(db);
  return rows.map((row) => row.violation);
}

type Counts = Record<'orders' | 'copies' | 'events' | 'workers' | 'mails' | 'cookies', number>;

async function countRows(db: Read): Promise<Counts> {
  const { rows } = await sql<Counts>`
    select (select count(*) from orders.orders)::float8 as orders,
      (select count(*) from orders.orders where copy_of is not null)::float8 as copies,
      (select count(*) from stream.order_events)::float8 as events,
      (select count(*) from orders.workers)::float8 as workers,
      (select count(*) from mail.messages where template like 'order.%')::float8 as mails,
      (select count(*) from orders.cookies)::float8 as cookies`.execute(db);
  const row = rows[0];
  if (!row) throw new Error('a query without conditions returned no row');
  return row;
}

/**
 * Sorted by start, an order overlaps an earlier one of its worker exactly if it starts before the
 * latest end so far. The booked time must itself be that of the order, or part of it once ended.
 */
const overlaps: Sentences = sql`
  select format('Order %s overlaps order %s; both are of worker %s.', o.id, p.id, o.worker_id)
    as violation
  from (
    select id, worker_id, busy, max(upper(busy)) over (
      partition by worker_id order by lower(busy), id
      rows between unbounded preceding and 1 preceding) as busy_before
    from orders.orders where not isempty(busy)) as o
  cross join lateral (
    select p.id from orders.orders p
    where p.worker_id = o.worker_id and p.id <> o.id and p.busy && o.busy limit 1) as p
  where lower(o.busy) < o.busy_before
  union all
  select format('Order %s is for %s to %s, but keeps its worker busy for %s.', id, scheduled_at,
    ends_at, busy)
  from orders.orders
  where case when ended_at is null then busy <> tstzrange(scheduled_at, ends_at)
    else not busy <@ tstzrange(scheduled_at, ends_at) end`;

const repeatedEvents: Sentences = sql`
  select format('Event %s is there %s times.', event_id, count(*)) as violation
  from stream.order_events group by event_id having count(*) > 1
  union all
  select format('The events of order %s have the versions %s.', order_id,
    string_agg(version::text, ', ' order by version))
  from stream.order_events group by order_id
  having min(version) <> 1 or max(version) <> count(*)`;

const missingEvents: Sentences = sql`
  select format('Order %s is at version %s, its last event at %s.', o.id, o.version,
    coalesce(e.version, 0)) as violation
  from orders.orders o
  left join (
    select order_id, max(version) as version from stream.order_events group by order_id) as e
    on e.order_id = o.id
  where e.version is distinct from o.version
  union all
  select format('Event %s is of order %s, which does not exist.', e.event_id, e.order_id)
  from stream.order_events e
  where not exists (select from orders.orders o where o.id = e.order_id)`;

const strayedRows: Sentences = sql`
  select format('Order %s is not stored as its event %s says.', o.id, e.event_id) as violation
  from orders.orders o
  join orders.supplies s on s.order_id = o.id
  join stream.order_events e on e.order_id = o.id and e.version = o.version
  where orders.snapshot(o, s) <> e.snapshot - 'actor'
  union all
  select format('Order %s has no supplies.', o.id)
  from orders.orders o
  where not exists (select from orders.supplies s where s.order_id = o.id)`;

interface Way {
  statuses: OrderStatus[];
  types: string[];
  orderIds: string[];
}

/** Orders go a few ways only: each is judged once, by the rule that moves orders on. */
async function findIllegalWays(db: Read): Promise<string[]> {
  const { rows } = await sql<Way>`
    select statuses, types,
      (array_agg(order_id::text order by order_id))[1:${sql.lit(MAX_VIOLATIONS)}] as "orderIds"
    from (
      select order_id, array_agg(snapshot ->> 'status' order by version) as statuses,
        array_agg(type order by version) as types
      from stream.order_events group by order_id) as ways
    group by statuses, types`.execute(db);
  return rows
    .filter(({ statuses, types }) => !isLegalWay(statuses) || !areNamedAlike(statuses, types))
    .flatMap(({ types, orderIds }) =>
      orderIds.map((id) => `Order ${id} went ${types.join(' → ')}, which is no legal way.`),
    );
}

/** An event is named after the state that it leads to; a rating leads to none. */
function areNamedAlike(statuses: readonly OrderStatus[], types: readonly string[]): boolean {
  return statuses.every((status, index) => {
    const isRating = types[index] === 'order.rated' && statuses[index - 1] === 'completed';
    return isRating ? status === 'completed' : types[index] === `order.${status}`;
  });
}

const wrongSupplies: Sentences = sql`
  select format('Order %s is %s, but its supplies are %s (issued at %s, started at %s).', o.id,
    o.status, s.status, coalesce(s.issued_at::text, 'no time'),
    coalesce(o.started_at::text, 'no time')) as violation
  from orders.orders o join orders.supplies s on s.order_id = o.id
  where (s.status = 'issued') <> (o.supplied_at is not null)
    or s.issued_at is distinct from o.supplied_at
    or (s.status = 'requested') <> (o.status = 'assigned')
    or (s.status = 'withdrawn' and o.status not in ('cancelled', 'failed'))
    or (o.started_at is not null and (o.supplied_at is null or o.started_at < o.supplied_at))
  union all
  select format('Order %s is %s without its photos.', id, status)
  from orders.orders
  where (status in ('started', 'completed') and (started_at is null or check_in_photo is null))
    or (status = 'completed' and report_photo is null)`;

const changedPrices: Sentences = sql`
  select format('Order %s costs %s, but its lines add up to %s.', o.id, o.price_minor, l.total)
    as violation
  from orders.orders o
  cross join lateral (
    select coalesce(sum((line ->> 'amount')::bigint), 0) as total
    from jsonb_array_elements(o.price_lines) as line) as l
  where l.total <> o.price_minor
  union all
  select format('Order %s costs %s %s, but %s %s in its event %s.', o.id, o.price_minor,
    o.currency, e.snapshot #>> '{price,amount}', e.snapshot #>> '{price,currency}', e.event_id)
  from stream.order_events e join orders.orders o on o.id = e.order_id
  where (e.snapshot #>> '{price,amount}')::bigint is distinct from o.price_minor
    or e.snapshot #>> '{price,currency}' is distinct from o.currency`;

const wrongCopies: Sentences = sql`
  select format('Order %s is a copy of order %s, which is %s.', c.id, o.id, o.status) as violation
  from orders.orders c join orders.orders o on o.id = c.copy_of
  where o.status <> 'failed' or o.customer_id <> c.customer_id or o.service_id <> c.service_id
    or o.ended_at > c.created_at`;

const wrongCounters: Sentences = sql`
  select format('Worker %s is booked with %s completed orders and %s stars from %s ratings; the orders say %s, %s and %s.',
    w.id, w.completed_orders, w.stars_sum, w.stars_count, o.completed, o.stars, o.ratings)
    as violation
  from orders.workers w
  cross join lateral (
    select count(*) filter (where status = 'completed') as completed,
      coalesce(sum(stars), 0) as stars, count(stars) as ratings
    from orders.orders o where o.worker_id = w.id) as o
  where (w.completed_orders, w.stars_sum, w.stars_count) is distinct from
    (o.completed, o.stars, o.ratings)`;

/** Events that this consumer has read and digested, as far as its books say. */
const digested = (consumer: string) => sql`
  select e.event_id, e.order_id, e.type
  from stream.order_events e
  join stream_consumers.cursors c
    on c.consumer = ${consumer} and (e.xid, e.position) <= (c.xid, c.position)
  where not exists (
      select from stream_consumers.parked_events p where p.consumer = ${consumer}
        and p.order_id = e.order_id and p.version = e.version)
    and not exists (
      select from stream_consumers.skipped_events s
      where s.consumer = ${consumer} and s.event_id = e.event_id)`;

/** "Once" is kept by the key of a mail, which is unique: here it is seen that each is there. */
function wrongMails(): Sentences {
  const pairs = EVENT_TYPES.flatMap((type) => mailsFor(type).map((to) => ({ type, to })));
  const due = sql`unnest(${pairs.map((pair) => pair.type)}::text[],
    ${pairs.map((pair) => pair.to)}::text[]) as due (type, recipient)`;
  return sql`
    select format('Event %s (%s) has no mail to the %s.', e.event_id, e.type, due.recipient)
      as violation
    from (${digested('orders.mail')}) as e
    join ${due} on due.type = e.type
    left join mail.messages m on m.event_key = e.event_id || '/' || due.recipient
    where m.id is null
    union all
    select format('Mail %s (%s to the %s) belongs to no event.', m.id, m.template,
      m.recipient_kind)
    from mail.messages m
    left join (
      select e.event_id || '/' || due.recipient as event_key, e.type
      from stream.order_events e join ${due} on due.type = e.type) as e
      on e.event_key = m.event_key and e.type = m.template
    where m.template like 'order.%' and e.event_key is null`;
}

const missingCookies: Sentences = sql`
  select format('Order %s has no fortune cookie.', e.order_id) as violation
  from (${digested('orders.cookies')}) as e
  left join orders.cookies c on c.order_id = e.order_id
  where e.type = 'order.assigned' and c.order_id is null`;
