import { sql } from 'kysely';
import type { Executor } from '../platform/postgres/database.ts';
import type { Cursor, ExtendedOrder, OrderEvent, OrderEventType } from './extended-order.ts';
import type { StreamTables } from './tables.ts';

/** Before all events. */
export const START: Cursor = { xid: '0', position: 0n };

/** An event with what a consumer must know to keep the versions of an order in order. */
export interface ReadEvent extends OrderEvent {
  /**
   * The version before this one stands behind it in the stream: its transaction got its id later
   * but the lock on the order first.
   */
  early: boolean;
}

interface EventRow {
  xid: string;
  position: bigint;
  event_id: string;
  order_id: string;
  version: number;
  type: OrderEventType;
  occurred_at: Date;
  snapshot: ExtendedOrder;
}

const columns = sql`
  e.xid::text as xid, e.position, e.event_id, e.order_id, e.version, e.type, e.occurred_at,
  e.snapshot`;

/** What is added to this cluster's transaction ids; see the migration "epochs". */
export const xidBase = sql`
  (select xid_base from stream.epochs order by number desc limit 1)`;

/**
 * The oldest transaction that is still running: whatever is below it has ended and stays as it is,
 * whatever is not may still get rows in front of those already there. It must be asked in the same
 * statement that reads the rows, for both to be of one snapshot.
 */
export const horizon = sql`
  (${xidBase} + pg_snapshot_xmin(pg_current_snapshot())::text::bigint)::text::xid8`;

/** `row comparison` that PostgreSQL answers from the primary key. */
export const after = (cursor: Cursor) =>
  sql`(e.xid, e.position) > (${cursor.xid}::xid8, ${cursor.position}::bigint)`;

function toEvent(row: EventRow): OrderEvent {
  return {
    xid: row.xid,
    position: row.position,
    eventId: row.event_id,
    orderId: row.order_id,
    version: row.version,
    type: row.type,
    occurredAt: row.occurred_at,
    snapshot: row.snapshot,
  };
}

/**
 * The next events after a place, oldest first. Events of transactions that might still be
 * overtaken are left out: whoever goes on from the last one returned misses none. Works on a
 * replica too.
 */
export async function readEvents(
  db: Executor<StreamTables>,
  place: Cursor,
  limit: number,
): Promise<OrderEvent[]> {
  const { rows } = await sql<EventRow>`
    select ${columns} from stream.order_events e
    where ${after(place)} and e.xid < ${horizon}
    order by e.xid, e.position limit ${limit}`.execute(db);
  return rows.map(toEvent);
}

/** {@link readEvents} for consumers. */
export async function readBatch(
  db: Executor<StreamTables>,
  place: Cursor,
  limit: number,
): Promise<ReadEvent[]> {
  const { rows } = await sql<EventRow & { early: boolean }>`
    select ${columns}, e.version > 1 and exists (
      select from stream.order_events p
      where p.order_id = e.order_id and p.version = e.version - 1
        and (p.xid, p.position) > (e.xid, e.position)) as early
    from stream.order_events e
    where ${after(place)} and e.xid < ${horizon}
    order by e.xid, e.position limit ${limit}`.execute(db);
  return rows.map((row) => ({ ...toEvent(row), early: row.early }));
}

/** The place behind all events that can be read now: where a watcher of new ones begins. */
export async function readEnd(db: Executor<StreamTables>): Promise<Cursor> {
  const { rows } = await sql<Cursor>`
    select e.xid::text as xid, e.position from stream.order_events e
    where e.xid < ${horizon} order by e.xid desc, e.position desc limit 1`.execute(db);
  return rows[0] ?? START;
}

/** All events of an order so far, by version: its timeline. Empty for an unknown order. */
export async function readOrderEvents(
  db: Executor<StreamTables>,
  orderId: string,
): Promise<OrderEvent[]> {
  const { rows } = await sql<EventRow>`
    select ${columns} from stream.order_events e
    where e.order_id = ${orderId} order by e.version`.execute(db);
  return rows.map(toEvent);
}

/** These versions of these orders, by order and version. */
export async function readVersions(
  db: Executor<StreamTables>,
  keys: readonly { orderId: string; version: number }[],
): Promise<OrderEvent[]> {
  if (keys.length === 0) return [];
  const { rows } = await sql<EventRow>`
    select ${columns} from stream.order_events e
    join unnest(${keys.map((key) => key.orderId)}::uuid[], ${keys.map((key) => key.version)}::int[])
      as k (order_id, version) on k.order_id = e.order_id and k.version = e.version
    order by e.order_id, e.version`.execute(db);
  return rows.map(toEvent);
}
