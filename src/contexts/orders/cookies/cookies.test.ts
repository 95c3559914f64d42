import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Database } from '../../../platform/postgres/database.ts';
import { type ConsumerTables, createStream } from '../../../stream/index.ts';
import { orderConsumers } from '../create-orders.ts';
import { openTestOrders, type TestOrders } from '../testing.ts';
import { type CookieContractor, createHttpContractor } from './contractor.ts';

const supplies = { kind: 'supplies', id: 'sue' } as const;
const minutes = (count: number) => count * 60_000;

function reader(t: TestOrders) {
  const db = t.database.open('steward_worker') as unknown as Database<ConsumerTables>;
  const { clock, ids, log } = t.dependencies;
  return createStream({
    log: db as never,
    books: db as never,
    consumers: orderConsumers({ ids }),
    clock,
    logger: log,
  });
}

const cookieOf = async (t: TestOrders) =>
  (await t.supplies.list('requested', { limit: 1 })).data[0]?.cookie;

describe('fortune cookies (R-05, R-06)', () => {
  it('orders one per order and sees it delivered', async () => {
    const t = await openTestOrders();
    await t.addWorker();
    await t.place(await t.customer(), t.hour(3));
    expect(await cookieOf(t)).toBe('none');
    await reader(t).consumeAll();
    expect(await cookieOf(t)).toBe('waiting');
    expect(await t.asWorker.cookies.attend()).toMatchObject({ ordered: 1 });
    expect(await t.asWorker.cookies.attend()).toMatchObject({ ordered: 0, delivered: 0 });
    t.clock.advance(minutes(3));
    expect(await t.asWorker.cookies.attend()).toMatchObject({ delivered: 1 });
    expect(await cookieOf(t)).toBe('delivered');
  });

  it('shows a cookie as late after ten minutes, and issuing goes on without it', async () => {
    const never: CookieContractor = {
      order: async () => undefined,
      isDelivered: async () => false,
    };
    const t = await openTestOrders({ contractor: never });
    await t.addWorker();
    const { view } = await t.place(await t.customer(), t.hour(3));
    await reader(t).consumeAll();
    await t.asWorker.cookies.attend();
    t.clock.advance(minutes(11));
    expect(await cookieOf(t)).toBe('late');
    await expect(t.supplies.issue(supplies, view.order.id)).resolves.toBeDefined();
  });

  it('does not let a contractor that is down for an hour stop anything', async () => {
    let down = true;
    const flaky: CookieContractor = {
      order: async () => {
        if (down) throw new Error('connection refused');
      },
      isDelivered: async () => true,
    };
    const t = await openTestOrders({ contractor: flaky });
    await t.addWorker();
    const { view } = await t.place(await t.customer(), t.hour(3));
    await reader(t).consumeAll();
    for (let passed = 0; passed < 60; passed++) {
      await t.asWorker.cookies.attend();
      t.clock.advance(minutes(1));
    }
    await expect(t.supplies.issue(supplies, view.order.id)).resolves.toBeDefined();
    down = false;
    t.clock.advance(minutes(10));
    expect(await t.asWorker.cookies.attend()).toMatchObject({ ordered: 1 });
    t.clock.advance(minutes(1));
    expect(await t.asWorker.cookies.attend()).toMatchObject({ delivered: 1 });
  });

  it('asks for no cookie of an order that was cancelled before', async () => {
    const t = await openTestOrders();
    await t.addWorker();
    const anna = await t.customer();
    const { view } = await t.place(anna, t.hour(3));
    await t.orders.cancel(anna, view.order.id);
    await reader(t).consumeAll();
    expect(await t.asWorker.cookies.attend()).toMatchObject({ ordered: 0 });
    expect(await t.asWorker.cookies.counts()).toMatchObject({ 'given-up': 1 });
  });

  it('shares the work among many runs at once', async () => {
    let ordered = 0;
    const counting: CookieContractor = {
      order: async () => {
        ordered += 1;
      },
      isDelivered: async () => false,
    };
    const t = await openTestOrders({ contractor: counting });
    await Promise.all(Array.from({ length: 10 }, (_, n) => t.addWorker({ name: `W${n}` })));
    const anna = await t.customer();
    for (let n = 0; n < 10; n++) await t.place(anna, t.hour(3));
    await reader(t).consumeAll();
    await Promise.all(Array.from({ length: 5 }, () => t.asWorker.cookies.attend()));
    expect(ordered).toBe(10);
  });
});

describe('the contractor over HTTP', () => {
  async function contractor(answer: (path: string) => [number, unknown]) {
    const requests: { method?: string; url?: string; headers: object; body: string }[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        requests.push({ method: request.method, url: request.url, headers: request.headers, body });
        const [status, json] = answer(request.url ?? '');
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(json));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return {
      requests,
      api: createHttpContractor({ url: `http://127.0.0.1:${port}/v2`, token: 'secret' }),
    };
  }

  it('orders with the order’s id as key, below the configured path', async () => {
    const { api, requests } = await contractor(() => [202, {}]);
    await api.order({ orderId: 'o-1', customer: { name: 'Anna' }, neededAt: new Date(0) });
    expect(requests).toMatchObject([
      {
        method: 'POST',
        url: '/v2/cookies',
        headers: { authorization: 'Bearer secret', 'idempotency-key': 'o-1' },
      },
    ]);
    expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({ customer: { name: 'Anna' } });
  });

  it('asks whether it was delivered, and takes nonsense for an error', async () => {
    const { api } = await contractor((path) =>
      path.endsWith('o-1') ? [200, { status: 'delivered' }] : [200, { state: 'what?' }],
    );
    expect(await api.isDelivered('o-1', new Date())).toBe(true);
    await expect(api.isDelivered('o-2', new Date())).rejects.toThrow();
  });

  it('takes a refusal for an error', async () => {
    const { api } = await contractor(() => [500, {}]);
    await expect(
      api.order({ orderId: 'o-1', customer: { name: 'Anna' }, neededAt: new Date(0) }),
    ).rejects.toThrow('500');
  });
});
