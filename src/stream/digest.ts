import { sql } from 'kysely';
import type { Transaction } from '../platform/postgres/database.ts';
import {
  addWaiting,
  lockBooks,
  moveCursor,
  parkOrder,
  readOrderBooks,
  removeWaiting,
} from './books.ts';
import type { Cursor, OrderEvent } from './extended-order.ts';
import { blame, describe } from './faults.ts';
import type { StreamParts } from './parts.ts';
import { readPersonal } from './personal.ts';
import { type BatchPlan, type OrderBooks, planBatch } from './plan-batch.ts';
import type { ReadEvent } from './read-events.ts';
import type { ApplyContext, Consumer } from './stream.ts';
import type { ConsumerTables } from './tables.ts';

/** An event that the consumer could not digest. */
interface Failure {
  event: OrderEvent;
  error: unknown;
}

interface Digested {
  applied: number;
  failures: Failure[];
  /** Failing events and those of their orders behind them. */
  wait: OrderEvent[];
}

export interface Step {
  /** Where the consumer stands now. */
  cursor: Cursor;
  applied: number;
  failures: Failure[];
}

const NOTHING_KNOWN: OrderBooks = { parked: new Set(), waiting: [], skipped: new Set() };

/** What `apply` gets beside the events, in this transaction. */
export function applyContext(
  parts: StreamParts,
  consumer: Consumer,
  tx: Transaction<ConsumerTables>,
  now: Date,
): ApplyContext {
  return {
    consumer: consumer.name,
    now,
    readPersonal: (subjectIds) => readPersonal(parts.logWithin(tx), subjectIds),
  };
}

/**
 * Applies a batch and moves the cursor, in one transaction. `split` goes event by event, each in a
 * savepoint, so that only orders with a failing event are parked.
 * @returns where the consumer stands: elsewhere, with nothing done, if somebody moved it meanwhile
 */
export async function digestBatch(
  parts: StreamParts,
  consumer: Consumer,
  tx: Transaction<ConsumerTables>,
  batch: readonly ReadEvent[],
  from: Cursor,
  split: boolean,
): Promise<Step> {
  const books = await lockBooks(tx, consumer.name);
  if (books === undefined) throw new Error(`The cursor of ${consumer.name} was deleted.`);
  const last = batch.at(-1);
  const moved = books.cursor.xid !== from.xid || books.cursor.position !== from.position;
  if (moved || last === undefined) return { cursor: books.cursor, applied: 0, failures: [] };
  const plan = planBatch(
    batch,
    books.anything
      ? await readOrderBooks(tx, parts.logWithin(tx), consumer.name, batch)
      : NOTHING_KNOWN,
  );
  const now = parts.clock.now();
  const context = applyContext(parts, consumer, tx, now);
  const digested = await (split ? applyOneByOne : applyAll)(consumer, tx, plan, context);
  for (const { event, error } of digested.failures) {
    await parkOrder(tx, consumer.name, event, describe(error), now);
  }
  await addWaiting(tx, consumer.name, [...plan.wait, ...digested.wait]);
  const stillWaiting = new Set(digested.wait.map((event) => event.eventId));
  await removeWaiting(
    tx,
    consumer.name,
    plan.released.filter((event) => !stillWaiting.has(event.eventId)),
  );
  await moveCursor(tx, consumer.name, last, now);
  return {
    cursor: { xid: last.xid, position: last.position },
    applied: digested.applied,
    failures: digested.failures,
  };
}

async function applyAll(
  consumer: Consumer,
  tx: Transaction<ConsumerTables>,
  plan: BatchPlan,
  context: ApplyContext,
): Promise<Digested> {
  if (plan.apply.length > 0) await consumer.apply(tx, plan.apply, context);
  return { applied: plan.apply.length, failures: [], wait: [] };
}

async function applyOneByOne(
  consumer: Consumer,
  tx: Transaction<ConsumerTables>,
  plan: BatchPlan,
  context: ApplyContext,
): Promise<Digested> {
  const digested: Digested = { applied: 0, failures: [], wait: [] };
  const failed = new Set<string>();
  for (const event of plan.apply) {
    if (failed.has(event.orderId)) {
      digested.wait.push(event);
      continue;
    }
    const error = await tryEvent(consumer, tx, event, context);
    if (error === undefined) {
      digested.applied += 1;
    } else {
      failed.add(event.orderId);
      digested.failures.push({ event, error: error.cause });
      digested.wait.push(event);
    }
  }
  return digested;
}

/**
 * Applies one event, or leaves no trace of it.
 * @returns undefined if it took effect, else what the consumer threw
 * @throws whatever says that the database is the cause
 */
export async function tryEvent(
  consumer: Consumer,
  tx: Transaction<ConsumerTables>,
  event: OrderEvent,
  context: ApplyContext,
): Promise<{ cause: unknown } | undefined> {
  await sql`savepoint one_event`.execute(tx);
  try {
    await consumer.apply(tx, [event], context);
    // Deferred constraints must speak now, not at the commit of all. Taking that back leaves them
    // deferred for the next event.
    await sql`savepoint deferred_checks`.execute(tx);
    await sql`set constraints all immediate`.execute(tx);
    await sql`rollback to savepoint deferred_checks`.execute(tx);
    await sql`release savepoint one_event`.execute(tx);
    return undefined;
  } catch (error) {
    if (blame(error) !== 'event') throw error;
    await sql`rollback to savepoint one_event`.execute(tx);
    return { cause: error };
  }
}
