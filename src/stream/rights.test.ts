import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { type ConsumerTables, defineConsumer, erasePersonal, readPersonal } from './index.ts';
import { createBooks } from './test-books.ts';
import {
  createRecorder,
  createTestStream,
  RECORDER,
  type RecorderTables,
  readSeen,
} from './test-recorder.ts';
import { buildCustomer, buildLife, writeEvents, writePersonal } from './testing.ts';

test('the worker role feeds and mends consumers; the stream reader reads the log and no more', async () => {
  const { log, books, logSide, bookSide } = await createBooks('two');
  const life = buildLife();
  await writeEvents(log, life);
  let poisoned = true;
  const consumer = createRecorder({
    onApplied: (event) => {
      if (poisoned && event.version === 2) throw new Error('not yet');
    },
  });
  const reader = logSide.open('steward_stream_reader');
  const stream = createTestStream(reader, bookSide.open('steward_worker'), consumer);
  expect(await stream.consume(RECORDER)).toMatchObject({ applied: 1, parked: 1 });
  expect((await stream.status()).consumers[0]).toMatchObject({ parkedOrders: 1, waitingEvents: 4 });
  poisoned = false;
  await stream.retry(RECORDER, life[0]?.snapshot.id ?? '', 'anna');
  expect(await readSeen(books)).toHaveLength(5);
  await stream.replay(RECORDER, { by: 'anna' });
  expect(await stream.consume(RECORDER)).toMatchObject({ applied: 5 });
  await expect(writeEvents(reader, buildLife())).rejects.toMatchObject({ code: '42501' });
});

test('ops without rights on the tables of a consumer ask, and the worker does it', async () => {
  const { log, books, logSide } = await createBooks('one');
  const [first, second] = [buildLife(), buildLife()];
  await writeEvents(log, [...first, ...second]);
  const poison = new Set([first[2]?.eventId, second[3]?.eventId]);
  const healed = new Set<string>();
  const consumer = createRecorder({
    onApplied: (event) => {
      if (poison.has(event.eventId) && !healed.has(event.orderId)) throw new Error('not yet');
    },
  });
  const asWorker = logSide.open('steward_worker');
  const worker = createTestStream(asWorker, asWorker, consumer);
  const asOps = logSide.open('steward_ops');
  const ops = createTestStream(asOps, asOps, consumer);
  expect(await worker.consume(RECORDER)).toMatchObject({ applied: 5, parked: 2 });

  const page = await ops.parked({ limit: 1 });
  expect(page.data).toHaveLength(1);
  const rest = await ops.parked({ limit: 1, cursor: page.nextCursor ?? undefined });
  expect([...page.data, ...rest.data].map((one) => one.orderId).sort()).toEqual(
    [first, second].map((life) => life[0]?.snapshot.id).sort(),
  );
  expect(rest.nextCursor).toBeNull();

  const orders = [first, second].map((life) => life[0]?.snapshot.id ?? '');
  healed.add(orders[0] ?? '');
  expect(await ops.retry(RECORDER, orders[0] ?? '', 'olga')).toEqual({
    outcome: 'requested',
    applied: 0,
    error: null,
  });
  const skip = { reason: 'test data', by: 'olga' };
  expect((await ops.skip(RECORDER, orders[1] ?? '', skip)).outcome).toBe('requested');
  expect(await worker.consume(RECORDER)).toMatchObject({ applied: 4, parked: 0 });
  expect(await readSeen(books)).toHaveLength(9);
  expect((await ops.parked({ limit: 10 })).data).toEqual([]);

  expect(await ops.replay(RECORDER, { by: 'olga', dryRun: true })).toMatchObject({
    outcome: 'planned',
    events: 10,
  });
  expect((await ops.replay(RECORDER, { by: 'olga' })).outcome).toBe('requested');
  expect((await ops.status()).consumers[0]?.replayRequestedAt).toBeInstanceOf(Date);
  expect(await worker.consume(RECORDER)).toMatchObject({ applied: 9, parked: 0 });
  expect(await readSeen(books)).toHaveLength(9);
});

test('who asks for an order that is not parked, or a consumer that is none, is told so', async () => {
  const { log, books } = await createBooks('one');
  const stream = createTestStream(log, books, createRecorder());
  await stream.consume(RECORDER);
  for (const id of [randomUUID(), 'nonsense']) {
    await expect(stream.retry(RECORDER, id, 'anna')).rejects.toMatchObject({
      code: 'parked_order_not_found',
    });
    await expect(stream.skip(RECORDER, id, { reason: 'x', by: 'anna' })).rejects.toMatchObject({
      kind: 'not_found',
    });
  }
  await expect(stream.consume('test.nobody')).rejects.toMatchObject({ code: 'consumer_not_found' });
  await expect(stream.parked({ limit: 5, cursor: 'nonsense' })).rejects.toMatchObject({
    kind: 'invalid',
  });
});

/** Like mail: what went out cannot be called back; a unique constraint keeps it at once. */
function createSender() {
  return defineConsumer<ConsumerTables>({
    name: 'test.sender',
    replay: 'repeat',
    apply: async (tx, events) => {
      for (const event of events) {
        await sql`insert into sent values (${event.eventId}) on conflict do nothing`.execute(tx);
      }
    },
  });
}

test('a consumer whose effects cannot be undone reads again from a place, without a second effect', async () => {
  const { log, books } = await createBooks('one');
  await sql`create table sent (event_id uuid primary key)`.execute(books);
  const life = buildLife();
  for (const event of life) await writeEvents(log, [event]);
  const stream = createTestStream(log, books, createSender());
  await stream.consume('test.sender');
  await sql`delete from sent where event_id = ${life[4]?.eventId}`.execute(books);

  const from = { time: life[2]?.occurredAt ?? new Date() };
  const plan = await stream.replay('test.sender', { from, dryRun: true, by: 'anna' });
  expect(plan).toMatchObject({ outcome: 'planned', events: 3 });
  expect((await stream.status()).consumers[0]).toMatchObject({ eventsBehind: 0 });
  expect((await stream.replay('test.sender', { from, by: 'anna' })).outcome).toBe('done');
  expect((await stream.status()).consumers[0]).toMatchObject({ eventsBehind: 3 });
  expect(await stream.consume('test.sender')).toMatchObject({ applied: 3 });
  expect((await sql`select from sent`.execute(books)).rows).toHaveLength(5);

  const position = plan.cursor.position + 2n;
  expect(
    await stream.replay('test.sender', { from: { position }, dryRun: true, by: 'anna' }),
  ).toMatchObject({ events: 2 });
  await expect(stream.replay('test.sender', { by: 'anna' })).rejects.toMatchObject({
    code: 'replay_needs_from',
  });
  await expect(
    stream.replay('test.sender', { from: { position: 1_000_000n }, by: 'anna' }),
  ).rejects.toMatchObject({ code: 'nothing_to_replay' });
  const recorder = createTestStream(log, books, createRecorder());
  await expect(recorder.replay(RECORDER, { from, by: 'anna' })).rejects.toMatchObject({
    code: 'replay_takes_no_from',
  });
});

test('a consumer learns who the people are; an erased person leaves the events as they are', async () => {
  const { log, books } = await createBooks('two');
  const life = buildLife(['order.assigned']);
  await writeEvents(log, life);
  const snapshot = life[0]?.snapshot;
  const [customerId, orderId] = [snapshot?.customer.id ?? '', snapshot?.id ?? ''];
  const customer = buildCustomer();
  const order = { place: { city: 'Riga', address: 'Brīvības 1' } };
  await writePersonal(log, 'customer', customerId, customer);
  await writePersonal(log, 'order', orderId, order);
  const met: unknown[] = [];
  const consumer = defineConsumer<RecorderTables>({
    name: 'test.reader',
    replay: 'repeat',
    apply: async (_tx, events, { readPersonal: read }) => {
      for (const event of events) met.push(await read([event.snapshot.customer.id, event.orderId]));
    },
  });
  await createTestStream(log, books, consumer).consume('test.reader');
  expect(met).toEqual([
    new Map<string, unknown>([
      [customerId, { kind: 'customer', data: customer }],
      [orderId, { kind: 'order', data: order }],
    ]),
  ]);

  const at = new Date('2026-04-01T00:00:00Z');
  const erase = () => log.transaction().execute((tx) => erasePersonal(tx, customerId, at));
  expect([await erase(), await erase()]).toEqual([true, false]);
  expect(await readPersonal(log, [customerId, randomUUID()])).toEqual(
    new Map([[customerId, { kind: 'customer', data: null }]]),
  );
  const { rows } = await sql<{ data: unknown }>`
    select data from stream.personal where subject_id = ${customerId}`.execute(log);
  expect(rows).toEqual([{ data: {} }]);
});
