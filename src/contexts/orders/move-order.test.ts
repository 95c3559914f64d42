import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { createPhotoStore } from '../../platform/storage/index.ts';
import type { Actor } from '../../stream/index.ts';
import { openTestOrders, PHOTO, type TestOrders } from './testing.ts';

const supplies: Actor = { kind: 'supplies', id: 'sue' };
const manager: Actor = { kind: 'manager', id: 'mike' };

/** An order at 10:00, two hours after "now", with its customer and worker as actors. */
async function placed(t: TestOrders) {
  await t.addWorker();
  const customer = await t.customer();
  const { view } = await t.place(customer, t.hour(2));
  const worker: Actor = { kind: 'worker', id: view.worker.id };
  return { id: view.order.id, customer, worker };
}

const started = async (t: TestOrders) => {
  const order = await placed(t);
  await t.supplies.issue(supplies, order.id);
  await t.orders.checkIn(order.worker, order.id, PHOTO);
  return order;
};

const events = async (t: TestOrders) =>
  (await t.db.selectFrom('stream.order_events').select(['type', 'version']).execute())
    .toSorted((a, b) => a.version - b.version)
    .map((event) => event.type);

describe('carrying an order out (R-04 to R-07)', () => {
  it('goes from issued supplies over check-in to done, each with its event', async () => {
    const t = await openTestOrders();
    const { id, worker } = await placed(t);
    expect((await t.supplies.issue(supplies, id)).view.order).toMatchObject({
      status: 'supplied',
      supplies: { status: 'issued' },
    });
    t.clock.moveTo(t.hour(2));
    const inside = await t.orders.checkIn(worker, id, PHOTO);
    expect(inside.view.order).toMatchObject({ status: 'started' });
    expect(await t.dependencies.photos.get(inside.view.order.photos.checkIn ?? '')).toMatchObject({
      contentType: 'image/png',
    });
    t.clock.moveTo(t.hour(3));
    const done = await t.orders.complete(worker, id, PHOTO);
    expect(done.view.order).toMatchObject({
      status: 'completed',
      endKind: 'completed',
      endedAt: expect.stringContaining('11:00:00'),
    });
    expect(await events(t)).toEqual([
      'order.assigned',
      'order.supplied',
      'order.started',
      'order.completed',
    ]);
    const worked = await t.workers.get(worker.id);
    expect(worked.completedOrders).toBe(1);
  });

  it('lets nobody check in before the supplies are issued, and says what is possible', async () => {
    const t = await openTestOrders();
    const { id, worker } = await placed(t);
    await expect(t.orders.checkIn(worker, id, PHOTO)).rejects.toMatchObject({
      code: 'illegal_transition',
      data: { status: 'assigned', allowed: ['issue', 'cancel', 'fail'] },
    });
  });

  it('issues once per order', async () => {
    const t = await openTestOrders();
    const { id } = await placed(t);
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => t.supplies.issue(supplies, id)),
    );
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect(await events(t)).toEqual(['order.assigned', 'order.supplied']);
  });

  it('takes no photo that is none, and keeps none for a request that is refused', async () => {
    const t = await openTestOrders();
    const { id, worker } = await placed(t);
    const put = { calls: 0 };
    const photos = createPhotoStore({ kind: 'files', folder: '/nonexistent/never/written' });
    t.dependencies.photos.put = async (...args) => {
      put.calls += 1;
      return photos.put(...args);
    };
    await expect(t.orders.checkIn(worker, id, PHOTO)).rejects.toMatchObject({ kind: 'conflict' });
    await t.supplies.issue(supplies, id);
    await expect(
      t.orders.checkIn(worker, id, Buffer.from('<html>no photo</html>'.repeat(20))),
    ).rejects.toMatchObject({ code: 'not_a_photo' });
    expect(put.calls).toBe(0);
  });

  it('shows an order to its customer, its worker and staff, and to nobody else', async () => {
    const t = await openTestOrders();
    const { id, customer, worker } = await placed(t);
    const bob = await t.customer('bob');
    for (const viewer of [customer, worker, manager]) {
      await expect(t.orders.get(viewer, id)).resolves.toMatchObject({ order: { id } });
    }
    for (const stranger of [bob, { kind: 'worker', id: bob.id } as const]) {
      await expect(t.orders.get(stranger, id)).rejects.toMatchObject({ code: 'order_not_found' });
      await expect(t.orders.timeline(stranger, id)).rejects.toMatchObject({ kind: 'not_found' });
      await expect(t.orders.cancel(stranger, id)).rejects.toMatchObject({ kind: 'not_found' });
    }
    await expect(t.orders.get(customer, 'no-uuid')).rejects.toMatchObject({ kind: 'not_found' });
  });
});

describe('ends (R-04)', () => {
  it('frees the worker at once when an order is cancelled', async () => {
    const t = await openTestOrders();
    const { id, customer } = await placed(t);
    await expect(t.place(customer, t.hour(2))).rejects.toMatchObject({ code: 'nobody_free' });
    const { view } = await t.orders.cancel(customer, id, 'moved away');
    expect(view).toMatchObject({
      endReason: 'moved away',
      order: {
        status: 'cancelled',
        endKind: 'customer-cancelled',
        supplies: { status: 'withdrawn' },
      },
    });
    await expect(t.place(customer, t.hour(2))).resolves.toBeDefined();
  });

  it('tells a cancellation by a manager from one by the customer', async () => {
    const t = await openTestOrders();
    const { id } = await placed(t);
    const { view } = await t.asOwner.orders.cancel(manager, id);
    expect(view.order).toMatchObject({ endKind: 'manager-cancelled', status: 'cancelled' });
  });

  it('frees what is left of the time when the work is done early', async () => {
    const t = await openTestOrders();
    const { id, customer, worker } = await started(t);
    t.clock.moveTo(t.hour(3));
    await t.orders.complete(worker, id, PHOTO);
    const { view } = await t.place(customer, t.hour(3.5));
    expect(view.worker.id).toBe(worker.id);
  });

  it('keeps the words of the customer out of the stream', async () => {
    const t = await openTestOrders();
    const { id, customer } = await placed(t);
    await t.orders.cancel(customer, id, 'my number is 555-1234');
    const snapshots = await t.db.selectFrom('stream.order_events').select('snapshot').execute();
    expect(JSON.stringify(snapshots)).not.toContain('555-1234');
    const kept = await t.db
      .selectFrom('stream.personal')
      .select('data')
      .where('subject_id', '=', id)
      .executeTakeFirst();
    expect(kept?.data).toMatchObject({ endReason: 'my number is 555-1234' });
  });

  it.each(['complete', 'cancel', 'fail'] as const)('is final: no %s after it', async (step) => {
    const t = await openTestOrders();
    const { id, customer, worker } = await started(t);
    await t.orders.complete(worker, id, PHOTO);
    const again = {
      complete: () => t.orders.complete(worker, id, PHOTO),
      cancel: () => t.orders.cancel(customer, id),
      fail: () => t.orders.fail(worker, id, 'too late'),
    }[step]();
    await expect(again).rejects.toMatchObject({
      code: 'illegal_transition',
      data: { allowed: [] },
    });
  });

  it('has one winner when customer, worker and clock end an order at the same moment', async () => {
    const t = await openTestOrders();
    const { id, customer, worker } = await placed(t);
    t.clock.moveTo(t.hour(3));
    const results = await Promise.allSettled([
      t.orders.cancel(customer, id),
      t.orders.fail(worker, id, 'ill'),
      t.asWorker.orders.failNoShows(),
      t.orders.cancel(customer, id),
    ]);
    expect(results.length).toBe(4);
    expect(await events(t)).toHaveLength(2);
  });
});

describe('no-shows (R-08)', () => {
  it('fails by itself what nobody checked in to within thirty minutes', async () => {
    const t = await openTestOrders();
    const { id, customer } = await placed(t);
    t.clock.moveTo(new Date(t.hour(2).getTime() + 30 * 60_000));
    expect(await t.asWorker.orders.failNoShows()).toEqual({ failed: [] });
    t.clock.advance(1);
    expect(await t.asWorker.orders.failNoShows()).toEqual({ failed: [id] });
    expect(await t.asWorker.orders.failNoShows()).toEqual({ failed: [] });
    const { order } = await t.orders.get(customer, id);
    expect(order).toMatchObject({ status: 'failed', endKind: 'no-show' });
  });

  it('leaves alone whoever has checked in, however late the work goes on', async () => {
    const t = await openTestOrders();
    await started(t);
    t.clock.moveTo(t.hour(9));
    expect(await t.asWorker.orders.failNoShows()).toEqual({ failed: [] });
  });

  it('refuses a check-in after the deadline, also where the job has not run yet', async () => {
    const t = await openTestOrders();
    const { id, worker } = await placed(t);
    await t.supplies.issue(supplies, id);
    t.clock.moveTo(t.hour(2.6));
    await expect(t.orders.checkIn(worker, id, PHOTO)).rejects.toMatchObject({
      code: 'check_in_too_late',
    });
  });

  it('goes through more of them than one batch holds', async () => {
    const t = await openTestOrders();
    await t.addWorker();
    const { view } = await t.place(await t.customer(), t.hour(2));
    await sql`alter table orders.orders drop constraint worker_holds_one_order_at_a_time`.execute(
      t.db,
    );
    await sql`insert into orders.orders select (jsonb_populate_record(o,
        jsonb_build_object('id', gen_random_uuid()))).*
      from orders.orders o, generate_series(1, 250) where id = ${view.order.id}`.execute(t.db);
    await sql`insert into orders.supplies select (jsonb_populate_record(s,
        jsonb_build_object('order_id', o.id))).* from orders.supplies s, orders.orders o
      where o.id <> ${view.order.id}`.execute(t.db);
    t.clock.moveTo(t.hour(5));
    expect((await t.asWorker.orders.failNoShows()).failed).toHaveLength(251);
  });
});

describe('booking a failed order again (R-08)', () => {
  const noShow = async (t: TestOrders) => {
    const order = await placed(t);
    t.clock.moveTo(t.hour(4));
    await t.asWorker.orders.failNoShows();
    return order;
  };

  it('makes a new order at the new time, matched and priced anew', async () => {
    const t = await openTestOrders();
    const { id, customer } = await noShow(t);
    await sql`update catalog.services set price_minor = 9900, version = version + 1`.execute(t.db);
    const { view } = await t.orders.rebook(customer, id, t.hour(26));
    expect(view.order).toMatchObject({
      copyOf: id,
      status: 'assigned',
      price: { amount: 9900 },
      scheduledAt: expect.stringContaining('2026-11-24T10:00:00'),
    });
    expect(view.place).toEqual({ city: 'Oldtown', address: 'Main street 1' });
  });

  it('makes one living copy, and another one once that is cancelled', async () => {
    const t = await openTestOrders();
    await t.addWorker({ name: 'Second' });
    const { id, customer } = await noShow(t);
    const { view } = await t.orders.rebook(customer, id, t.hour(26));
    await expect(t.orders.rebook(customer, id, t.hour(30))).rejects.toMatchObject({
      code: 'already_rebooked',
      data: { orderId: view.order.id },
    });
    await t.orders.cancel(customer, view.order.id);
    await expect(t.orders.rebook(customer, id, t.hour(30))).resolves.toBeDefined();
  });

  it('is for failed orders, and for the customer’s own', async () => {
    const t = await openTestOrders();
    const { id, customer } = await placed(t);
    await expect(t.orders.rebook(customer, id, t.hour(26))).rejects.toMatchObject({
      code: 'not_failed',
    });
    const bob = await t.customer('bob');
    await expect(t.orders.rebook(bob, id, t.hour(26))).rejects.toMatchObject({
      kind: 'not_found',
    });
  });
});

describe('rating (R-09)', () => {
  it('is taken once, after completion, and shows with the worker', async () => {
    const t = await openTestOrders();
    const { id, customer, worker } = await started(t);
    await expect(t.orders.rate(customer, id, { stars: 5 })).rejects.toMatchObject({
      code: 'not_completed',
    });
    await t.orders.complete(worker, id, PHOTO);
    const { view } = await t.orders.rate(customer, id, { stars: 4, comment: 'fine' });
    expect(view).toMatchObject({ comment: 'fine', order: { stars: 4, status: 'completed' } });
    expect(view.worker.rating).toBe(4);
    await expect(t.orders.rate(customer, id, { stars: 1 })).rejects.toMatchObject({
      code: 'already_rated',
    });
    expect((await events(t)).at(-1)).toBe('order.rated');
  });
});

describe('the same step again (R-10)', () => {
  it('is done once and answers the same, also after the order went on', async () => {
    const t = await openTestOrders();
    const { id, worker } = await placed(t);
    const key = { key: 'issue-1', requestHash: Buffer.from('x') };
    const first = await t.supplies.issue(supplies, id, key);
    await t.orders.checkIn(worker, id, PHOTO);
    const again = await t.supplies.issue(supplies, id, key);
    expect(again).toEqual({ view: first.view, replayed: true });
    await expect(
      t.supplies.issue(supplies, id, { ...key, requestHash: Buffer.from('y') }),
    ).rejects.toMatchObject({ code: 'idempotency_key_reused' });
  });

  it('forgets keys after the days that the rules say', async () => {
    const t = await openTestOrders();
    const { id } = await placed(t);
    await t.supplies.issue(supplies, id, { key: 'issue-1', requestHash: Buffer.from('x') });
    t.clock.advance(6 * 86_400_000);
    expect(await t.asWorker.orders.purge()).toBe(0);
    t.clock.advance(2 * 86_400_000);
    expect(await t.asWorker.orders.purge()).toBe(1);
  });
});
