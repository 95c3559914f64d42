import { sql } from 'kysely';
import { conflict } from '../platform/errors.ts';
import type { Executor, Transaction } from '../platform/postgres/database.ts';
import { lockBooks, openCursor } from './books.ts';
import type { Cursor } from './extended-order.ts';
import { isForbidden } from './faults.ts';
import type { StreamParts } from './parts.ts';
import { after, START } from './read-events.ts';
import type { Consumer, ReplayFrom, ReplayReport } from './stream.ts';
import type { ConsumerTables, StreamTables } from './tables.ts';

/** See {@link OrderStream.replay}. */
export async function replayConsumer(
  parts: StreamParts,
  consumer: Consumer,
  options: { from?: ReplayFrom; dryRun?: boolean; by: string },
): Promise<ReplayReport> {
  const target = await findTarget(parts, consumer, options.from);
  const row = await openCursor(parts.books, consumer.name, parts.clock.now()).catch((error) => {
    // Whoever may not make the row may not have run it either.
    if (isForbidden(error)) return undefined;
    throw error;
  });
  const events = row ? await countBetween(parts.log, target, row.cursor) : 0;
  if (events === 0 && (consumer.replay === 'repeat' || row === undefined)) throw nothing(consumer);
  const report = { events, cursor: target };
  if (options.dryRun) return { ...report, outcome: 'planned' };
  try {
    await parts.books.transaction().execute((tx) => carryOutReplay(parts, consumer, tx, target));
    return { ...report, outcome: 'done' };
  } catch (error) {
    if (!isForbidden(error)) throw error;
  }
  await parts.books
    .updateTable('stream_consumers.cursors')
    .set({
      replay_xid: target.xid,
      replay_position: target.position,
      replay_requested_at: parts.clock.now(),
      replay_requested_by: options.by,
    })
    .where('consumer', '=', consumer.name)
    .execute();
  return { ...report, outcome: 'requested' };
}

/** Puts the cursor back, and forgets what the books hold of events that will be read again. */
export async function carryOutReplay(
  parts: StreamParts,
  consumer: Consumer,
  tx: Transaction<ConsumerTables>,
  target: Cursor,
): Promise<void> {
  await lockBooks(tx, consumer.name);
  if (consumer.replay === 'reset') await consumer.reset(tx);
  await sql`
    delete from stream_consumers.parked_events e
    where e.consumer = ${consumer.name} and ${after(target)}`.execute(tx);
  await sql`
    delete from stream_consumers.parked_orders p
    where p.consumer = ${consumer.name} and not exists (
      select from stream_consumers.parked_events e
      where e.consumer = p.consumer and e.order_id = p.order_id and e.event_id = p.event_id)`.execute(
    tx,
  );
  await tx
    .updateTable('stream_consumers.cursors')
    .set({
      xid: target.xid,
      position: target.position,
      event_id: null,
      last_event_at: null,
      updated_at: parts.clock.now(),
      replay_xid: null,
      replay_position: null,
      replay_requested_at: null,
      replay_requested_by: null,
    })
    .where('consumer', '=', consumer.name)
    .execute();
}

async function findTarget(
  parts: StreamParts,
  consumer: Consumer,
  from: ReplayFrom | undefined,
): Promise<Cursor> {
  if (consumer.replay === 'reset') {
    if (from === undefined) return START;
    throw conflict(
      'replay_takes_no_from',
      `Consumer ${consumer.name} builds its tables from the whole stream: it is replayed from the start, after they were emptied.`,
    );
  }
  if (from === undefined) {
    throw conflict(
      'replay_needs_from',
      `What consumer ${consumer.name} did cannot be undone, so it is not replayed from the start. Say from where it is to read again; what took effect before does so only once.`,
    );
  }
  const first = await findFirst(parts.log, from);
  if (first === undefined) throw nothing(consumer);
  return { xid: first.xid, position: first.position - 1n };
}

function nothing(consumer: Consumer) {
  return conflict(
    'nothing_to_replay',
    `Consumer ${consumer.name} has read no event at or after that place; there is nothing to read again.`,
  );
}

/** The first event, in the order of the stream, that is meant. */
async function findFirst(
  log: Executor<StreamTables>,
  from: ReplayFrom,
): Promise<Cursor | undefined> {
  const which =
    'position' in from
      ? sql`e.position = ${from.position}::bigint`
      : sql`e.occurred_at >= ${from.time}::timestamptz`;
  const { rows } = await sql<Cursor>`
    select e.xid::text as xid, e.position from stream.order_events e
    where ${which} order by e.xid, e.position limit 1`.execute(log);
  return rows[0];
}

async function countBetween(
  log: Executor<StreamTables>,
  from: Cursor,
  to: Cursor,
): Promise<number> {
  const { rows } = await sql<{ events: bigint }>`
    select count(*) as events from stream.order_events e
    where ${after(from)}
      and (e.xid, e.position) <= (${to.xid}::xid8, ${to.position}::bigint)`.execute(log);
  return Number(rows[0]?.events ?? 0n);
}
