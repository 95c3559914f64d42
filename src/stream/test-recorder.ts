import { sql } from 'kysely';
import { createVirtualClock } from '../platform/clock.ts';
import type { Database } from '../platform/postgres/database.ts';
import {
  type Consumer,
  type ConsumerTables,
  createStream,
  defineConsumer,
  type OrderEvent,
  type StreamTables,
} from './index.ts';

interface SeenTable {
  number: bigint;
  event_id: string;
  order_id: string;
  version: number;
}
/** The tables of {@link createRecorder}, the consumer of these tests, with log and books. */
export type RecorderTables = StreamTables & ConsumerTables & { 'recorder.seen': SeenTable };

export const RECORDER = 'test.recorder';

export const testClock = createVirtualClock(new Date('2026-03-02T12:00:00Z'));

/** No unique constraint on events: one applied twice is seen twice. */
export async function createSeen(books: Database<RecorderTables>): Promise<void> {
  await sql`create schema recorder`.execute(books);
  await sql`create table recorder.seen (number bigint generated always as identity, event_id uuid not null,
    order_id uuid not null, version int not null)`.execute(books);
  await sql`grant usage on schema recorder to steward_worker`.execute(books);
  await sql`grant select, insert, delete on recorder.seen to steward_worker`.execute(books);
}

/** A consumer that writes down what it gets, and does what the test wants. */
export function createRecorder(
  hooks: { onApplied?: (event: OrderEvent) => void | Promise<void>; batchSize?: number } = {},
): Consumer {
  return defineConsumer<RecorderTables>({
    name: RECORDER,
    batchSize: hooks.batchSize ?? 7,
    replay: 'reset',
    reset: async (tx) => {
      await tx.deleteFrom('recorder.seen').execute();
    },
    apply: async (tx, events) => {
      for (const event of events) {
        await sql`insert into recorder.seen (event_id, order_id, version)
          values (${event.eventId}, ${event.orderId}, ${event.version})`.execute(tx);
        await hooks.onApplied?.(event);
      }
    },
  });
}

/** A stream with one consumer; warnings go nowhere. */
export function createTestStream(
  log: Database<StreamTables>,
  books: Database<ConsumerTables>,
  consumer: Consumer,
) {
  const logger = { warn: () => undefined };
  return createStream({ log, books, consumers: [consumer], clock: testClock, logger });
}

/** What the recorder wrote down, in the order in which it did. */
export async function readSeen(db: Database<RecorderTables>) {
  return db
    .selectFrom('recorder.seen')
    .select(['event_id', 'order_id', 'version'])
    .orderBy('number')
    .execute();
}
