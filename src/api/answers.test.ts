import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { conflict, forbidden, invalid, unavailable } from '../platform/errors.ts';
import { createLog } from '../platform/log.ts';
import type { Role } from '../platform/tokens/principal.ts';
import {
  createTestApi,
  FOREIGN_ORDER_ID,
  fakeContexts,
  form,
  GOOD_ORDER,
  illegalTransition,
  ORDER_ID,
  testDependencies,
} from './testing.ts';

const place = (idempotencyKey?: string, body: object = GOOD_ORDER) =>
  ({
    method: 'POST',
    url: '/v1/orders',
    payload: body,
    headers: idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey },
  }) as const;

/** Contexts of which one method fails in this way. */
function failing(method: 'place' | 'cancel' | 'get', error: unknown) {
  const contexts = fakeContexts();
  const fail = async () => {
    throw error;
  };
  return { main: { ...contexts, orders: { ...contexts.orders, [method]: fail } } };
}

describe('an order', () => {
  test('is created with 201, its address, and nothing of what is secret', async () => {
    const { send, calls } = await createTestApi();
    const answer = await send('customer', place('k'));
    expect(answer.statusCode).toBe(201);
    expect(answer.headers.location).toBe(`/v1/orders/${ORDER_ID}`);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json()).toMatchObject({
      id: ORDER_ID,
      status: 'assigned',
      service: { code: 'CLEAN-STD', name: 'Cleaning' },
      worker: { name: 'Ann Lee', rating: 4.71 },
      price: { amount: 8900, currency: 'USD' },
      scheduledAt: '2026-11-24T09:00:00.000Z',
      createdAt: '2026-11-23T10:00:00.123Z',
      rating: null,
      allowed: ['cancel'],
    });
    expect(answer.body).not.toContain('secret-key');
    expect(calls).toMatchObject([
      { name: 'customers.identify', args: [{ subject: 'ann', name: 'Bo Berg' }] },
      {
        name: 'place',
        args: [
          { kind: 'customer', id: 'customer-id-of-ann' },
          'customer-id-of-ann',
          { ...GOOD_ORDER, scheduledAt: new Date('2026-11-24T09:00:00Z') },
          { key: 'k' },
        ],
      },
    ]);
  });

  test('shows the customer to the worker, and neither customer nor place to the clerk', async () => {
    const { send } = await createTestApi();
    const list = await send('worker', { method: 'GET', url: '/v1/worker/orders' });
    expect(list.json().data[0]).toMatchObject({ customer: { name: 'Bo Berg' } });
    expect(list.json().nextCursor).toBe('abc');
    const url = `/v1/supplies/${ORDER_ID}/issue`;
    const issued = await send('supplies', { method: 'POST', url });
    expect(issued.json()).toMatchObject({ status: 'supplied', allowed: [] });
    expect(issued.body).not.toMatch(/Bo Berg|Elm Street/);
  });

  test('says what each role can do next', async () => {
    const { send } = await createTestApi();
    const cancelled = await send('customer', {
      method: 'POST',
      url: `/v1/orders/${ORDER_ID}/cancel`,
    });
    expect(cancelled.json().allowed).toEqual([]);
    const work = await send('worker', { method: 'GET', url: '/v1/worker/orders' });
    expect(work.json().data[0].allowed).toEqual(['fail']);
  });

  test('a timeline names roles, not people', async () => {
    const { send } = await createTestApi();
    const url = `/v1/orders/${ORDER_ID}/timeline`;
    const answer = await send('customer', { method: 'GET', url });
    expect(answer.json().data).toMatchObject([{ type: 'order.supplied', by: 'supplies' }]);
    expect(answer.body).not.toContain('clerk-7');
  });

  test('lists pass the filter and the page on', async () => {
    const { send, calls } = await createTestApi();
    const url = '/v1/orders?status=failed,cancelled&limit=7&cursor=xyz';
    await send('customer', { method: 'GET', url });
    expect(calls.at(-1)).toMatchObject({
      args: [
        { kind: 'customer' },
        { status: ['failed', 'cancelled'] },
        { limit: 7, cursor: 'xyz' },
      ],
    });
    await send('customer', { method: 'GET', url: '/v1/orders?status=failed&status=started' });
    expect(calls.at(-1)).toMatchObject({
      args: [{}, { status: ['failed', 'started'] }, { limit: 50 }],
    });
  });
});

describe('who may do what', () => {
  const routes: [Role, 'GET' | 'POST', string][] = [
    ['customer', 'GET', '/v1/services'],
    ['customer', 'POST', '/v1/quotes'],
    ['customer', 'POST', '/v1/orders'],
    ['customer', 'GET', '/v1/orders'],
    ['customer', 'GET', `/v1/orders/${ORDER_ID}`],
    ['customer', 'GET', `/v1/orders/${ORDER_ID}/timeline`],
    ['customer', 'POST', `/v1/orders/${ORDER_ID}/cancel`],
    ['customer', 'POST', `/v1/orders/${ORDER_ID}/rebook`],
    ['customer', 'POST', `/v1/orders/${ORDER_ID}/rating`],
    ['worker', 'GET', '/v1/worker/orders'],
    ['worker', 'POST', `/v1/worker/orders/${ORDER_ID}/check-in`],
    ['worker', 'POST', `/v1/worker/orders/${ORDER_ID}/complete`],
    ['worker', 'POST', `/v1/worker/orders/${ORDER_ID}/fail`],
    ['supplies', 'GET', '/v1/supplies'],
    ['supplies', 'POST', `/v1/supplies/${ORDER_ID}/issue`],
  ];

  test.each(routes)('only the role %s: %s %s', async (role, method, url) => {
    const { send, calls } = await createTestApi();
    const nobody = await send(null, { method, url });
    expect(nobody.json()).toMatchObject({ status: 401, code: 'token_missing' });
    expect(nobody.headers['www-authenticate']).toBe('Bearer realm="steward"');
    for (const other of ['customer', 'worker', 'supplies'] as const) {
      const answer = await send(other, { method, url });
      if (other === role) expect([401, 403]).not.toContain(answer.statusCode);
      else expect(answer.json()).toMatchObject({ status: 403, code: 'wrong_role' });
    }
    expect(calls.every((call) => call.name !== 'customers.identify')).toBe(role !== 'customer');
  });

  test.each([
    ['Bearer', 'token_malformed'],
    ['Bearer a b', 'token_malformed'],
    ['Basic YTpi', 'token_malformed'],
    ['Bearer nothing', 'token_malformed'],
    ['Bearer customer.late', 'token_expired'],
  ])('the header "Authorization: %s" is refused', async (authorization, code) => {
    const { send } = await createTestApi();
    const answer = await send(null, {
      method: 'GET',
      url: '/v1/orders',
      headers: { authorization },
    });
    expect(answer.json()).toMatchObject({ status: 401, code });
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
  });

  test('the scheme is read in any case', async () => {
    const { send } = await createTestApi();
    const headers = { authorization: 'bEARER customer.ann' };
    expect((await send(null, { method: 'GET', url: '/v1/orders', headers })).statusCode).toBe(200);
  });

  test('a token is asked for before the body is looked at', async () => {
    const { send } = await createTestApi();
    const answer = await send(null, { method: 'POST', url: '/v1/orders', payload: 'x' });
    expect(answer.statusCode).toBe(401);
  });

  test('a worker who is none of ours is told so', async () => {
    const workers = {
      identify: async () => {
        throw forbidden('not_a_worker', 'This token is not of a worker of ours.');
      },
    };
    const { send } = await createTestApi({ main: { ...fakeContexts(), workers } });
    const answer = await send('worker', { method: 'GET', url: '/v1/worker/orders' });
    expect(answer.json()).toMatchObject({ status: 403, code: 'not_a_worker' });
  });

  test('one caller has so many requests a minute, and others are not affected', async () => {
    const { limits } = testDependencies();
    const { send } = await createTestApi({ limits: { ...limits, requestsPerMinute: 3 } });
    const request = { method: 'GET', url: '/v1/services' } as const;
    for (let count = 0; count < 3; count++) {
      expect((await send('customer', request)).statusCode).toBe(200);
    }
    const refused = await send('customer', request);
    expect(refused.json()).toMatchObject({ status: 429, code: 'too_many_requests' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    const other = { ...request, headers: { authorization: 'Bearer customer.bob' } };
    expect((await send(null, other)).statusCode).toBe(200);
  });
});

describe('sending a request twice', () => {
  test('an order needs a key', async () => {
    const { send, calls } = await createTestApi();
    const answer = await send('customer', place());
    expect(answer.json()).toMatchObject({
      status: 400,
      code: 'idempotency_key_required',
      errors: [{ path: 'Idempotency-Key', message: 'is missing' }],
    });
    expect(calls.map((call) => call.name)).not.toContain('place');
  });

  test.each(['', 'a b', 'x'.repeat(201), 'schlüssel'])('the key %j is refused', async (key) => {
    const { send } = await createTestApi();
    const answer = await send('customer', place(key));
    expect(answer.json()).toMatchObject({ status: 400, code: 'idempotency_key_malformed' });
  });

  test('the same key and the same request get the same answer, marked', async () => {
    const { send } = await createTestApi();
    const first = await send('customer', place('k'));
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    const again = await send('customer', place('k', { ...GOOD_ORDER, service: ' CLEAN-STD ' }));
    expect(again.statusCode).toBe(201);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.body).toBe(first.body);
  });

  test('the order of the fields and the spelling of the time do not matter', async () => {
    const { send } = await createTestApi();
    await send('customer', place('k'));
    const { service, description, place: where } = GOOD_ORDER;
    const scheduledAt = '2026-11-24T09:00:00.000Z';
    const reordered = { scheduledAt, place: { ...where }, description, service };
    const again = await send('customer', place('k', reordered));
    expect(again.headers['idempotency-replayed']).toBe('true');
  });

  test('the same key with anything else is refused', async () => {
    const { send } = await createTestApi();
    await send('customer', place('k'));
    const requests = [
      place('k', { ...GOOD_ORDER, description: 'Three rooms' }),
      { ...place('k'), url: `/v1/orders/${ORDER_ID}/cancel`, payload: {} },
    ];
    for (const request of requests) {
      const answer = await send('customer', request);
      expect(answer.json()).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    }
  });

  test('a photo is part of the request', async () => {
    const { send } = await createTestApi();
    const checkIn = (content: string, id = ORDER_ID) => {
      const { payload, headers } = form([{ name: 'photo', filename: 'p', content }]);
      return send('worker', {
        method: 'POST',
        url: `/v1/worker/orders/${id}/check-in`,
        payload,
        headers: { ...headers, 'idempotency-key': 'k' },
      });
    };
    await checkIn('one');
    expect((await checkIn('one')).headers['idempotency-replayed']).toBe('true');
    expect((await checkIn('two')).json()).toMatchObject({ code: 'idempotency_key_reused' });
  });

  test('a request that is being done says when to ask again', async () => {
    const error = conflict('request_in_flight', 'The same request is being done.');
    const { send } = await createTestApi(failing('place', error));
    const answer = await send('customer', place('k'));
    expect(answer.statusCode).toBe(409);
    expect(answer.headers['retry-after']).toBe('1');
  });
});

describe('problems', () => {
  test("somebody else's order is not found", async () => {
    const { send } = await createTestApi();
    const url = `/v1/orders/${FOREIGN_ORDER_ID}`;
    for (const [method, path] of [
      ['GET', url],
      ['POST', `${url}/cancel`],
    ] as const) {
      const answer = await send('customer', { method, url: path });
      expect(answer.json()).toMatchObject({ status: 404, code: 'order_not_found' });
    }
  });

  test('an unknown service is a fault of the body', async () => {
    const { send } = await createTestApi();
    const payload = { service: 'CLEAN-STF' };
    const answer = await send('customer', { method: 'POST', url: '/v1/quotes', payload });
    expect(answer.json()).toMatchObject({
      status: 422,
      code: 'service_not_found',
      errors: [{ path: 'service' }],
    });
  });

  test('a conflict carries what helps to mend it', async () => {
    const nearestTimes = ['2026-11-24T11:00:00.000Z'];
    const error = conflict('nobody_free', 'Nobody suitable is free.', { nearestTimes });
    const { send } = await createTestApi(failing('place', error));
    const answer = await send('customer', place('k'));
    expect(answer.json()).toEqual({
      type: '/problems/nobody_free',
      title: 'Nobody is free at that time',
      status: 409,
      detail: 'Nobody suitable is free.',
      code: 'nobody_free',
      nearestTimes,
    });
  });

  test('an illegal step names the legal ones of this role, and the state beside the status', async () => {
    const { send } = await createTestApi(failing('cancel', illegalTransition()));
    const url = `/v1/orders/${ORDER_ID}/cancel`;
    const answer = await send('customer', { method: 'POST', url });
    expect(answer.json()).toMatchObject({
      status: 409,
      orderStatus: 'started',
      allowed: ['cancel'],
    });
  });

  test('a past date is understood but not acceptable', async () => {
    const error = invalid('The time is past.', [
      { path: 'scheduledAt', message: 'is in the past' },
    ]);
    const { send } = await createTestApi(failing('place', error));
    const answer = await send('customer', place('k'));
    expect(answer.json()).toMatchObject({ status: 422, errors: [{ path: 'scheduledAt' }] });
  });

  test('a database that is away is a clear "later"', async () => {
    const error = unavailable('database_unavailable', 'The database does not answer.');
    const { send } = await createTestApi(failing('get', error));
    const answer = await send('customer', { method: 'GET', url: `/v1/orders/${ORDER_ID}` });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('2');
  });

  test('a fault of ours is told by an id that stands in the log, and by nothing else', async () => {
    const lines: string[] = [];
    const destination = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    });
    const log = createLog({ level: 'info', part: 'api' }, destination);
    const secret = new Error('password=hunter2');
    const { send } = await createTestApi({ ...failing('get', secret), log });
    const answer = await send('customer', { method: 'GET', url: `/v1/orders/${ORDER_ID}` });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('hunter2');
    const { requestId } = answer.json();
    expect(answer.headers['x-request-id']).toBe(requestId);
    const entry = lines.map((line) => JSON.parse(line)).find((line) => line.err);
    expect(entry).toMatchObject({ requestId, err: { message: 'password=hunter2' } });
  });

  test('the log has a line per request, with the template of the address and nobody in it', async () => {
    const lines: string[] = [];
    const destination = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    });
    const log = createLog({ level: 'trace', part: 'api' }, destination);
    const { send } = await createTestApi({ log });
    await send('customer', place('k'));
    await send('customer', { method: 'GET', url: `/v1/orders/${ORDER_ID}` });
    await send('customer', { method: 'GET', url: '/v1/ann@example.org' });
    const text = lines.join('');
    expect(text).not.toMatch(/ann|Berg|Lee|Elm Street|019abc00/);
    const entries = lines.map((line) => JSON.parse(line)).filter((line) => line.route);
    expect(entries).toMatchObject([
      { method: 'POST', route: '/v1/orders', status: 201 },
      { method: 'GET', route: '/v1/orders/:id', status: 200 },
      { method: 'GET', route: 'unknown', status: 404 },
    ]);
    expect(typeof entries[0].durationMs).toBe('number');
  });
});
