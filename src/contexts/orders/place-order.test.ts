import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { ordersRulesSchema } from './rules.ts';
import { openTestOrders, type TestOrders } from './testing.ts';

const key = (text: string) => ({ key: text, requestHash: Buffer.from(text) });
const request = (t: TestOrders, hours: number) => ({
  service: 'CLEAN-STD',
  place: { city: 'Oldtown', address: 'Main street 1' },
  scheduledAt: t.hour(hours),
});

describe('placing an order (R-02, R-03)', () => {
  it('assigns a free worker at once and prices the order from the catalog', async () => {
    const t = await openTestOrders();
    const worker = await t.addWorker({ name: 'Wanda' });
    const { view, replayed } = await t.place(await t.customer(), t.hour(3), {
      description: 'ring twice',
    });
    expect(replayed).toBe(false);
    expect(view.order).toMatchObject({
      status: 'assigned',
      version: 1,
      price: { amount: 8900, currency: 'USD' },
      supplies: { status: 'requested', items: [{ item: 'Cloth pack', quantity: 2 }] },
    });
    expect(view.worker).toEqual({ id: worker.id, name: 'Wanda', rating: null });
    expect(view).toMatchObject({ description: 'ring twice', place: { city: 'Oldtown' } });
    expect(t.commits()).toBe(1);
  });

  it('writes the extended order into the stream, with people by id only', async () => {
    const t = await openTestOrders();
    await t.addWorker({ name: 'Wanda Secret' });
    const { view } = await t.place(await t.customer('anna.secret'), t.hour(3));
    const events = await t.db
      .selectFrom('stream.order_events')
      .select(['order_id', 'version', 'type', 'snapshot'])
      .execute();
    expect(events).toMatchObject([{ order_id: view.order.id, version: 1, type: 'order.assigned' }]);
    expect(JSON.stringify(events)).not.toMatch(/secret|Main street/i);
    const personal = await t.db.selectFrom('stream.personal').select(['kind', 'data']).execute();
    expect(personal.map((row) => row.kind).sort()).toEqual(['customer', 'order', 'worker']);
  });

  it('finds the city whatever its capitals, and nobody in another city', async () => {
    const t = await openTestOrders();
    await t.addWorker({ city: 'Green Park' });
    const anna = await t.customer();
    const place = { city: ' green PARK ', address: 'x' };
    await expect(t.place(anna, t.hour(3), { place })).resolves.toBeDefined();
    await expect(t.place(anna, t.hour(3))).rejects.toMatchObject({
      code: 'nobody_free',
      data: { nearestTimes: [] },
    });
  });

  it('asks for all skills of the service', async () => {
    const t = await openTestOrders();
    await t.addService('CLEAN-DEEP', ['cleaning', 'heavy'], 60);
    await t.addWorker({ name: 'Light', skills: ['cleaning'] });
    const anna = await t.customer();
    await expect(t.place(anna, t.hour(3), { service: 'CLEAN-DEEP' })).rejects.toMatchObject({
      code: 'nobody_free',
    });
    const strong = await t.addWorker({ name: 'Strong', skills: ['heavy', 'cleaning'] });
    const { view } = await t.place(anna, t.hour(3), { service: 'CLEAN-DEEP' });
    expect(view.worker.id).toBe(strong.id);
  });

  it('names the nearest free times, stores nothing, and keeps its word', async () => {
    const t = await openTestOrders();
    await t.addWorker();
    const anna = await t.customer();
    await t.place(anna, t.hour(10));
    const refused = await t.place(anna, t.hour(11)).catch((error) => error);
    expect(refused).toMatchObject({ kind: 'conflict', code: 'nobody_free' });
    const times = refused.data.nearestTimes as string[];
    // Booked from 10 to 12 for two hours each: at 12, before that at 8, and half an hour on.
    expect(times).toEqual([t.hour(12), t.hour(12.5), t.hour(13)].map((time) => time.toISOString()));
    const counts = await sql<{ count: bigint }>`
      select count(*) from orders.orders`.execute(t.db);
    expect(counts.rows[0]?.count).toBe(1n);
    await t.place(anna, new Date(times[0] ?? ''));
  });

  it('never proposes a time at which matching would take nobody', async () => {
    const t = await openTestOrders();
    await t.addWorker();
    const anna = await t.customer();
    // Eight orders a day is the limit of the default pipeline: the ninth has to wait for Tuesday.
    await t.addService('SHORT', ['cleaning'], 30);
    for (let hour = 1; hour <= 8; hour++) await t.place(anna, t.hour(hour), { service: 'SHORT' });
    const refused = await t.place(anna, t.hour(9), { service: 'SHORT' }).catch((error) => error);
    expect(refused.code).toBe('nobody_free');
    for (const time of refused.data.nearestTimes) expect(time >= '2026-11-24').toBe(true);
  });

  it('looks beyond the short list when matching excludes everybody on it', async () => {
    const t = await openTestOrders({ rules: ordersRulesSchema.parse({ shortListSize: 1 }) });
    await t.addService('SHORT', ['cleaning'], 30);
    await Promise.all([1, 2, 3].map((n) => t.addWorker({ name: `W${n}` })));
    const anna = await t.customer();
    const used = new Set<string>();
    // Three workers with a limit of eight orders a day: the first one is free all day long.
    for (let n = 0; n < 24; n++) {
      const { view } = await t.place(anna, t.hour(1 + (n % 8) / 2), { service: 'SHORT' });
      used.add(view.worker.id);
    }
    expect(used.size).toBe(3);
    await expect(t.place(anna, t.hour(12), { service: 'SHORT' })).rejects.toMatchObject({
      code: 'nobody_free',
    });
  });

  it('lets the next order begin in the moment at which the last one ends', async () => {
    const t = await openTestOrders();
    const worker = await t.addWorker();
    const anna = await t.customer();
    await t.place(anna, t.hour(10));
    const { view } = await t.place(anna, t.hour(12));
    expect(view.worker.id).toBe(worker.id);
  });

  it('refuses overlapping orders of a worker in the database itself, whoever writes them', async () => {
    const t = await openTestOrders();
    await t.addWorker();
    const { view } = await t.place(await t.customer(), t.hour(10));
    await expect(
      sql`insert into orders.orders
        select (jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid()))).*
        from orders.orders o where id = ${view.order.id}`.execute(t.db),
    ).rejects.toMatchObject({ constraint: 'worker_holds_one_order_at_a_time' });
  });

  it.each([
    ['in the past', -1, 'is in the past'],
    ['absurdly far ahead', 24 * 366, 'more than 365 days ahead'],
  ])('refuses a time %s', async (_, hours, words) => {
    const t = await openTestOrders();
    await t.addWorker();
    await expect(t.place(await t.customer(), t.hour(hours))).rejects.toMatchObject({
      kind: 'invalid',
      issues: [{ path: 'scheduledAt', message: expect.stringContaining(words) }],
    });
  });

  it('sells what the catalog says at this moment, not what it said when last asked', async () => {
    const t = await openTestOrders();
    await t.addWorker();
    const anna = await t.customer();
    await t.place(anna, t.hour(3));
    await sql`update catalog.services set price_minor = 9900, version = 2`.execute(t.db);
    const { view } = await t.place(anna, t.hour(6));
    expect(view.order.price.amount).toBe(9900);
    await sql`update catalog.services set active = false, version = 3`.execute(t.db);
    await expect(t.place(anna, t.hour(9))).rejects.toMatchObject({ code: 'service_inactive' });
  });

  it('asks the catalog again before it refuses anybody', async () => {
    const t = await openTestOrders();
    await t.addService('CARE', ['care', 'childcare'], 60);
    await t.addWorker({ skills: ['care'] });
    const anna = await t.customer();
    await expect(t.place(anna, t.hour(3), { service: 'CARE' })).rejects.toMatchObject({
      code: 'nobody_free',
    });
    await sql`update catalog.services set skills = '{care}', version = 2 where code = 'CARE'`.execute(
      t.db,
    );
    await expect(t.place(anna, t.hour(3), { service: 'CARE' })).resolves.toBeDefined();
  });

  it('finds another time in a city that is booked for weeks without stopping anybody', async () => {
    const t = await openTestOrders();
    for (let n = 0; n < 30; n++) await t.addWorker({ name: `W${n}` });
    const anna = await t.customer();
    await t.place(anna, t.hour(10));
    await sql`insert into orders.orders
      select (jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid(),
        'worker_id', w.id, 'scheduled_at', d, 'ends_at', d + interval '24 h',
        'busy', tstzrange(d, d + interval '24 h')))).*
      from orders.orders o, orders.workers w,
        generate_series(${t.hour(24)}::timestamptz, ${t.hour(24 * 20)}, '1 day') d`.execute(t.db);
    const refused = await t.place(anna, t.hour(24 * 5)).catch((error) => error);
    expect(refused.code).toBe('nobody_free');
    for (const time of refused.data.nearestTimes) {
      expect(time < t.hour(24).toISOString()).toBe(true);
    }
  });

  it('costs 100 units where the catalog has no price (R-02)', async () => {
    const t = await openTestOrders();
    await t.addWorker();
    await sql`update catalog.services set price_minor = null`.execute(t.db);
    const { view } = await t.place(await t.customer(), t.hour(3));
    expect(view.order.price.amount).toBe(10_000);
    expect((await t.orders.quote('CLEAN-STD')).price.amount).toBe(10_000);
  });

  it('keeps the receipt of the match and answers why not another worker', async () => {
    const t = await openTestOrders();
    const first = await t.addWorker({ name: 'Wanda' });
    const other = await t.addWorker({ name: 'Otto' });
    const elsewhere = await t.addWorker({ name: 'Far', city: 'Harbour' });
    const { view } = await t.place(await t.customer(), t.hour(3));
    const loser = view.worker.id === first.id ? other : first;
    const report = await t.orders.why(view.order.id, loser.id);
    expect(report.explanation.chosenWorkerId).toBe(view.worker.id);
    expect(report.explanation.considered).toBe(2);
    expect(report.whyNot?.join(' ')).toContain(loser.name);
    const far = await t.orders.why(view.order.id, elsewhere.id);
    expect(far.whyNot?.join(' ')).toMatch(/short list/);
  });
});

describe('the same request again (R-10)', () => {
  it('answers the same, once the order is there, and makes no second one', async () => {
    const t = await openTestOrders();
    await t.addWorker();
    const anna = await t.customer();
    const first = await t.orders.place(anna, anna.id, request(t, 3), key('a'));
    const again = await t.orders.place(anna, anna.id, request(t, 3), key('a'));
    expect(again).toEqual({ view: first.view, replayed: true });
    expect((await t.orders.list(anna, {}, { limit: 10 })).data).toHaveLength(1);
  });

  it('answers the same after the order went on, its time passed and its service was retired', async () => {
    const t = await openTestOrders();
    await t.addWorker();
    const anna = await t.customer();
    const first = await t.orders.place(anna, anna.id, request(t, 3), key('a'));
    await t.orders.cancel(anna, first.view.order.id, 'said later');
    await sql`update catalog.services set active = false, version = 2`.execute(t.db);
    t.clock.advance(24 * 3_600_000);
    const again = await t.orders.place(anna, anna.id, request(t, 3), key('a'));
    expect(again.replayed).toBe(true);
    expect(again.view).toEqual(first.view);
  });

  it('refuses the key for another request, and takes it from another customer', async () => {
    const t = await openTestOrders();
    await t.addWorker();
    const anna = await t.customer();
    await t.orders.place(anna, anna.id, request(t, 3), key('a'));
    await expect(
      t.orders.place(anna, anna.id, request(t, 6), { ...key('a'), requestHash: Buffer.from('b') }),
    ).rejects.toMatchObject({ code: 'idempotency_key_reused' });
    const bob = await t.customer('bob');
    const other = await t.orders.place(bob, bob.id, request(t, 6), key('a'));
    expect(other.replayed).toBe(false);
  });

  it('makes one order of fifty equal requests at once', async () => {
    const t = await openTestOrders();
    await t.addWorker();
    const anna = await t.customer();
    const send = () => t.orders.place(anna, anna.id, request(t, 3), key('a'));
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => {
        for (;;) {
          const answer = await send().catch((error) => error);
          if (answer.code !== 'request_in_flight') return answer;
        }
      }),
    );
    expect(new Set(answers.map((answer) => answer.view.order.id)).size).toBe(1);
    expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1);
    expect(answers.every((answer) => answer.view.order.version === 1)).toBe(true);
  });
});

describe('many at once (R-03)', () => {
  it('gives the last free worker to one of 64, and names times to the others', async () => {
    const t = await openTestOrders();
    await t.addWorker();
    const anna = await t.customer();
    const answers = await Promise.allSettled(
      Array.from({ length: 64 }, () => t.place(anna, t.hour(3))),
    );
    const refused = answers.filter((answer) => answer.status === 'rejected');
    expect(refused).toHaveLength(63);
    for (const { reason } of refused) {
      expect(reason.code).toBe('nobody_free');
      expect(reason.data.nearestTimes.length).toBeGreaterThan(0);
    }
  });

  it('leaves no free worker out in a rush, however short the first list', async () => {
    const t = await openTestOrders({ rules: ordersRulesSchema.parse({ shortListSize: 2 }) });
    await Promise.all(Array.from({ length: 40 }, (_, n) => t.addWorker({ name: `W${n}` })));
    const anna = await t.customer();
    const answers = await Promise.allSettled(
      Array.from({ length: 40 }, () => t.place(anna, t.hour(3))),
    );
    expect(answers.filter((answer) => answer.status === 'rejected')).toEqual([]);
  });

  it('fills every worker exactly, however wildly the times overlap', async () => {
    const t = await openTestOrders();
    await Promise.all(Array.from({ length: 5 }, (_, n) => t.addWorker({ name: `W${n}` })));
    const anna = await t.customer();
    await Promise.allSettled(
      Array.from({ length: 120 }, (_, n) => t.place(anna, t.hour(1 + (n % 17) / 4))),
    );
    const overlaps = await sql<{ count: bigint }>`
      select count(*) from orders.orders a join orders.orders b
        on a.worker_id = b.worker_id and a.id < b.id and a.busy && b.busy`.execute(t.db);
    expect(overlaps.rows[0]?.count).toBe(0n);
    // Starts between 1:00 and 5:00 for two hours: nobody who asked for 3:00 could still be served.
    await expect(t.place(anna, t.hour(3))).rejects.toMatchObject({ code: 'nobody_free' });
    const broken = await sql<{ count: bigint }>`
      select count(*) from orders.orders o
      where not exists (select from stream.order_events e where e.order_id = o.id)
        or not exists (select from orders.supplies s where s.order_id = o.id)
        or not exists (select from orders.match_receipts r where r.order_id = o.id)`.execute(t.db);
    expect(broken.rows[0]?.count).toBe(0n);
  });
});
