import { type RawBuilder, sql } from 'kysely';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { MailTables } from '../../platform/mail/index.ts';
import { type ConsumerTables, createStream } from '../../stream/index.ts';
import { checkInvariants, type InvariantName } from './check-invariants.ts';
import { orderConsumers } from './create-orders.ts';
import { openTestOrders, PHOTO } from './testing.ts';

/** As types, not interfaces: Kysely asks for ones that have an index. */
type FurtherTables = Pick<ConsumerTables, keyof ConsumerTables> &
  Pick<MailTables, keyof MailTables>;

/** Orders that ended in every way, with everything that the consumers make of their events. */
async function openBusyOrders() {
  const test = await openTestOrders();
  const { orders, supplies, clock, hour, place } = test;
  const worker = await test.addWorker({ email: 'wanda@example.org' });
  const asWorker = { kind: 'worker', id: worker.id } as const;
  const clerk = { kind: 'supplies', id: 'clerk' } as const;
  const anna = await test.customer('anna');
  const completed = await place(anna, hour(1));
  const cancelled = await place(anna, hour(4));
  const failed = await place(anna, hour(7));
  const ids = [completed, cancelled, failed].map(({ view }) => view.order.id);
  const [completedId = '', cancelledId = '', failedId = ''] = ids;
  await supplies.issue(clerk, completedId);
  clock.moveTo(hour(1));
  await orders.checkIn(asWorker, completedId, PHOTO);
  clock.moveTo(hour(2));
  await orders.complete(asWorker, completedId, PHOTO);
  await orders.rate(anna, completedId, { stars: 5 });
  await orders.cancel(anna, cancelledId, 'No need.');
  await orders.fail(asWorker, failedId, 'The van broke down.');
  const copy = await orders.rebook(anna, failedId, hour(10));
  const db = test.db.$extendTables<FurtherTables>();
  const stream = createStream({
    log: db,
    books: db,
    consumers: orderConsumers(test.dependencies),
    clock,
    logger: pino({ level: 'silent' }),
  });
  await stream.consumeAll();
  return {
    ...test,
    db,
    stream,
    anna,
    completedId,
    cancelledId,
    failedId,
    copyId: copy.view.order.id,
  };
}

type Busy = Awaited<ReturnType<typeof openBusyOrders>>;

async function broken(busy: Busy): Promise<{ names: string[]; violations: string }> {
  const checks = (await checkInvariants(busy.db)).filter(({ holds }) => !holds);
  return {
    names: checks.map(({ name }) => name),
    violations: checks.flatMap(({ violations }) => violations).join('\n'),
  };
}

test('orders that ended in every way keep all invariants', async () => {
  const busy = await openBusyOrders();
  const checks = await checkInvariants(busy.db);
  expect(checks.filter(({ holds }) => !holds)).toEqual([]);
  const checked = Object.fromEntries(checks.map((check) => [check.name, check.checked]));
  expect(checked).toMatchObject({ noOverlap: 4, eachEventOnce: 10, copiesOfFailed: 1 });
  expect(checked.mailsOncePerEvent).toBe(4 * 3 + 3 + 3);
});

test('it can be checked with the rights of the worker', async () => {
  const busy = await openBusyOrders();
  const db = busy.database.open('steward_worker').$extendTables<FurtherTables>();
  expect((await checkInvariants(db)).every(({ holds }) => holds)).toBe(true);
});

test('what a consumer has not read yet is no violation', async () => {
  const busy = await openBusyOrders();
  await busy.place(busy.anna, busy.hour(20));
  expect(await broken(busy)).toEqual({ names: [], violations: '' });
});

describe('a violation is found, with the id of the order', () => {
  const cases: [InvariantName, (busy: Busy) => { break: RawBuilder<unknown>; named: string }][] = [
    [
      'noOverlap',
      ({ completedId, cancelledId, hour }) => ({
        break: sql`update orders.orders
          set scheduled_at = ${hour(1)}, ends_at = ${hour(3)}, busy = tstzrange(${hour(1.5)}, ${hour(1.75)})
          where id = ${cancelledId}`,
        named: completedId,
      }),
    ],
    [
      'noOverlap',
      ({ copyId }) => ({
        break: sql`update orders.orders set busy = 'empty' where id = ${copyId}`,
        named: copyId,
      }),
    ],
    [
      'eachEventOnce',
      ({ completedId }) => ({
        break: sql`delete from stream.order_events where order_id = ${completedId} and version = 2`,
        named: completedId,
      }),
    ],
    [
      'eachEventOnce',
      ({ completedId, copyId }) => ({
        break: sql`update stream.order_events set event_id = (
            select event_id from stream.order_events where order_id = ${copyId})
          where order_id = ${completedId} and version = 2`,
        named: 'is there 2 times',
      }),
    ],
    [
      'eventPerChange',
      ({ copyId }) => ({
        break: sql`update orders.orders set version = 2 where id = ${copyId}`,
        named: copyId,
      }),
    ],
    [
      'rowsMatchEvents',
      ({ completedId }) => ({
        break: sql`update orders.orders set ended_at = ended_at + interval '1 second'
          where id = ${completedId}`,
        named: completedId,
      }),
    ],
    [
      'legalWays',
      ({ completedId }) => ({
        break: sql`update stream.order_events
          set snapshot = jsonb_set(snapshot, '{status}', '"completed"'), type = 'order.completed'
          where order_id = ${completedId} and version = 2`,
        named: completedId,
      }),
    ],
    [
      'suppliesFirst',
      ({ completedId }) => ({
        break: sql`update orders.orders set supplied_at = started_at + interval '1 minute'
          where id = ${completedId}`,
        named: completedId,
      }),
    ],
    [
      'pricesKept',
      ({ completedId }) => ({
        break: sql`update orders.orders set price_minor = 1 where id = ${completedId}`,
        named: completedId,
      }),
    ],
    [
      'copiesOfFailed',
      ({ completedId, copyId }) => ({
        break: sql`update orders.orders set copy_of = ${completedId} where id = ${copyId}`,
        named: copyId,
      }),
    ],
    [
      'countersMatch',
      () => ({
        break: sql`update orders.workers set completed_orders = completed_orders + 1`,
        named: 'is booked with 2 completed orders',
      }),
    ],
    [
      'mailsOncePerEvent',
      () => ({
        break: sql`delete from mail.messages where template = 'order.failed'
          and recipient_kind = 'customer'`,
        named: '(order.failed) has no mail to the customer',
      }),
    ],
    [
      'mailsOncePerEvent',
      () => ({
        break: sql`insert into mail.messages (id, event_key, recipient_kind, template,
            next_attempt_at, created_at)
          values (gen_random_uuid(), gen_random_uuid() || '/worker', 'worker', 'order.failed',
            now(), now())`,
        named: 'belongs to no event',
      }),
    ],
    [
      'cookieOncePerOrder',
      ({ copyId }) => ({
        break: sql`delete from orders.cookies where order_id = ${copyId}`,
        named: copyId,
      }),
    ],
  ];

  test.each(cases)('%s', async (name, makeCase) => {
    const busy = await openBusyOrders();
    const { break: violate, named } = makeCase(busy);
    await sql`alter table stream.order_events disable trigger user`.execute(busy.db);
    await violate.execute(busy.db);
    const found = await broken(busy);
    expect(found.names).toContain(name);
    expect(found.violations).toContain(named);
  });
});
