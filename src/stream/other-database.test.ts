import { randomBytes } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createTestDatabase } from '../../test/database.ts';
import { createScratchDatabase, dropScratchDatabase } from '../../test/scratch-database.ts';
import { type Database, openDatabase } from '../platform/postgres/database.ts';
import { migrate } from '../platform/postgres/migrations.ts';
import { platformMigrations } from '../platform/postgres/roles.ts';
import {
  type ConsumerTables,
  defineConsumer,
  type OrderEvent,
  type StreamTables,
} from './index.ts';
import { consumerMigrations } from './migrations/index.ts';
import {
  createRecorder,
  createSeen,
  createTestStream,
  RECORDER,
  type RecorderTables,
  readSeen,
} from './test-recorder.ts';
import {
  buildCustomer,
  buildLife,
  buildOrder,
  buildWorker,
  nextVersion,
  writeEvents,
  writePersonal,
} from './testing.ts';

/** All that a process needs in the database of its books, whatever it is called. */
const BOOKS_RIGHTS = [
  'usage on schema stream_consumers, recorder',
  'select, insert, update on stream_consumers.cursors',
  'select, insert, update, delete on stream_consumers.parked_orders',
  'select, insert, delete on stream_consumers.parked_events',
  'select, insert on stream_consumers.skipped_events',
  'select, insert, delete on recorder.seen',
];

const DENIED = expect.objectContaining({ code: '42501' });

/**
 * A part that stands apart: it logs in to the main database as a stream reader and to a database
 * of its own as somebody whom the main part does not know. One connection to each must do.
 */
async function openApart() {
  const main = await createTestDatabase<RecorderTables>();
  const serverUrl = inject('serverUrl');
  const scratch = await createScratchDatabase(serverUrl, 'apart');
  await migrate(scratch.url, [
    { context: 'platform', migrations: platformMigrations },
    { context: 'stream-consumers', migrations: consumerMigrations },
  ]);
  const own = openDatabase<RecorderTables>({ url: scratch.url, applicationName: 'test', max: 2 });
  const pools: Database<RecorderTables>[] = [own];
  const names: string[] = [];
  onTestFinished(async () => {
    await Promise.all(pools.map((pool) => pool.destroy()));
    await dropScratchDatabase(serverUrl, scratch.name);
    for (const name of names) await sql.raw(`drop role ${name}`).execute(main.db);
  });
  const logIn = async (url: string, membership: string) => {
    const name = `apart_${randomBytes(6).toString('hex')}`;
    const password = randomBytes(8).toString('hex');
    await sql.raw(`create role ${name} login password '${password}' ${membership}`).execute(own);
    names.push(name);
    const personal = new URL(url);
    personal.username = name;
    personal.password = password;
    const options = { url: personal.href, applicationName: 'test apart', max: 1 };
    const pool = openDatabase<RecorderTables>(options);
    pools.push(pool);
    return { name, pool };
  };
  await createSeen(own);
  const reader = await logIn(main.url, 'in role steward_stream_reader');
  const keeper = await logIn(scratch.url, '');
  for (const right of BOOKS_RIGHTS) {
    await sql.raw(`grant ${right} to ${keeper.name}`).execute(own);
  }
  return { main: main.db, own, log: reader.pool, books: keeper.pool };
}

const parkedOrders = (db: Database<RecorderTables>) =>
  db.selectFrom('stream_consumers.parked_orders').select('order_id').execute();

test('a stream reader with books elsewhere consumes, parks, retries, skips and replays', async () => {
  const { main, own, log, books } = await openApart();
  const [good, sick, hopeless] = [buildLife(), buildLife(), buildLife()];
  await writeEvents(main, [...good, ...sick, ...hopeless]);
  const poison = new Set([sick[1]?.eventId, hopeless[3]?.eventId]);
  const onApplied = (event: OrderEvent) => {
    if (poison.has(event.eventId)) throw new Error('not yet');
  };
  const stream = createTestStream(log, books, createRecorder({ onApplied }));
  const [sickId, hopelessId] = [sick, hopeless].map((life) => life[0]?.snapshot.id ?? '');

  expect((await stream.status()).consumers).toMatchObject([{ eventsBehind: 15, parkedOrders: 0 }]);
  expect(await stream.consume(RECORDER)).toMatchObject({
    outcome: 'done',
    applied: 9,
    parked: 2,
    heldBack: 0,
  });
  expect(await stream.status()).toMatchObject({
    log: 'ready',
    heldBack: null,
    consumers: [{ eventsBehind: 0, parkedOrders: 2, waitingEvents: 6 }],
  });
  const parked = await stream.parked({ limit: 10 });
  expect(parked.data.map((one) => one.orderId).sort()).toEqual([sickId, hopelessId].sort());

  expect(await stream.retry(RECORDER, sickId ?? '', 'anna')).toMatchObject({ outcome: 'parked' });
  poison.delete(sick[1]?.eventId);
  expect(await stream.retry(RECORDER, sickId ?? '', 'anna')).toMatchObject({
    outcome: 'mended',
    applied: 4,
  });
  const skip = { reason: 'test data', by: 'anna' };
  expect(await stream.skip(RECORDER, hopelessId ?? '', skip)).toMatchObject({
    outcome: 'mended',
    applied: 1,
  });
  expect(await parkedOrders(own)).toEqual([]);
  expect(await readSeen(own)).toHaveLength(14);

  expect(await stream.replay(RECORDER, { by: 'anna', dryRun: true })).toMatchObject({
    outcome: 'planned',
    events: 15,
  });
  expect(await stream.replay(RECORDER, { by: 'anna' })).toMatchObject({ outcome: 'done' });
  expect(await readSeen(own)).toEqual([]);
  expect(await stream.consume(RECORDER)).toMatchObject({ applied: 14, parked: 0 });
  expect(await readSeen(own)).toHaveLength(14);
});

test('what somebody asked for in the books is done at the next run', async () => {
  const { main, own, log, books } = await openApart();
  const life = buildLife();
  await writeEvents(main, life);
  let poisoned = true;
  const onApplied = (event: OrderEvent) => {
    if (poisoned && event.version === 2) throw new Error('not yet');
  };
  const stream = createTestStream(log, books, createRecorder({ onApplied }));
  expect(await stream.consume(RECORDER)).toMatchObject({ applied: 1, parked: 1 });
  poisoned = false;
  const ask = (statement: RawBuilder<unknown>) => statement.execute(own);
  await ask(sql`update stream_consumers.parked_orders
    set retry_requested_at = now(), retry_requested_by = 'olga'`);
  expect(await stream.consume(RECORDER)).toMatchObject({ applied: 4 });
  await ask(sql`update stream_consumers.cursors set replay_xid = '0', replay_position = 0,
    replay_requested_at = now(), replay_requested_by = 'olga'`);
  expect(await stream.consume(RECORDER)).toMatchObject({ applied: 5 });
  expect((await readSeen(own)).map((row) => row.version)).toEqual([1, 2, 3, 4, 5]);
});

test('versions that stand in the log the wrong way round wait in the books', async () => {
  const { main, own, log, books } = await openApart();
  const order = buildOrder();
  const [first, second] = buildLife(['order.assigned', 'order.supplied'], order);
  if (!first || !second) throw new Error('a life of two events has two');
  await main.transaction().execute(async (tx) => {
    // The later version's transaction has the lower id.
    await sql`select pg_current_xact_id()`.execute(tx);
    await main.transaction().execute((other) => writeEvents(other, [first]));
    await writeEvents(tx, [second]);
  });
  const stream = createTestStream(log, books, createRecorder({ batchSize: 1 }));
  expect(await stream.consume(RECORDER)).toMatchObject({ applied: 2, parked: 0 });
  expect((await readSeen(own)).map((row) => row.version)).toEqual([1, 2]);
  expect((await stream.status()).consumers).toMatchObject([{ waitingEvents: 0 }]);
});

test('it learns from the stream alone whose token is whose, and a later change of that', async () => {
  const { main, log, books } = await openApart();
  const order = buildOrder();
  const [customer, worker] = [buildCustomer(), buildWorker()];
  await writePersonal(main, 'customer', order.customer.id, customer);
  await writePersonal(main, 'worker', order.worker.id, worker);
  await writeEvents(main, buildLife(['order.assigned'], order));
  const met: unknown[] = [];
  const consumer = defineConsumer<ConsumerTables>({
    name: 'test.people',
    replay: 'repeat',
    apply: async (_tx, events, context) => {
      for (const { snapshot } of events) {
        const people = await context.readPersonal([snapshot.customer.id, snapshot.worker.id]);
        met.push([people.get(order.customer.id)?.data, people.get(order.worker.id)?.data]);
      }
    },
  });
  const stream = createTestStream(log, books, consumer);
  await stream.consume('test.people');
  const changed = buildWorker();
  await writePersonal(main, 'worker', order.worker.id, changed);
  const supplied = nextVersion(order, 'order.supplied');
  const [event] = buildLife(['order.supplied'], supplied);
  await writeEvents(main, event ? [event] : []);
  await stream.consume('test.people');
  expect(met).toEqual([
    [customer, worker],
    [customer, changed],
  ]);
});

test('each side stays on its own: the reader writes nothing, the books know no log', async () => {
  const { main, log, books } = await openApart();
  await writeEvents(main, buildLife());
  const other: Database<StreamTables> = books;
  await expect(writeEvents(log, buildLife())).rejects.toThrow(DENIED);
  await expect(writePersonal(log, 'customer', buildOrder().id, buildCustomer())).rejects.toThrow(
    DENIED,
  );
  await expect(createTestStream(log, log, createRecorder()).consume(RECORDER)).rejects.toThrow(
    DENIED,
  );
  await expect(sql`select from stream.order_events`.execute(other)).rejects.toMatchObject({
    code: '42P01',
  });
});
