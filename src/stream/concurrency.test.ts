import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import type { Database } from '../platform/postgres/database.ts';
import { readEnd, readEvents, START, type StreamTables } from './index.ts';
import { createBooks } from './test-books.ts';
import {
  createRecorder,
  createTestStream,
  RECORDER,
  type RecorderTables,
  readSeen,
} from './test-recorder.ts';
import { buildLife, buildOrder, GOOD_LIFE, type NewEvent, writeEvents } from './testing.ts';

const WRITERS = 16;
const ORDERS_OF_A_WRITER = 12;

class Changed extends Error {}

/** Orders that move on, as order execution does it; some transactions dawdle, some are undone. */
async function write(db: Database<StreamTables>): Promise<string[]> {
  const committed: string[] = [];
  for (let i = 0; i < ORDERS_OF_A_WRITER; i += 1) {
    for (const event of buildLife(GOOD_LIFE.slice(0, 3))) {
      const undone = Math.random() < 0.2;
      const attempt = (giveUp: boolean) =>
        db.transaction().execute(async (tx) => {
          await writeEvents(tx, [event]);
          await delay(Math.random() * 12);
          if (giveUp) throw new Changed();
        });
      if (undone) await expect(attempt(true)).rejects.toBeInstanceOf(Changed);
      await attempt(false);
      committed.push(event.eventId);
    }
  }
  return committed;
}

test('sixteen writers that commit in any order and roll back: each event once, none lost', async () => {
  const { log, books, logSide } = await createBooks('one');
  const pools = [logSide.open(), logSide.open()];
  const stream = createTestStream(log, books, createRecorder({ batchSize: 20 }));
  let writing = true;
  const writers = Promise.all(
    Array.from({ length: WRITERS }, (_, index) => write(pools[index % 2] ?? log)),
  ).finally(() => {
    writing = false;
  });
  while (writing) await stream.consume(RECORDER);
  const committed = (await writers).flat().sort();
  await stream.consume(RECORDER);

  const seen = await readSeen(books);
  expect(seen.map((row) => row.event_id).sort()).toEqual(committed);
  const versions = new Map<string, number>();
  for (const row of seen) {
    expect(row.version).toBe((versions.get(row.order_id) ?? 0) + 1);
    versions.set(row.order_id, row.version);
  }
});

test('an event behind an open transaction is not read before it ends, and the status says so', async () => {
  const { log, books, logSide } = await createBooks('one');
  const stream = createTestStream(log, books, createRecorder());
  const [early, late] = [buildLife(['order.assigned']), buildLife(['order.assigned'])];
  const other = logSide.open();
  await other.transaction().execute(async (tx) => {
    await writeEvents(tx, early);
    await writeEvents(log, late);

    expect(await stream.consume(RECORDER)).toMatchObject({ applied: 0, heldBack: 1 });
    expect(await readEvents(log, START, 10)).toEqual([]);
    const { pid } = (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx))
      .rows[0] ?? { pid: 0 };
    expect(await stream.status()).toMatchObject({
      log: 'ready',
      consumers: [{ consumer: RECORDER, eventsBehind: 1 }],
      heldBack: { events: 1, pid, application: 'test', since: expect.any(Date) },
    });
  });
  expect(await stream.consume(RECORDER)).toMatchObject({ applied: 2, heldBack: 0 });
  expect((await readSeen(books)).map((row) => row.event_id)).toEqual(
    [...early, ...late].map((event) => event.eventId),
  );
  const all = await readEvents(log, START, 10);
  expect(await readEnd(log)).toEqual({ xid: all[1]?.xid, position: all[1]?.position });
  expect(await stream.status()).toMatchObject({ heldBack: null });
});

test('an open transaction in another database of the server holds nothing back', async () => {
  const { log, books, logSide } = await createBooks('two');
  const worker = createTestStream(logSide.open('steward_stream_reader'), books, createRecorder());
  await books.transaction().execute(async (tx) => {
    await sql`select pg_current_xact_id()`.execute(tx);
    await writeEvents(log, buildLife());
    expect(await worker.consume(RECORDER)).toMatchObject({ applied: 5, heldBack: 0 });
    expect(await readEvents(log, START, 10)).toHaveLength(5);
    expect((await worker.status()).heldBack).toBeNull();
  });
});

/** The second version by a transaction whose id is older than that of the first. */
async function writeOutOfOrder(
  db: Database<RecorderTables>,
  first: readonly NewEvent[],
  second: readonly NewEvent[],
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`select pg_current_xact_id()`.execute(tx);
    await db.transaction().execute((other) => writeEvents(other, first));
    await writeEvents(tx, second);
  });
}

test.each([1, 2, 50])(
  'versions of an order come in order though their transactions began in another (batches of %i)',
  async (batchSize) => {
    const { log, books } = await createBooks('one');
    const order = buildOrder();
    const life = buildLife(GOOD_LIFE, order);
    await writeOutOfOrder(log, life.slice(0, 1), life.slice(1, 2));
    await writeOutOfOrder(log, life.slice(2, 3), life.slice(3, 5));
    const stream = createTestStream(log, books, createRecorder({ batchSize }));
    expect(await stream.consume(RECORDER)).toMatchObject({ applied: 5, parked: 0 });
    expect((await readSeen(books)).map((row) => row.version)).toEqual([1, 2, 3, 4, 5]);
    expect((await stream.status()).consumers[0]).toMatchObject({ waitingEvents: 0 });
  },
);

test('a later version waits while a third transaction keeps the earlier one from being read', async () => {
  const { log, books, logSide } = await createBooks('one');
  const other = logSide.open();
  const life = buildLife(GOOD_LIFE.slice(0, 2));
  const stream = createTestStream(log, books, createRecorder());
  await other.connection().execute(async (third) => {
    await log.transaction().execute(async (tx) => {
      await sql`select pg_current_xact_id()`.execute(tx);
      await sql`begin`.execute(third);
      await sql`select pg_current_xact_id()`.execute(third);
      await log.transaction().execute((one) => writeEvents(one, life.slice(0, 1)));
      await writeEvents(tx, life.slice(1));
    });
    expect(await stream.consume(RECORDER)).toMatchObject({ applied: 0, heldBack: 1 });
    expect((await stream.status()).consumers[0]).toMatchObject({ waitingEvents: 1 });
    await sql`commit`.execute(third);
  });
  expect(await stream.consume(RECORDER)).toMatchObject({ applied: 2, heldBack: 0 });
  expect((await readSeen(books)).map((row) => row.version)).toEqual([1, 2]);
});
