import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { unavailable } from '../platform/errors.ts';
import type { Database } from '../platform/postgres/database.ts';
import { defineConsumer } from './index.ts';
import { createBooks } from './test-books.ts';
import {
  createRecorder,
  createTestStream,
  RECORDER,
  type RecorderTables,
  readSeen,
} from './test-recorder.ts';
import { buildLife, GOOD_LIFE, writeEvents } from './testing.ts';

const CHILD = new URL('./test-consumer-process.ts', import.meta.url);

test('a consumer killed in the middle of a batch leaves no half batch, and nothing twice', async () => {
  const { log, books, logSide, bookSide } = await createBooks('two');
  for (let i = 0; i < 6; i += 1) await writeEvents(log, buildLife());
  const stream = createTestStream(log, books, createRecorder());
  for (const [stopAfter, committed] of [
    [3, 0],
    [10, 7],
    [9, 14],
  ]) {
    const child = fork(CHILD, [logSide.url, bookSide.url, String(stopAfter)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child, 'message');
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    // Whole batches of 7.
    expect(await readSeen(books)).toHaveLength(committed ?? 0);
  }
  // The server needs a moment to notice that the process is gone, and its lock with it.
  let report = await stream.consume(RECORDER);
  while (report.outcome === 'busy') {
    await delay(20);
    report = await stream.consume(RECORDER);
  }
  const seen = await readSeen(books);
  expect(seen).toHaveLength(30);
  expect(new Set(seen.map((row) => row.event_id)).size).toBe(30);
});

/** A projection whose state depends on everything: order, repetition, loss. */
function projection(batchSize: number, crash: () => boolean) {
  return defineConsumer<RecorderTables>({
    name: 'test.projection',
    batchSize,
    replay: 'reset',
    reset: async (tx) => {
      await sql`delete from digest`.execute(tx);
    },
    apply: async (tx, events) => {
      for (const event of events) {
        await sql`insert into digest values (${event.orderId}, md5(${event.eventId}))
          on conflict (order_id) do update set chain = md5(digest.chain || ${event.eventId})`.execute(
          tx,
        );
        if (crash()) throw unavailable('database_unavailable', 'The process dies here.');
      }
      if (crash()) throw unavailable('database_unavailable', 'The process dies before its commit.');
    },
  });
}

async function readDigest(db: Database<RecorderTables>): Promise<unknown> {
  const { rows } = await sql`select order_id, chain from digest order by order_id`.execute(db);
  return rows;
}

test('the same events give the same state, whatever the batches and crashes in between', async () => {
  const { log, books } = await createBooks('one');
  await sql`create table digest (order_id uuid primary key, chain text not null)`.execute(books);
  const run = async (batchSize: number, crash: () => boolean): Promise<unknown> => {
    const stream = createTestStream(log, books, projection(batchSize, crash));
    await stream.replay('test.projection', { by: 'test' });
    for (;;) {
      const report = await stream.consume('test.projection').catch(() => undefined);
      if (report?.outcome === 'done') return readDigest(books);
    }
  };
  let first = true;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(7), fc.nat(4)), { minLength: 1, maxLength: 25 }),
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.boolean(), { maxLength: 6 }),
      async (picks, batchSize, crashes) => {
        // Orders move on in any interleaving; the log grows from run to run.
        const lives = Array.from({ length: 8 }, () => buildLife(GOOD_LIFE));
        for (const [order, steps] of picks) {
          await writeEvents(log, lives[order]?.splice(0, steps) ?? []);
        }
        if (first) {
          await createTestStream(
            log,
            books,
            projection(1, () => false),
          ).consume('test.projection');
          first = false;
        }
        const expected = await run(500, () => false);
        const plan = [...crashes];
        expect(await run(batchSize, () => plan.shift() ?? false)).toEqual(expected);
      },
    ),
    { numRuns: 12 },
  );
});
