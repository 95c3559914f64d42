import { sql } from 'kysely';
import { z } from 'zod';
import { decodeCursor, toPage } from '../platform/paging.ts';
import type { Database, Executor } from '../platform/postgres/database.ts';
import type { Cursor } from './extended-order.ts';
import type { StreamParts } from './parts.ts';
import { after, closeHorizon, START } from './read-events.ts';
import { readLogState } from './restored-log.ts';
import type { ConsumerStatus, HeldBack, ParkedOrder, StreamStatus } from './stream.ts';
import type { ConsumerTables, StreamTables } from './tables.ts';

/** Counting costs about 0.2 µs an event; who is further behind needs no exact figure. */
const LAG_COUNT_LIMIT = 1_000_000;
/** How many events that cannot be read yet are counted. */
export const HELD_BACK_COUNT_LIMIT = 1_000;

/** See {@link OrderStream.status}. */
export async function readStatus(
  parts: StreamParts,
  consumers: readonly string[],
): Promise<StreamStatus> {
  const state = await readLogState(parts.log, START, null);
  const rows = await readBooks(parts.books, consumers);
  const statuses: ConsumerStatus[] = [];
  for (const name of consumers) {
    const row = rows.find((one) => one.consumer === name);
    const cursor = row ? { xid: row.xid, position: row.position } : START;
    const oldest = await readOldestUnread(parts.log, cursor);
    const ageMs = oldest ? parts.clock.now().getTime() - oldest.getTime() : 0;
    statuses.push({
      consumer: name,
      cursor,
      lastEventAt: row?.last_event_at ?? null,
      eventsBehind: await countUnread(parts.log, cursor, LAG_COUNT_LIMIT),
      secondsBehind: Math.max(0, Math.floor(ageMs / 1_000)),
      parkedOrders: Number(row?.parked ?? 0n),
      waitingEvents: Number(row?.waiting ?? 0n),
      skippedEvents: Number(row?.skipped ?? 0n),
      replayRequestedAt: row?.replay_requested_at ?? null,
    });
  }
  return { log: state.log, consumers: statuses, heldBack: await readHeldBack(parts.log) };
}

/** See {@link OrderStream.parked}. */
export async function readParked(
  books: Database<ConsumerTables>,
  consumers: readonly string[],
  page: { limit: number; cursor?: string },
): Promise<{ data: ParkedOrder[]; nextCursor: string | null }> {
  const place = decodeCursor(page.cursor, [z.string(), z.uuid()]);
  let query = books
    .selectFrom('stream_consumers.parked_orders as p')
    .select((eb) => [
      'p.consumer',
      'p.order_id as orderId',
      'p.event_id as eventId',
      'p.error',
      'p.attempts',
      'p.parked_at as parkedAt',
      'p.tried_at as triedAt',
      'p.retry_requested_at as retryRequestedAt',
      eb
        .selectFrom('stream_consumers.parked_events as e')
        .whereRef('e.consumer', '=', 'p.consumer')
        .whereRef('e.order_id', '=', 'p.order_id')
        .select((inner) => inner.cast<number>(inner.fn.countAll(), 'integer').as('count'))
        .as('waitingEvents'),
    ])
    .where((eb) => eb('p.consumer', '=', eb.fn.any(eb.val([...consumers]))))
    .orderBy('p.consumer')
    .orderBy('p.order_id')
    .limit(page.limit + 1);
  if (place) {
    query = query.where((eb) =>
      eb(eb.refTuple('p.consumer', 'p.order_id'), '>', eb.tuple(place[0], place[1])),
    );
  }
  return toPage(
    await query.execute(),
    page.limit,
    (row) => [row.consumer, row.orderId],
    (row) => ({ ...row, waitingEvents: row.waitingEvents ?? 0 }),
  );
}

/**
 * Committed events behind a place, those that cannot be read yet included; up to the limit. Sorted,
 * because without that the planner reads the whole table to find none.
 */
export async function countUnread(
  log: Executor<StreamTables>,
  place: Cursor,
  limit: number,
): Promise<number> {
  const { rows } = await sql<{ events: bigint }>`
    select count(*) as events from (
      select from stream.order_events e where ${after(place)}
      order by e.xid, e.position limit ${limit}) as unread`.execute(log);
  return Number(rows[0]?.events ?? 0n);
}

async function readOldestUnread(
  log: Executor<StreamTables>,
  place: Cursor,
): Promise<Date | undefined> {
  const { rows } = await sql<{ occurred_at: Date }>`
    select e.occurred_at from stream.order_events e where ${after(place)}
    order by e.xid, e.position limit 1`.execute(log);
  return rows[0]?.occurred_at;
}

interface BooksRow {
  consumer: string;
  xid: string;
  position: bigint;
  last_event_at: Date | null;
  replay_requested_at: Date | null;
  parked: bigint;
  waiting: bigint;
  skipped: bigint;
}

async function readBooks(
  books: Database<ConsumerTables>,
  consumers: readonly string[],
): Promise<BooksRow[]> {
  const { rows } = await sql<BooksRow>`
    select c.consumer, c.xid::text as xid, c.position, c.last_event_at, c.replay_requested_at,
      (select count(*) from stream_consumers.parked_orders p where p.consumer = c.consumer)
        as parked,
      (select count(*) from stream_consumers.parked_events w where w.consumer = c.consumer)
        as waiting,
      (select count(*) from stream_consumers.skipped_events s where s.consumer = c.consumer)
        as skipped
    from stream_consumers.cursors c where c.consumer = any(${[...consumers]})`.execute(books);
  return rows;
}

/**
 * Whose transaction keeps the newest events from being read: the oldest that has an id, prepared
 * ones included. On a replica it runs on the primary, and its process is not seen.
 */
async function readHeldBack(log: Executor<StreamTables>): Promise<HeldBack | null> {
  const { rows } = await sql<{
    events: bigint;
    since: Date | null;
    pid: number | null;
    application: string | null;
  }>`
    select held.events, oldest.since, oldest.pid, oldest.application
    from (select count(*) as events from (select from stream.order_events e
      where e.xid >= ${closeHorizon} order by e.xid, e.position limit ${HELD_BACK_COUNT_LIMIT}) as unread) as held
    left join lateral (
      select since, pid, application from (
        select backend_xid as xid, xact_start as since, pid, application_name as application
          from pg_stat_activity where backend_xid is not null and datname = current_database()
        union all
        select transaction, prepared, null, 'prepared transaction ' || gid from pg_prepared_xacts
      ) as open
      order by age(xid) desc limit 1
    ) as oldest on true
    where held.events > 0`.execute(log);
  const row = rows[0];
  return row ? { ...row, events: Number(row.events) } : null;
}
