import { sql } from 'kysely';
import { invalid, notFound } from '../platform/errors.ts';
import { isUuid } from '../platform/ids.ts';
import type { Database, Executor, Transaction } from '../platform/postgres/database.ts';
import { lockBooks, readSkipped, removeWaiting } from './books.ts';
import { applyContext, tryEvent } from './digest.ts';
import type { OrderEvent } from './extended-order.ts';
import { describe, isForbidden } from './faults.ts';
import type { StreamParts } from './parts.ts';
import { readVersions } from './read-events.ts';
import type { Consumer, MendReport } from './stream.ts';
import type { ConsumerTables } from './tables.ts';

interface ParkedRow {
  event_id: string;
  attempts: number;
}

interface WaitingRow {
  orderId: string;
  version: number;
  eventId: string;
}

/** See {@link OrderStream.retry}. */
export async function retryOrder(
  parts: StreamParts,
  consumer: Consumer,
  orderId: string,
  by: string,
): Promise<MendReport> {
  const parked = isUuid(orderId) && (await findParked(parts.books, consumer, orderId));
  if (!parked) throw notFound('parked_order', orderId);
  return orAskWorker(parts, consumer, orderId, by, () =>
    parts.books.transaction().execute((tx) => resumeOrder(parts, consumer, tx, orderId)),
  );
}

/** See {@link OrderStream.skip}. */
export async function skipEvent(
  parts: StreamParts,
  consumer: Consumer,
  orderId: string,
  options: { reason: string; by: string },
): Promise<MendReport> {
  const reason = options.reason.trim();
  if (reason === '') {
    throw invalid('Leaving an event out for ever needs a reason.', [
      { path: 'reason', message: 'expected a text' },
    ]);
  }
  await parts.books.transaction().execute(async (tx) => {
    await lockBooks(tx, consumer.name);
    const parked = isUuid(orderId) && (await findParked(tx, consumer, orderId));
    if (!parked) throw notFound('parked_order', orderId);
    await tx
      .insertInto('stream_consumers.skipped_events')
      .values({
        consumer: consumer.name,
        event_id: parked.event_id,
        order_id: orderId,
        reason,
        skipped_by: options.by,
        skipped_at: parts.clock.now(),
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  });
  // Of its own: the decision stands, whatever becomes of the events behind it.
  return orAskWorker(parts, consumer, orderId, options.by, () =>
    parts.books.transaction().execute((tx) => resumeOrder(parts, consumer, tx, orderId)),
  );
}

/**
 * Does what people without rights on the consumer's tables asked for.
 * @returns how many events took effect
 */
export async function resumeRequested(
  parts: StreamParts,
  consumer: Consumer,
  session: Database<ConsumerTables>,
): Promise<number> {
  const requested = await session
    .selectFrom('stream_consumers.parked_orders')
    .select('order_id')
    .where('consumer', '=', consumer.name)
    .where('retry_requested_at', 'is not', null)
    .orderBy('retry_requested_at')
    .execute();
  let applied = 0;
  for (const row of requested) {
    const report = await session
      .transaction()
      .execute((tx) => resumeOrder(parts, consumer, tx, row.order_id));
    applied += report.applied;
  }
  return applied;
}

/** People at a terminal may lack the right to write a consumer's tables: then the worker does it. */
async function orAskWorker(
  parts: StreamParts,
  consumer: Consumer,
  orderId: string,
  by: string,
  mend: () => Promise<MendReport>,
): Promise<MendReport> {
  try {
    return await mend();
  } catch (error) {
    if (!isForbidden(error)) throw error;
    await parts.books
      .updateTable('stream_consumers.parked_orders')
      .set({ retry_requested_at: parts.clock.now(), retry_requested_by: by })
      .where('consumer', '=', consumer.name)
      .where('order_id', '=', orderId)
      .execute();
    return { outcome: 'requested', applied: 0, error: null };
  }
}

async function findParked(
  db: Executor<ConsumerTables>,
  consumer: Consumer,
  orderId: string,
): Promise<ParkedRow | undefined> {
  return db
    .selectFrom('stream_consumers.parked_orders')
    .select(['event_id', 'attempts'])
    .where('consumer', '=', consumer.name)
    .where('order_id', '=', orderId)
    .executeTakeFirst();
}

/** Applies what waits of a parked order, up to the next failure or an event not yet read. */
async function resumeOrder(
  parts: StreamParts,
  consumer: Consumer,
  tx: Transaction<ConsumerTables>,
  orderId: string,
): Promise<MendReport> {
  await lockBooks(tx, consumer.name);
  const parked = await findParked(tx, consumer, orderId);
  // Somebody else was faster.
  if (parked === undefined) return { outcome: 'mended', applied: 0, error: null };
  const waiting = withoutHole(await readWaiting(tx, consumer.name, orderId));
  const events = await readVersions(parts.logWithin(tx), waiting);
  const skipped = await readSkipped(tx, consumer.name, [orderId]);
  const now = parts.clock.now();
  const context = applyContext(parts, consumer, tx, now);
  let applied = 0;
  for (const row of waiting) {
    if (!skipped.has(row.eventId)) {
      const event = events.find((one) => one.eventId === row.eventId);
      const failure = event ? await tryEvent(consumer, tx, event, context) : lost(row);
      if (failure) {
        const error = describe(failure.cause);
        await parkAgain(tx, consumer.name, parked, row, error, now);
        return { outcome: 'parked', applied, error };
      }
      applied += 1;
    }
    await removeWaiting(tx, consumer.name, [row]);
  }
  await tx
    .deleteFrom('stream_consumers.parked_orders')
    .where('consumer', '=', consumer.name)
    .where('order_id', '=', orderId)
    .execute();
  return { outcome: 'mended', applied, error: null };
}

async function readWaiting(
  tx: Transaction<ConsumerTables>,
  consumer: string,
  orderId: string,
): Promise<WaitingRow[]> {
  return tx
    .selectFrom('stream_consumers.parked_events')
    .select(['order_id as orderId', 'version', 'event_id as eventId'])
    .where('consumer', '=', consumer)
    .where('order_id', '=', orderId)
    .orderBy('version')
    .execute();
}

/** A version behind a gap was read before the one in the gap, and goes on waiting for it. */
function withoutHole(rows: readonly WaitingRow[]): WaitingRow[] {
  const first = rows[0]?.version ?? 0;
  return rows.filter((row, index) => row.version === first + index);
}

function lost(row: WaitingRow): { cause: unknown } {
  return { cause: new Error(`The order stream has no event ${row.eventId} any more.`) };
}

async function parkAgain(
  tx: Transaction<ConsumerTables>,
  consumer: string,
  parked: ParkedRow,
  failing: Pick<OrderEvent, 'orderId' | 'eventId'>,
  error: string,
  now: Date,
): Promise<void> {
  await tx
    .updateTable('stream_consumers.parked_orders')
    .set({
      event_id: failing.eventId,
      error,
      attempts: failing.eventId === parked.event_id ? sql`attempts + 1` : 1,
      tried_at: now,
      retry_requested_at: null,
      retry_requested_by: null,
    })
    .where('consumer', '=', consumer)
    .where('order_id', '=', failing.orderId)
    .execute();
}
