import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Database } from '../platform/postgres/database.ts';
import { openCursor } from './books.ts';
import { digestBatch, type Step } from './digest.ts';
import type { Cursor } from './extended-order.ts';
import { blame } from './faults.ts';
import { resumeRequested } from './mend.ts';
import type { StreamParts } from './parts.ts';
import { closeHorizon, horizon, type ReadEvent, readBatch } from './read-events.ts';
import { carryOutReplay } from './replay.ts';
import { assertReadable, readLogState } from './restored-log.ts';
import { countUnread, HELD_BACK_COUNT_LIMIT } from './status.ts';
import type { ConsumeReport, Consumer } from './stream.ts';
import type { ConsumerTables } from './tables.ts';

/** A round trip costs as much as some ten events; beyond 500 a batch gains nothing measurable. */
const DEFAULT_BATCH_SIZE = 500;
/** Deadlocks and the like end by themselves; a third one in a row has a cause worth a look. */
const COLLISIONS_IN_A_ROW = 3;
/** Other transactions of ours are over within a few milliseconds. */
const HELD_BACK_POLL_MS = 20;
/** Whoever is still open after that may take long; the next wake-up looks again. */
const HELD_BACK_WAIT_MS = 200;

/**
 * Feeds one consumer, on one connection to its books: the lock, the transactions and, where the
 * log is in the same database, the reads. One connection, so that any number of consumers cannot
 * wait for each other in the pool, and a lost lock is a lost transaction.
 */
export async function feed(
  parts: StreamParts,
  consumer: Consumer,
  signal?: AbortSignal,
): Promise<ConsumeReport> {
  return parts.books.connection().execute(async (session) => {
    if (!(await lockSession(session, consumer.name))) {
      return { consumer: consumer.name, outcome: 'busy', applied: 0, parked: 0, heldBack: 0 };
    }
    try {
      return await readOn(parts, consumer, session, signal);
    } finally {
      await unlockSession(parts, session, consumer.name);
    }
  });
}

async function readOn(
  parts: StreamParts,
  consumer: Consumer,
  session: Database<ConsumerTables>,
  signal: AbortSignal | undefined,
): Promise<ConsumeReport> {
  const log = parts.logOn(session);
  const report: ConsumeReport = {
    consumer: consumer.name,
    outcome: 'done',
    applied: 0,
    parked: 0,
    heldBack: 0,
  };
  let { cursor } = await start(parts, consumer, session);
  report.applied += await resumeRequested(parts, consumer, session);
  const batchSize = consumer.batchSize ?? DEFAULT_BATCH_SIZE;
  let waitedMs = 0;
  for (;;) {
    if (signal?.aborted) return { ...report, outcome: 'stopped' };
    let batch = await readBatch(log, cursor, batchSize, horizon);
    if (batch.length === 0) {
      report.heldBack = await countUnread(log, cursor, HELD_BACK_COUNT_LIMIT);
      if (report.heldBack === 0) return report;
      batch = await readBatch(log, cursor, batchSize, closeHorizon);
    }
    if (batch.length > 0) {
      const step = await takeBatch(parts, consumer, session, batch, cursor);
      cursor = step.cursor;
      report.applied += step.applied;
      report.parked += step.failures.length;
      waitedMs = 0;
      continue;
    }
    if (waitedMs >= HELD_BACK_WAIT_MS) return report;
    waitedMs += HELD_BACK_POLL_MS;
    await delay(HELD_BACK_POLL_MS);
  }
}

/** Opens the books, carries out a replay that somebody asked for, and checks the log. */
async function start(
  parts: StreamParts,
  consumer: Consumer,
  session: Database<ConsumerTables>,
): Promise<{ cursor: Cursor }> {
  const row = await openCursor(session, consumer.name, parts.clock.now());
  const { replayTo } = row;
  const standing = replayTo ? { cursor: replayTo, eventId: null } : row;
  assertReadable(
    await readLogState(parts.logOn(session), standing.cursor, standing.eventId),
    consumer.name,
    standing.cursor,
  );
  if (replayTo) {
    await session.transaction().execute((tx) => carryOutReplay(parts, consumer, tx, replayTo));
  }
  return standing;
}

async function takeBatch(
  parts: StreamParts,
  consumer: Consumer,
  session: Database<ConsumerTables>,
  batch: readonly ReadEvent[],
  cursor: Cursor,
): Promise<Step> {
  let split = false;
  for (let collisions = 0; ; ) {
    try {
      const step = await session
        .transaction()
        .execute((tx) => digestBatch(parts, consumer, tx, batch, cursor, split));
      for (const { event, error } of step.failures) {
        parts.logger.warn(
          { consumer: consumer.name, orderId: event.orderId, eventId: event.eventId, err: error },
          'order parked: the consumer cannot digest an event of it',
        );
      }
      return step;
    } catch (error) {
      const cause = blame(error);
      if (cause === 'collision') collisions += 1;
      // In split mode the consumer's own errors do not come out here.
      const again = cause === 'collision' ? collisions < COLLISIONS_IN_A_ROW : !split;
      if (cause === 'database' || !again) throw error;
      if (cause === 'event') split = true;
    }
  }
}

/**
 * One consumer of a kind at a time. The session may not sit idle for long while it has the lock:
 * the server would not notice for hours that a machine is gone.
 */
async function lockSession(session: Database<ConsumerTables>, name: string): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`
    select pg_try_advisory_lock(hashtextextended('steward stream ' || ${name}, 0)) as locked,
      set_config('idle_session_timeout', '60000', false)`.execute(session);
  return rows[0]?.locked ?? false;
}

async function unlockSession(
  parts: StreamParts,
  session: Database<ConsumerTables>,
  name: string,
): Promise<void> {
  try {
    await sql`
      select pg_advisory_unlock(hashtextextended('steward stream ' || ${name}, 0)),
        set_config('idle_session_timeout', '0', false)`.execute(session);
  } catch (error) {
    // Mostly the connection is gone, and the lock with it.
    parts.logger.warn({ consumer: name, err: error }, 'the lock of a consumer was not given back');
  }
}
