import { randomUUID } from 'node:crypto';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { startApi } from '../src/api/main.ts';
import { openApp } from '../src/app.ts';
import { createVirtualClock } from '../src/platform/clock.ts';
import { loadConfig } from '../src/platform/config.ts';
import { sampleJpeg } from '../src/platform/storage/testing.ts';
import { issueToken, ownKeyFile } from '../src/platform/tokens/issue-token.ts';
import type { Role } from '../src/platform/tokens/principal.ts';
import { cutBefore, type NetworkCut } from './network-cut.ts';
import { createScratchDatabase, dropScratchDatabase } from './scratch-database.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A Monday morning, and times of that week. */
const MONDAY = new Date('2026-11-23T08:00:00Z');
const at = (hours: number) => new Date(MONDAY.getTime() + hours * 3_600_000).toISOString();

const PLACE = { city: 'Springfield', address: '12 Elm Street' };

/** The whole program over a database of its own, with services on sale, reached over HTTP. */
async function startServer(workers = 1) {
  const serverUrl = inject('serverUrl');
  const scratch = await createScratchDatabase(serverUrl, 'api', inject('templateDatabase'));
  onTestFinished(() => dropScratchDatabase(serverUrl, scratch.name));
  const network = await cutBefore(scratch.url);
  const config = loadConfig({
    STEWARD_HOME: temporaryFolder('api'),
    DATABASE_URL: network.url,
    LOG_LEVEL: 'silent',
  });
  const clock = createVirtualClock(MONDAY);
  const owner = await openApp(config, 'cli', { clock });
  await owner.catalog.importServices('samples/services.xlsx', { by: 'test', acceptGood: true });
  const workerIds: string[] = [];
  for (let index = 0; index < workers; index++) {
    const worker = { name: `Worker ${index}`, city: 'Springfield', skills: ['cleaning'] };
    workerIds.push((await owner.orders.workers.add(worker)).id);
  }
  const app = await openApp(config, 'api', { clock });
  const api = await startApi(app, { host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    await api.stop();
    await app.close();
    await owner.close();
  });
  const as = async (role: Role, sub: string) => {
    const request = { sub, role, name: `Name of ${sub}`, expiresInSeconds: 86_400 };
    const token = await issueToken(request, ownKeyFile(config.tokens), clock);
    return createClient(api.url, token);
  };
  return { api, app, owner, clock, network: network satisfies NetworkCut, as, workerIds };
}

interface Reply {
  status: number;
  headers: Headers;
  // The tests look into answers of many shapes; a wrong guess fails as a missing value.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  body: any;
}

function createClient(url: string, token: string) {
  const send = async (path: string, init: RequestInit = {}): Promise<Reply> => {
    const headers = { authorization: `Bearer ${token}`, ...init.headers };
    const response = await fetch(`${url}${path}`, { ...init, headers });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  const post = (path: string, body?: object, key?: string) =>
    send(path, {
      method: 'POST',
      ...(body && { body: JSON.stringify(body) }),
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(key && { 'idempotency-key': key }),
      },
    });
  return {
    get: (path: string) => send(path),
    post,
    order: (scheduledAt: string, more: object = {}, key: string = randomUUID()) =>
      post('/v1/orders', { service: 'CLEAN-STD', place: PLACE, scheduledAt, ...more }, key),
    photo: (path: string, field: string, bytes: Uint8Array<ArrayBuffer>) => {
      const body = new FormData();
      body.append(field, new Blob([bytes]), 'photo.jpg');
      return send(path, { method: 'POST', body });
    },
  };
}

const jpeg = () => new Uint8Array(sampleJpeg());

describe('an order over HTTP', () => {
  test('goes from the token to the stars', async () => {
    const { as, clock, workerIds } = await startServer();
    const [customer, clerk, worker] = await Promise.all([
      as('customer', 'alice'),
      as('supplies', 'clerk-1'),
      as('worker', workerIds[0] ?? ''),
    ]);
    const services = await customer.get('/v1/services?limit=200');
    expect(services.body.data.length).toBeGreaterThan(20);
    const offer = services.body.data.find(({ code }: { code: string }) => code === 'CLEAN-STD');
    const quote = await customer.post('/v1/quotes', { service: 'CLEAN-STD' });
    expect(quote.body.price).toEqual(offer.price);

    const placed = await customer.order(at(24), { description: 'Zwei Zimmer 🧽' });
    expect(placed.status).toBe(201);
    const { id } = placed.body;
    expect(placed.headers.get('location')).toBe(`/v1/orders/${id}`);
    expect(placed.body).toMatchObject({
      status: 'assigned',
      worker: { id: workerIds[0], name: 'Worker 0', rating: null },
      price: quote.body.price,
      scheduledAt: at(24),
      description: 'Zwei Zimmer 🧽',
      place: PLACE,
      allowed: ['cancel'],
    });

    const early = await worker.photo(`/v1/worker/orders/${id}/check-in`, 'photo', jpeg());
    expect(early).toMatchObject({ status: 409, body: { code: 'illegal_transition' } });
    expect(early.body.allowed).toEqual(['fail']);

    const lists = await clerk.get('/v1/supplies');
    expect(lists.body.data).toMatchObject([{ orderId: id, worker: { name: 'Worker 0' } }]);
    expect((await clerk.post(`/v1/supplies/${id}/issue`)).body.status).toBe('supplied');
    expect((await clerk.get('/v1/supplies')).body.data).toEqual([]);

    clock.moveTo(new Date(at(24)));
    const [mine] = (await worker.get('/v1/worker/orders?status=supplied')).body.data;
    expect(mine).toMatchObject({ id, customer: { name: 'Name of alice' }, place: PLACE });
    const started = await worker.photo(`/v1/worker/orders/${id}/check-in`, 'photo', jpeg());
    expect(started.body).toMatchObject({ status: 'started', startedAt: at(24) });
    const done = await worker.photo(`/v1/worker/orders/${id}/complete`, 'report', jpeg());
    expect(done.body).toMatchObject({ status: 'completed', endKind: 'completed', allowed: [] });

    const rating = { stars: 5, comment: 'Spotless' };
    const rated = await customer.post(`/v1/orders/${id}/rating`, rating);
    expect(rated.body).toMatchObject({ rating, worker: { rating: 5 }, allowed: [] });
    const twice = await customer.post(`/v1/orders/${id}/rating`, rating);
    expect(twice).toMatchObject({ status: 409, body: { code: 'already_rated' } });
    const timeline = await customer.get(`/v1/orders/${id}/timeline`);
    expect(timeline.body.data.map((entry: { type: string; by: string }) => entry)).toMatchObject([
      { type: 'order.assigned', by: 'customer' },
      { type: 'order.supplied', by: 'supplies' },
      { type: 'order.started', by: 'worker' },
      { type: 'order.completed', by: 'worker' },
      { type: 'order.rated', by: 'customer' },
    ]);
    expect((await customer.get(`/v1/orders/${id}`)).body).toEqual(rated.body);
  });

  test('that failed is booked again, once', async () => {
    const { as, workerIds } = await startServer();
    const [customer, worker] = await Promise.all([
      as('customer', 'alice'),
      as('worker', workerIds[0] ?? ''),
    ]);
    const { body: order } = await customer.order(at(24));
    const reason = 'Nobody opened the door';
    const failed = await worker.post(`/v1/worker/orders/${order.id}/fail`, { reason });
    expect(failed.body).toMatchObject({ status: 'failed', endReason: reason });
    expect((await customer.get(`/v1/orders/${order.id}`)).body.allowed).toEqual(['rebook']);
    const again = { scheduledAt: at(48) };
    const copy = await customer.post(`/v1/orders/${order.id}/rebook`, again, 'k');
    expect(copy).toMatchObject({ status: 201, body: { copyOf: order.id, scheduledAt: at(48) } });
    const replayed = await customer.post(`/v1/orders/${order.id}/rebook`, again, 'k');
    expect(replayed.headers.get('idempotency-replayed')).toBe('true');
    expect(replayed.body).toEqual(copy.body);
    const other = await customer.post(`/v1/orders/${order.id}/rebook`, { scheduledAt: at(72) });
    expect(other.body).toMatchObject({ code: 'already_rebooked', orderId: copy.body.id });
  });

  test('of somebody else is not found, whoever asks', async () => {
    const { as, owner, workerIds } = await startServer();
    const stranger = await owner.orders.workers.add({ name: 'X', city: 'Y', skills: ['z'] });
    const [alice, bob, worker, other] = await Promise.all([
      as('customer', 'alice'),
      as('customer', 'bob'),
      as('worker', workerIds[0] ?? ''),
      as('worker', stranger.id),
    ]);
    const { body: order } = await alice.order(at(24));
    const notFound = { status: 404, body: { code: 'order_not_found' } };
    const address = `/v1/orders/${order.id}`;
    expect(await bob.get(address)).toMatchObject(notFound);
    expect(await bob.get(`${address}/timeline`)).toMatchObject(notFound);
    expect(await bob.post(`${address}/cancel`)).toMatchObject(notFound);
    expect(await bob.post(`${address}/rating`, { stars: 1 })).toMatchObject(notFound);
    const again = { scheduledAt: at(48) };
    expect(await bob.post(`${address}/rebook`, again)).toMatchObject(notFound);
    const work = `/v1/worker/orders/${order.id}`;
    expect(await other.post(`${work}/fail`, { reason: 'x' })).toMatchObject(notFound);
    expect(await other.photo(`${work}/check-in`, 'photo', jpeg())).toMatchObject(notFound);
    expect((await bob.get('/v1/orders')).body.data).toEqual([]);
    expect((await other.get('/v1/worker/orders')).body.data).toEqual([]);
    expect((await worker.get('/v1/worker/orders')).body.data).toHaveLength(1);
  });
});

describe('what is understood and not acceptable', () => {
  test('comes with its path', async () => {
    const { as } = await startServer();
    const customer = await as('customer', 'alice');
    const refused = async (reply: Promise<Reply>, code: string, path: string) => {
      expect(await reply).toMatchObject({ status: 422, body: { code, errors: [{ path }] } });
    };
    await refused(customer.order(at(-1)), 'invalid_input', 'scheduledAt');
    await refused(customer.order('9999-12-31T23:59:59Z'), 'invalid_input', 'scheduledAt');
    await refused(customer.order('0001-01-01T00:00:00Z'), 'invalid_input', 'scheduledAt');
    await refused(customer.order(at(1), { service: 'NOPE' }), 'service_not_found', 'service');
    await refused(customer.order(at(1), { service: randomUUID() }), 'service_not_found', 'service');
    await refused(
      customer.post('/v1/quotes', { service: 'x; --' }),
      'service_not_found',
      'service',
    );
    expect((await customer.get('/v1/orders')).body.data).toEqual([]);
  });

  test('a photo that is none is said so, and the order stays as it was', async () => {
    const { as, workerIds, clock } = await startServer();
    const [customer, clerk, worker] = await Promise.all([
      as('customer', 'alice'),
      as('supplies', 'clerk'),
      as('worker', workerIds[0] ?? ''),
    ]);
    const { body: order } = await customer.order(at(24));
    await clerk.post(`/v1/supplies/${order.id}/issue`);
    clock.moveTo(new Date(at(24)));
    const text = new TextEncoder().encode('<html>no photo</html>');
    const reply = await worker.photo(`/v1/worker/orders/${order.id}/check-in`, 'photo', text);
    expect(reply).toMatchObject({ status: 422, body: { code: 'not_a_photo' } });
    expect((await customer.get(`/v1/orders/${order.id}`)).body.status).toBe('supplied');
  });

  test('a cursor of nowhere is refused, one of ours goes on where the page ended', async () => {
    const { as, clock } = await startServer(3);
    const customer = await as('customer', 'alice');
    for (const hours of [24, 48, 72]) {
      await customer.order(at(hours));
      clock.advance(1_000);
    }
    const first = await customer.get('/v1/orders?limit=2');
    expect(first.body.data.map((order: { scheduledAt: string }) => order.scheduledAt)).toEqual([
      at(72),
      at(48),
    ]);
    const second = await customer.get(`/v1/orders?limit=2&cursor=${first.body.nextCursor}`);
    expect(second.body.data).toMatchObject([{ scheduledAt: at(24) }]);
    expect(second.body.nextCursor).toBeNull();
    for (const path of ['/v1/orders', '/v1/services']) {
      const reply = await customer.get(`${path}?cursor=nowhere`);
      expect(reply).toMatchObject({ status: 422, body: { errors: [{ path: 'cursor' }] } });
    }
  });

  test('a worker’s token of nobody is refused', async () => {
    const { as } = await startServer();
    const worker = await as('worker', 'nobody');
    const reply = await worker.get('/v1/worker/orders');
    expect(reply).toMatchObject({ status: 403, body: { code: 'not_a_worker' } });
  });
});

describe('many at once', () => {
  test('50 equal requests with one key make one order and one answer', async () => {
    const { as } = await startServer(60);
    const customer = await as('customer', 'alice');
    const send = () => customer.order(at(24), {}, 'the-same-key');
    const replies = await Promise.all(Array.from({ length: 50 }, send));
    const inFlight = replies.filter(({ status }) => status === 409);
    for (const { body, headers } of inFlight) {
      expect(body.code).toBe('request_in_flight');
      expect(headers.get('retry-after')).toBe('1');
    }
    const done = replies.filter(({ status }) => status === 201);
    expect(done.length + inFlight.length).toBe(50);
    expect(done.filter(({ headers }) => !headers.has('idempotency-replayed'))).toHaveLength(1);
    done.push(...(await Promise.all(inFlight.map(send))));
    expect(new Set(done.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect((await customer.get('/v1/orders')).body.data).toHaveLength(1);
  });

  test('of 64 who want the last free worker one wins, and the others get times', async () => {
    const { as } = await startServer(1);
    const customers = await Promise.all(
      Array.from({ length: 64 }, (_, index) => as('customer', `customer-${index}`)),
    );
    const replies = await Promise.all(customers.map((customer) => customer.order(at(24))));
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
    const others = replies.filter(({ status }) => status !== 201);
    for (const { status, body } of others) {
      expect({ status, code: body.code }).toEqual({ status: 409, code: 'nobody_free' });
      expect(body.nearestTimes.length).toBeGreaterThan(0);
      expect(body.nearestTimes.length).toBeLessThanOrEqual(3);
    }
    const [first] = others[0]?.body.nearestTimes ?? [];
    expect((await customers[1]?.order(first))?.status).toBe(201);
  });
});

describe('without its database', () => {
  test('the API says "later", and goes on by itself when it is back', async () => {
    const { as, api, network } = await startServer();
    const customer = await as('customer', 'alice');
    expect((await customer.order(at(24))).status).toBe(201);
    await network.cut();
    const away = await customer.order(at(48), {}, 'kept');
    expect(away).toMatchObject({ status: 503, body: { code: 'database_unavailable' } });
    expect(Number(away.headers.get('retry-after'))).toBeGreaterThan(0);
    await expect.poll(async () => (await fetch(`${api.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${api.url}/healthz`)).status).toBe(200);
    await network.mend();
    await expect
      .poll(async () => (await fetch(`${api.url}/readyz`)).status, { timeout: 10_000 })
      .toBe(200);
    await expect
      .poll(async () => (await customer.order(at(48), {}, 'kept')).status, { timeout: 10_000 })
      .toBe(201);
    expect((await customer.get('/v1/orders')).body.data).toHaveLength(2);
  });
});
