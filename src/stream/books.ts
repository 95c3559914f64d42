import { sql } from 'kysely';
import type { Database, Executor, Transaction } from '../platform/postgres/database.ts';
import type { Cursor, OrderEvent } from './extended-order.ts';
import type { OrderBooks } from './plan-batch.ts';
import { readVersions } from './read-events.ts';
import type { ConsumerTables, StreamTables } from './tables.ts';

export interface CursorRow {
  cursor: Cursor;
  eventId: string | null;
  /** Where a replay is asked to begin behind. */
  replayTo: Cursor | null;
}

export interface LockedBooks {
  cursor: Cursor;
  /** Whether anything is parked, waits, or was skipped at all: mostly not. */
  anything: boolean;
}

/** Where the consumer stands; it begins before all events. */
export async function openCursor(
  db: Database<ConsumerTables>,
  consumer: string,
  now: Date,
): Promise<CursorRow> {
  const row = await db
    .selectFrom('stream_consumers.cursors')
    .select(['xid', 'position', 'event_id', 'replay_xid', 'replay_position'])
    .where('consumer', '=', consumer)
    .executeTakeFirst();
  if (row === undefined) {
    await db
      .insertInto('stream_consumers.cursors')
      .values({ consumer, updated_at: now })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return openCursor(db, consumer, now);
  }
  return {
    cursor: { xid: row.xid, position: row.position },
    eventId: row.event_id,
    replayTo:
      row.replay_xid === null || row.replay_position === null
        ? null
        : { xid: row.replay_xid, position: row.replay_position },
  };
}

/**
 * Takes the consumer's books for this transaction. Everybody who changes them, or brings effects
 * about, does this first: that, not the advisory lock, is what keeps effects from doubling.
 * @returns undefined for a consumer that has never run
 */
export async function lockBooks(
  tx: Transaction<ConsumerTables>,
  consumer: string,
): Promise<LockedBooks | undefined> {
  const { rows } = await sql<{ xid: string; position: bigint; anything: boolean }>`
    select c.xid::text as xid, c.position,
      exists (select from stream_consumers.parked_events where consumer = ${consumer})
        or exists (select from stream_consumers.skipped_events where consumer = ${consumer})
        as anything
    from stream_consumers.cursors c where c.consumer = ${consumer} for update of c`.execute(tx);
  const row = rows[0];
  return row && { cursor: { xid: row.xid, position: row.position }, anything: row.anything };
}

/** What the books say about the orders of these events. */
export async function readOrderBooks(
  tx: Transaction<ConsumerTables>,
  log: Executor<StreamTables>,
  consumer: string,
  events: readonly OrderEvent[],
): Promise<OrderBooks> {
  const orderIds = [...new Set(events.map((event) => event.orderId))];
  const { rows } = await sql<{ order_id: string; version: number; parked: boolean }>`
    select w.order_id, w.version, exists (select from stream_consumers.parked_orders p
      where p.consumer = w.consumer and p.order_id = w.order_id) as parked
    from stream_consumers.parked_events w
    where w.consumer = ${consumer} and w.order_id = any(${orderIds}::uuid[])`.execute(tx);
  const waiting = rows.filter((row) => !row.parked);
  return {
    parked: new Set(rows.filter((row) => row.parked).map((row) => row.order_id)),
    waiting: await readVersions(
      log,
      waiting.map((row) => ({ orderId: row.order_id, version: row.version })),
    ),
    skipped: await readSkipped(tx, consumer, orderIds),
  };
}

/** Ids of the events of these orders that are left out for ever. */
export async function readSkipped(
  tx: Transaction<ConsumerTables>,
  consumer: string,
  orderIds: readonly string[],
): Promise<Set<string>> {
  const { rows } = await sql<{ event_id: string }>`
    select event_id from stream_consumers.skipped_events
    where consumer = ${consumer} and order_id = any(${orderIds}::uuid[])`.execute(tx);
  return new Set(rows.map((row) => row.event_id));
}

/** Records that everything up to and with this event was read. */
export async function moveCursor(
  tx: Transaction<ConsumerTables>,
  consumer: string,
  last: OrderEvent,
  now: Date,
): Promise<void> {
  await tx
    .updateTable('stream_consumers.cursors')
    .set({
      xid: last.xid,
      position: last.position,
      event_id: last.eventId,
      last_event_at: last.occurredAt,
      updated_at: now,
    })
    .where('consumer', '=', consumer)
    .execute();
}

/** Records events as read but not applied; those that wait already stay as they are. */
export async function addWaiting(
  tx: Transaction<ConsumerTables>,
  consumer: string,
  events: readonly OrderEvent[],
): Promise<void> {
  if (events.length === 0) return;
  await sql`
    insert into stream_consumers.parked_events
      (consumer, order_id, version, xid, position, event_id)
    select ${consumer}, * from unnest(${events.map((event) => event.orderId)}::uuid[],
      ${events.map((event) => event.version)}::int[], ${events.map((event) => event.xid)}::xid8[],
      ${events.map((event) => event.position)}::bigint[],
      ${events.map((event) => event.eventId)}::uuid[])
    on conflict do nothing`.execute(tx);
}

/** Records that these events wait no more. */
export async function removeWaiting(
  tx: Transaction<ConsumerTables>,
  consumer: string,
  events: readonly { orderId: string; version: number }[],
): Promise<void> {
  if (events.length === 0) return;
  await sql`
    delete from stream_consumers.parked_events w
    using unnest(${events.map((event) => event.orderId)}::uuid[],
      ${events.map((event) => event.version)}::int[]) as k (order_id, version)
    where w.consumer = ${consumer} and w.order_id = k.order_id
      and w.version = k.version`.execute(tx);
}

/** Parks the order of this event, which waits from now on. */
export async function parkOrder(
  tx: Transaction<ConsumerTables>,
  consumer: string,
  event: { orderId: string; eventId: string },
  error: string,
  now: Date,
): Promise<void> {
  await tx
    .insertInto('stream_consumers.parked_orders')
    .values({
      consumer,
      order_id: event.orderId,
      event_id: event.eventId,
      error,
      attempts: 1,
      parked_at: now,
      tried_at: now,
    })
    .execute();
}
