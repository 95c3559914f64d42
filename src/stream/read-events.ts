import { type RawBuilder, sql } from 'kysely';
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

/**
 * {@link horizon} without the transactions of other databases of the cluster: they count in a
 * snapshot, but cannot write here. What the snapshot lists as running and is not found in another
 * database, because it is ours or has just ended, still holds back; so does everything on a
 * replica, which does not list what runs. Costs a look at every connection of the server.
 */
export const closeHorizon = sql`
  (${xidBase} + case
    when pg_is_in_recovery() then pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    else least(
      (select min(running::text::bigint) from pg_snapshot_xip(pg_current_snapshot()) as running
        where not exists (select from pg_stat_activity a
          where a.backend_xid = running::xid and a.datname <> current_database())),
      pg_current_xact_id_if_assigned()::text::bigint,
      pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
    end)::text::xid8`;

/** A comparison of rows, which PostgreSQL answers from the primary key. */
export const after = (place: Cursor) =>
  sql`(e.xid, e.position) > (${place.xid}::xid8, ${place.position}::bigint)`;

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
  const events = await readBelow(db, place, limit, horizon);
  return events.length > 0 ? events : readBelow(db, place, limit, closeHorizon);
}

async function readBelow(
  db: Executor<StreamTables>,
  place: Cursor,
  limit: number,
  end: RawBuilder<unknown>,
): Promise<OrderEvent[]> {
  const { rows } = await sql<EventRow>`
    select ${columns} from stream.order_events e
    where ${after(place)} and e.xid < ${end}
    order by e.xid, e.position limit ${limit}`.execute(db);
  return rows.map(toEvent);
}

/**
 * {@link readEvents} for consumers.
 * @param end {@link horizon}, or {@link closeHorizon} when that one holds events back
 */
export async function readBatch(
  db: Executor<StreamTables>,
  place: Cursor,
  limit: number,
  end: RawBuilder<unknown>,
): Promise<ReadEvent[]> {
  const { rows } = await sql<EventRow & { early: boolean }>`
    select ${columns}, e.version > 1 and exists (
      select from stream.order_events p
      where p.order_id = e.order_id and p.version = e.version - 1
        and (p.xid, p.position) > (e.xid, e.position)) as early
    from stream.order_events e
    where ${after(place)} and e.xid < ${end}
    order by e.xid, e.position limit ${limit}`.execute(db);
  return rows.map((row) => ({ ...toEvent(row), early: row.early }));
}

/** The place behind all events that can be read now: where a watcher of new ones begins. */
export async function readEnd(db: Executor<StreamTables>): Promise<Cursor> {
  const { rows } = await sql<Cursor>`
    select e.xid::text as xid, e.position from stream.order_events e
    where e.xid < ${closeHorizon} order by e.xid desc, e.position desc limit 1`.execute(db);
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
