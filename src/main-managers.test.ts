import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { type App, openApp } from './app.ts';
import { openTestOrders, type TestOrders } from './contexts/orders/testing.ts';
import { openJobs } from './jobs/main.ts';
import { migrateMain } from './main-database.ts';
import { createMainQueues } from './main-queues.ts';
import { loadConfig } from './platform/config.ts';
import { createLog } from './platform/log.ts';
import { query } from './platform/postgres/testing.ts';

const DENIED = expect.objectContaining({ code: '42501' });
const SERVICES = join(import.meta.dirname, '../samples/services.xlsx');
const PAGE = { limit: 20 };

/** The program as a person of this kind runs it: with a login of their own, and no other right. */
async function openAs(
  t: TestOrders,
  kind: string,
  part: 'cli' | 'worker' = 'cli',
): Promise<{ app: App; person: string }> {
  const serverUrl = inject('serverUrl');
  const person = `${kind}_${randomBytes(4).toString('hex')}`;
  const password = randomBytes(8).toString('hex');
  await query(
    serverUrl,
    `create role ${person} login password '${password}' in role steward_${kind}`,
  );
  const url = new URL(t.database.url);
  url.username = person;
  url.password = password;
  const config = loadConfig({ DATABASE_URL: url.href });
  const log = createLog({ level: 'silent', part: 'test' });
  const app = await openApp(config, part, { log, clock: t.clock, ids: t.dependencies.ids });
  onTestFinished(async () => {
    await app.close();
    await query(serverUrl, `drop role ${person}`);
  });
  return { app, person };
}

/** A shop with a worker and an order of Anna's in four hours. */
async function openShop() {
  const t = await openTestOrders();
  const worker = await t.addWorker();
  const anna = await t.customer('anna');
  const { view } = await t.place(anna, t.hour(4), { description: 'Ring twice' });
  return { t, worker, anna, orderId: view.order.id };
}

describe('a clerk of the supplies department', () => {
  test('lists and issues supplies, and never learns who the customer is', async () => {
    const { t, worker, orderId } = await openShop();
    const { app, person } = await openAs(t, 'supplies');
    const { id } = await app.manager();
    expect(id).toBe(person);
    const waiting = await app.orders.supplies.list('requested', PAGE);
    expect(waiting.data).toMatchObject([
      { orderId, items: [{ item: 'Cloth pack', quantity: 2 }], worker: { name: worker.name } },
    ]);

    const clerk = { kind: 'supplies', id } as const;
    const { view } = await app.orders.supplies.issue(clerk, orderId);
    expect(view).toMatchObject({
      order: { status: 'supplied', supplies: { status: 'issued' } },
      worker: { name: worker.name },
      place: null,
      description: null,
    });
    expect(JSON.stringify(view)).not.toMatch(/anna|Main street|Ring twice/);
    expect((await app.orders.supplies.list('issued', PAGE)).data).toMatchObject([
      { orderId, issuedBy: person },
    ]);
    await expect(app.orders.supplies.issue(clerk, orderId)).rejects.toThrow(
      expect.objectContaining({ code: 'illegal_transition' }),
    );
    const timeline = await t.orders.timeline({ kind: 'system', id: 'test' }, orderId);
    expect(timeline.at(-1)?.actor).toEqual({ kind: 'supplies', id: person });
  });

  test('sees no orders, customers or workers, and cancels nothing', async () => {
    const { t, anna, orderId } = await openShop();
    const { app } = await openAs(t, 'supplies');
    const clerk = await app.manager();
    await expect(app.orders.orders.get(clerk, orderId)).rejects.toThrow(DENIED);
    await expect(app.orders.orders.list(clerk, {}, PAGE)).rejects.toThrow(DENIED);
    await expect(app.orders.customers.get(anna.id)).rejects.toThrow(DENIED);
    await expect(app.orders.workers.list({}, PAGE)).rejects.toThrow(DENIED);
    await expect(app.orders.orders.cancel(clerk, orderId)).rejects.toThrow(DENIED);
    await expect(app.mails.list({ limit: 1 })).rejects.toThrow(DENIED);
  });
});

describe.each(['quality', 'ops'])('a manager of kind %s', (kind) => {
  test('sees everything about an order, and cancels it under their own name', async () => {
    const { t, worker, anna, orderId } = await openShop();
    const { app, person } = await openAs(t, kind);
    const manager = await app.manager();
    expect(await app.orders.orders.get(manager, orderId)).toMatchObject({
      customer: { name: 'anna' },
      worker: { name: worker.name },
      place: { address: 'Main street 1' },
      description: 'Ring twice',
    });
    expect(await app.orders.orders.timeline(manager, orderId)).toHaveLength(1);
    const report = await app.orders.orders.why(orderId, worker.id);
    expect(report.names.get(worker.id)).toBe(worker.name);
    expect(report.whyNot).not.toBeNull();
    expect((await app.orders.orders.list(manager, {}, PAGE)).data).toHaveLength(1);
    expect(await app.orders.customers.get(anna.id)).toMatchObject({ orders: { assigned: 1 } });
    expect((await app.orders.workers.list({}, PAGE)).data).toHaveLength(1);
    expect((await app.catalog.get('CLEAN-STD')).code).toBe('CLEAN-STD');

    const { view } = await app.orders.orders.cancel(manager, orderId, 'The house burned down');
    expect(view).toMatchObject({
      order: { status: 'cancelled', endKind: 'manager-cancelled' },
      endReason: 'The house burned down',
    });
    const timeline = await app.orders.orders.timeline(manager, orderId);
    expect(timeline.at(-1)).toMatchObject({
      type: 'order.cancelled',
      actor: { kind: 'manager', id: person },
    });
    // Somebody else is free to be given the time.
    expect((await t.place(anna, t.hour(4))).view.worker.id).toBe(worker.id);
  });

  test('changes neither services nor workers', async () => {
    const { t, worker } = await openShop();
    const { app } = await openAs(t, kind);
    await expect(app.orders.workers.set(worker.id, { name: 'X' })).rejects.toThrow(DENIED);
    await expect(app.catalog.set('CLEAN-STD', { name: 'X' }, { by: 'me' })).rejects.toThrow(DENIED);
  });
});

describe('ops', () => {
  test('look after the stream, the mails and the jobs', async () => {
    const { t, orderId } = await openShop();
    await migrateMain(t.database.url);
    const { app, person } = await openAs(t, 'ops');
    const status = await app.stream.status();
    expect(status.consumers.map((one) => one.consumer)).toEqual(app.stream.consumerNames);
    expect(status.consumers[0]?.eventsBehind).toBe(1);
    await expect(app.stream.retry('orders.mail', orderId, person)).rejects.toThrow(
      expect.objectContaining({ code: 'parked_order_not_found' }),
    );

    // What a consumer could not digest: ops ask, and the worker will do it.
    await sql`insert into stream_consumers.cursors (consumer, updated_at)
      values ('orders.mail', now())`.execute(t.db);
    await sql`
      with event as (select * from stream.order_events), parked as (
        insert into stream_consumers.parked_orders
          (consumer, order_id, event_id, error, attempts, parked_at, tried_at)
        select 'orders.mail', order_id, event_id, 'no', 1, now(), now() from event)
      insert into stream_consumers.parked_events
        (consumer, order_id, version, xid, position, event_id)
      select 'orders.mail', order_id, version, xid, position, event_id from event`.execute(t.db);
    expect((await app.stream.parked({ limit: 10 })).data).toMatchObject([{ orderId }]);
    expect(await app.stream.retry('orders.mail', orderId, person)).toMatchObject({
      outcome: 'requested',
    });
    expect(
      await app.stream.skip('orders.mail', orderId, { reason: 'test', by: person }),
    ).toMatchObject({ outcome: 'requested' });

    const [mail] = await query<{ id: string }>(
      t.database.url,
      `insert into mail.messages (id, event_key, recipient_kind, template, status, next_attempt_at,
        error, created_at)
       values (gen_random_uuid(), 'e/1', 'supplies', 'order.assigned', 'failed', now(), 'no', now())
       returning id`,
    );
    expect(await app.mails.counts()).toMatchObject({ failed: 1 });
    await app.mails.retry(mail?.id ?? '');
    expect(await app.mails.list({ limit: 5 })).toMatchObject([{ id: mail?.id, status: 'waiting' }]);

    const queues = createMainQueues(app);
    onTestFinished(() => queues.close());
    const jobs = openJobs(app, queues);
    expect(await jobs.failed(10)).toEqual([]);
    expect((await jobs.schedules()).length).toBeGreaterThan(3);
    await jobs.pause();
    expect(await jobs.queue()).toMatchObject({ paused: true });
    await jobs.resume();
  });

  test('run jobs with the rights of the worker, which nobody else can', async () => {
    const { t } = await openShop();
    const { app } = await openAs(t, 'ops', 'worker');
    const queues = createMainQueues(app);
    onTestFinished(() => queues.close());
    const jobs = openJobs(app, queues);
    for (const name of [
      'orders.fail-no-shows',
      'orders.attend-cookies',
      'mail.send',
      'platform.purge',
    ]) {
      expect(await jobs.run(name)).toMatchObject({ outcome: 'done' });
    }
    const other = await openAs(t, 'quality', 'worker');
    await expect(other.app.mails.counts()).rejects.toThrow(/permission denied/);
  });
});

describe('a catalog manager', () => {
  test('imports and changes services, and sees who changed what, but no order', async () => {
    const { t, orderId } = await openShop();
    const { app, person } = await openAs(t, 'catalog');
    const planned = await app.catalog.planServices(SERVICES);
    expect(planned.counts.create).toBeGreaterThan(5);
    const by = { by: person, acceptGood: true };
    expect((await app.catalog.importServices(SERVICES, by)).applied).toBe(true);
    const { services } = await app.catalog.list();
    expect(services.length).toBeGreaterThan(planned.counts.create);
    expect(
      (await app.catalog.set('CLEAN-STD', { priceMinor: 9_900n }, { by: person })).changed,
    ).toBe(true);
    expect((await app.catalog.history('CLEAN-STD'))[0]).toMatchObject({ changedBy: person });

    const manager = await app.manager();
    await expect(app.orders.orders.get(manager, orderId)).rejects.toThrow(DENIED);
    await expect(app.orders.customers.list({}, PAGE)).rejects.toThrow(DENIED);
    await expect(app.orders.workers.list({}, PAGE)).rejects.toThrow(DENIED);
  });
});

describe('a hiring manager', () => {
  test('adds and changes workers, whose personal data follow, and sees no customer', async () => {
    const { t, worker, orderId } = await openShop();
    const { app } = await openAs(t, 'hiring');
    const added = await app.orders.workers.add({
      name: 'Zoe',
      city: 'Oldtown',
      skills: ['cleaning'],
      email: 'zoe@example.org',
      strengths: ['windows'],
      notes: 'Mondays only',
    });
    const changed = await app.orders.workers.set(added.id, {
      phone: '+1 555 0100',
      city: 'Newtown',
    });
    expect(changed).toMatchObject({ applied: true, worker: { phone: '+1 555 0100', version: 2 } });
    const rows = await query<{ data: unknown }>(
      t.database.url,
      `select data from stream.personal where subject_id = '${added.id}'`,
    );
    expect(rows).toEqual([
      {
        data: {
          name: 'Zoe',
          email: 'zoe@example.org',
          phone: '+1 555 0100',
          subject: added.subject,
        },
      },
    ]);

    // Who is let go keeps the orders that were given.
    const left = await app.orders.workers.set(worker.id, { active: false });
    expect(left).toMatchObject({ applied: true, liveOrders: [orderId] });
    const list = await app.orders.workers.list({ city: 'newtown', skill: 'cleaning' }, PAGE);
    expect(list.data).toMatchObject([{ name: 'Zoe' }]);

    const manager = await app.manager();
    await expect(app.orders.orders.get(manager, orderId)).rejects.toThrow(DENIED);
    await expect(app.orders.orders.cancel(manager, orderId)).rejects.toThrow(DENIED);
    await expect(app.orders.customers.list({}, PAGE)).rejects.toThrow(DENIED);
    await expect(app.catalog.set('CLEAN-STD', { name: 'X' }, { by: 'me' })).rejects.toThrow(DENIED);
  });
});

test('finance and betting managers get in, and find nothing to do here yet', async () => {
  const { t, orderId } = await openShop();
  for (const kind of ['finance', 'betting']) {
    const { app } = await openAs(t, kind);
    const manager = await app.manager();
    await expect(app.orders.orders.get(manager, orderId)).rejects.toThrow(DENIED);
    await expect(app.catalog.list()).rejects.toThrow(DENIED);
    await expect(app.stream.status()).rejects.toThrow(DENIED);
  }
});
