import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { defineConsumer, extendedOrderSchema } from './index.ts';
import { createBooks } from './test-books.ts';
import {
  createRecorder,
  createTestStream,
  RECORDER,
  type RecorderTables,
  readSeen,
} from './test-recorder.ts';
import { buildLife, writeEvents } from './testing.ts';

describe.each(['one', 'two'] as const)('with log and books in %s database(s)', (kind) => {
  test('every event takes effect once, in the order of the stream', async () => {
    const { log, books } = await createBooks(kind);
    const lives = Array.from({ length: 10 }, () => buildLife());
    const events = lives.flat();
    for (const event of events) await writeEvents(log, [event]);
    const stream = createTestStream(log, books, createRecorder());

    const report = await stream.consume(RECORDER);

    expect(report).toEqual({
      consumer: RECORDER,
      outcome: 'done',
      applied: 50,
      parked: 0,
      heldBack: 0,
    });
    expect((await readSeen(books)).map((row) => row.event_id)).toEqual(
      events.map((event) => event.eventId),
    );
    expect(await stream.consume(RECORDER)).toMatchObject({ applied: 0, outcome: 'done' });
  });

  test('an order that cannot be digested is parked, and the others go on', async () => {
    const { log, books } = await createBooks(kind);
    const [good, bad] = [buildLife(), buildLife()];
    for (let i = 0; i < 5; i += 1) {
      for (const life of [good, bad]) await writeEvents(log, life.slice(i, i + 1));
    }
    let poisoned = true;
    const poison = bad[2]?.eventId;
    const consumer = createRecorder({
      onApplied: async (event) => {
        if (poisoned && event.eventId === poison) throw new Error('no stomach for this');
      },
    });
    const stream = createTestStream(log, books, consumer);

    expect(await stream.consume(RECORDER)).toMatchObject({ applied: 7, parked: 1 });

    const versions = async (life: typeof good) =>
      (await readSeen(books))
        .filter((row) => row.order_id === life[0]?.snapshot.id)
        .map((row) => row.version);
    expect(await versions(good)).toEqual([1, 2, 3, 4, 5]);
    expect(await versions(bad)).toEqual([1, 2]);
    const orderId = bad[0]?.snapshot.id ?? '';
    const parked = await stream.parked({ limit: 10 });
    expect(parked).toMatchObject({
      nextCursor: null,
      data: [
        {
          consumer: RECORDER,
          orderId,
          eventId: poison,
          error: 'no stomach for this',
          attempts: 1,
          waitingEvents: 3,
        },
      ],
    });

    expect(await stream.retry(RECORDER, orderId, 'anna')).toEqual({
      outcome: 'parked',
      applied: 0,
      error: 'no stomach for this',
    });
    expect((await stream.parked({ limit: 10 })).data[0]?.attempts).toBe(2);

    poisoned = false;
    expect(await stream.retry(RECORDER, orderId, 'anna')).toEqual({
      outcome: 'mended',
      applied: 3,
      error: null,
    });
    expect(await versions(bad)).toEqual([1, 2, 3, 4, 5]);
    expect((await stream.status()).consumers[0]).toMatchObject({
      eventsBehind: 0,
      parkedOrders: 0,
      waitingEvents: 0,
    });
  });

  test('a skipped event is left out for ever, in a replay too, and those behind it go on', async () => {
    const { log, books } = await createBooks(kind);
    const life = buildLife();
    await writeEvents(log, life);
    const poison = life[1]?.eventId;
    const orderId = life[0]?.snapshot.id ?? '';
    const consumer = createRecorder({
      onApplied: (event) => {
        if (event.eventId === poison) throw new Error('never');
      },
    });
    const stream = createTestStream(log, books, consumer);
    await stream.consume(RECORDER);

    await expect(stream.skip(RECORDER, orderId, { reason: ' ', by: 'anna' })).rejects.toMatchObject(
      { kind: 'invalid' },
    );
    expect(await stream.skip(RECORDER, orderId, { reason: 'broken by hand', by: 'anna' })).toEqual({
      outcome: 'mended',
      applied: 3,
      error: null,
    });

    expect((await readSeen(books)).map((row) => row.version)).toEqual([1, 3, 4, 5]);
    expect(
      await books.selectFrom('stream_consumers.skipped_events').selectAll().execute(),
    ).toMatchObject([{ event_id: poison, reason: 'broken by hand', skipped_by: 'anna' }]);

    await stream.replay(RECORDER, { by: 'anna' });
    expect(await stream.consume(RECORDER)).toMatchObject({ applied: 4, parked: 0 });
    expect((await readSeen(books)).map((row) => row.version)).toEqual([1, 3, 4, 5]);
  });

  test('a batch that is rolled back is taken again, with effects once', async () => {
    const { log, books } = await createBooks(kind);
    await writeEvents(log, buildLife());
    let left = 2;
    const deadlock = Object.assign(new Error('deadlock detected'), { code: '40P01' });
    const consumer = createRecorder({
      onApplied: (event) => {
        if (event.version === 4 && left > 0) {
          left -= 1;
          throw deadlock;
        }
      },
    });
    expect(await createTestStream(log, books, consumer).consume(RECORDER)).toMatchObject({
      applied: 5,
      parked: 0,
    });
    expect(await readSeen(books)).toHaveLength(5);
  });
});

test('a fault of the database parks nothing and is thrown', async () => {
  const { log, books } = await createBooks('one');
  await writeEvents(log, buildLife());
  const consumer = defineConsumer<RecorderTables>({
    name: 'test.misfit',
    replay: 'repeat',
    apply: async (tx) => {
      await sql`insert into not_migrated_yet values (1)`.execute(tx);
    },
  });
  const stream = createTestStream(log, books, consumer);
  await expect(stream.consume('test.misfit')).rejects.toMatchObject({ code: '42P01' });
  expect((await stream.parked({ limit: 5 })).data).toEqual([]);
  expect((await stream.status()).consumers[0]).toMatchObject({ eventsBehind: 5, parkedOrders: 0 });
  expect(await stream.consumeAll()).toMatchObject([{ consumer: 'test.misfit', outcome: 'failed' }]);
});

test('a connection that is cut in a batch parks nothing; the next run goes on', async () => {
  const { log, books, logSide } = await createBooks('one');
  await writeEvents(log, buildLife());
  const other = logSide.open();
  let cut = false;
  const consumer = createRecorder({
    onApplied: async (event) => {
      if (event.version !== 3 || cut) return;
      cut = true;
      await sql`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and state = 'idle in transaction'`.execute(other);
    },
  });
  const stream = createTestStream(log, books, consumer);
  await expect(stream.consume(RECORDER)).rejects.toMatchObject({ kind: 'unavailable' });
  expect(await readSeen(other)).toEqual([]);
  expect(await stream.consume(RECORDER)).toMatchObject({ applied: 5, parked: 0 });
  expect(await readSeen(other)).toHaveLength(5);
});

test('a constraint that only speaks at commit parks the order that broke it', async () => {
  const { log, books } = await createBooks('one');
  await sql`create table allowed (version int primary key)`.execute(books);
  await sql`insert into allowed values (1), (2), (4), (5)`.execute(books);
  await sql`alter table recorder.seen add foreign key (version) references allowed
    deferrable initially deferred`.execute(books);
  const life = buildLife();
  await writeEvents(log, [...life, ...buildLife(['order.assigned', 'order.cancelled'])]);
  const stream = createTestStream(log, books, createRecorder());
  expect(await stream.consume(RECORDER)).toMatchObject({ applied: 4, parked: 1 });
  expect((await stream.parked({ limit: 5 })).data).toMatchObject([
    { eventId: life[2]?.eventId, error: expect.stringContaining('23503') },
  ]);
});

test('one consumer of a kind is active at a time', async () => {
  const { log, books } = await createBooks('one');
  await writeEvents(log, buildLife());
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let entered = () => {};
  const inside = new Promise<void>((resolve) => {
    entered = resolve;
  });
  const first = createTestStream(
    log,
    books,
    createRecorder({
      onApplied: async () => {
        entered();
        await gate;
      },
    }),
  );
  const second = createTestStream(log, books, createRecorder());
  const running = first.consume(RECORDER);
  await inside;
  expect(await second.consume(RECORDER)).toMatchObject({ outcome: 'busy', applied: 0 });
  release();
  expect(await running).toMatchObject({ outcome: 'done', applied: 5 });
  expect(await second.consume(RECORDER)).toMatchObject({ outcome: 'done', applied: 0 });
  expect(await readSeen(books)).toHaveLength(5);
});

test('two consumers without the lock, as behind a pooler, still apply each event once', async () => {
  const { log, books, logSide } = await createBooks('one');
  for (let i = 0; i < 20; i += 1) await writeEvents(log, buildLife());
  const slow = () =>
    createRecorder({ batchSize: 3, onApplied: async () => void (await delay(Math.random() * 3)) });
  // New sessions find these before the server's own: everybody gets every lock.
  await sql`create schema no_locks`.execute(books);
  await sql`create function no_locks.pg_try_advisory_lock(bigint) returns boolean
    language sql as 'select true'`.execute(books);
  await sql`create function no_locks.pg_advisory_unlock(bigint) returns boolean
    language sql as 'select true'`.execute(books);
  await sql`do $$ begin execute format(
    'alter database %I set search_path = no_locks, pg_catalog, public', current_database());
    end $$`.execute(books);
  const pools = [logSide.open(), logSide.open()];
  const streams = pools.map((pool) => createTestStream(pool, pool, slow()));
  const reports = await Promise.all(streams.map((stream) => stream.consume(RECORDER)));
  expect(reports.map((report) => report.outcome)).toEqual(['done', 'done']);
  expect(reports.reduce((sum, report) => sum + report.applied, 0)).toBe(100);
  expect(new Set((await readSeen(books)).map((row) => row.event_id)).size).toBe(100);
  expect(await readSeen(books)).toHaveLength(100);
});

test('what is written is a valid snapshot', () => {
  for (const event of buildLife()) {
    expect(extendedOrderSchema.parse(event.snapshot)).toEqual(event.snapshot);
  }
});
