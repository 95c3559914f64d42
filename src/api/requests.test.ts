import { describe, expect, test } from 'vitest';
import type { Role } from '../platform/tokens/principal.ts';
import { createTestApi, FOREIGN_ORDER_ID, form, GOOD_ORDER, ORDER_ID } from './testing.ts';

const key = { 'idempotency-key': 'k-1' };
const place = (body: unknown) =>
  ({ method: 'POST', url: '/v1/orders', payload: body as object, headers: key }) as const;
const withPlace = (more: object) => ({ ...GOOD_ORDER, place: { ...GOOD_ORDER.place, ...more } });
const without = (field: string) =>
  Object.fromEntries(Object.entries(GOOD_ORDER).filter(([name]) => name !== field));

describe('every field of a request is checked, and the answer says where and what', () => {
  test.each<[string, unknown, string, RegExp]>([
    ['no service', without('service'), 'service', /is missing/],
    ['no place', without('place'), 'place', /is missing/],
    ['no time', without('scheduledAt'), 'scheduledAt', /is missing/],
    ['service of another type', { ...GOOD_ORDER, service: 7 }, 'service', /a text, found a number/],
    ['empty service', { ...GOOD_ORDER, service: ' ' }, 'service', /must not be empty/],
    ['service of 65', { ...GOOD_ORDER, service: 'x'.repeat(65) }, 'service', /at most 64/],
    ['description null', { ...GOOD_ORDER, description: null }, 'description', /text, found null/],
    [
      'description of 2001',
      { ...GOOD_ORDER, description: 'x'.repeat(2001) },
      'description',
      /2000/,
    ],
    ['NUL', { ...GOOD_ORDER, description: 'a\u0000' }, 'description', /control characters/],
    ['half a pair', { ...GOOD_ORDER, description: 'a\ud800b' }, 'description', /half a pair/],
    ['place as text', { ...GOOD_ORDER, place: 'here' }, 'place', /an object, found a text/],
    ['place as list', { ...GOOD_ORDER, place: [] }, 'place', /an object, found a list/],
    ['no city', { ...GOOD_ORDER, place: { address: 'x' } }, 'place.city', /is missing/],
    ['empty city', withPlace({ city: '' }), 'place.city', /must not be empty/],
    ['line end in city', withPlace({ city: 'a\nb' }), 'place.city', /control characters/],
    ['city of 101', withPlace({ city: 'x'.repeat(101) }), 'place.city', /at most 100/],
    ['no address', { ...GOOD_ORDER, place: { city: 'x' } }, 'place.address', /is missing/],
    ['notes of 1001', withPlace({ notes: 'x'.repeat(1001) }), 'place.notes', /at most 1000/],
    ['a typo', withPlace({ adress: 'x' }), 'place.adress', /did you mean "address"/],
    ['an unknown field', { ...GOOD_ORDER, coupon: 1 }, 'coupon', /is not a field of this request$/],
    ['a date', { ...GOOD_ORDER, scheduledAt: '2026-11-24' }, 'scheduledAt', /ISO 8601/],
    [
      'no offset',
      { ...GOOD_ORDER, scheduledAt: '2026-11-24T10:00:00' },
      'scheduledAt',
      /no offset/,
    ],
    ['30 February', { ...GOOD_ORDER, scheduledAt: '2026-02-30T10:00:00Z' }, 'scheduledAt', /ISO/],
    ['hour 25', { ...GOOD_ORDER, scheduledAt: '2026-11-24T25:00:00Z' }, 'scheduledAt', /ISO/],
    [
      'a number as time',
      { ...GOOD_ORDER, scheduledAt: 1e12 },
      'scheduledAt',
      /a text, found a num/,
    ],
    ['a list', [GOOD_ORDER], 'body', /an object, found a list/],
    ['null', 'null', 'body', /an object, found nothing/],
    ['a text', '"order"', 'body', /an object, found a text/],
    ['nothing', '', 'body', /an object, found nothing/],
  ])('an order with %s', async (_name, body, path, message) => {
    const { send, calls } = await createTestApi();
    const json = { ...key, 'content-type': 'application/json' };
    const request = place(body);
    const answer = await send('customer', { ...request, headers: json });
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    const problem = answer.json();
    expect(problem).toMatchObject({
      type: '/problems/invalid_request',
      status: 400,
      code: 'invalid_request',
      errors: [{ path, message: expect.stringMatching(message) }],
    });
    expect(problem.detail).toContain(problem.errors[0].message);
    expect(calls.map((call) => call.name)).not.toContain('place');
  });

  test('all faults of a request come together', async () => {
    const { send } = await createTestApi();
    const answer = await send('customer', place({ place: { city: '' }, scheduledAt: 'soon' }));
    const paths = answer.json().errors.map((error: { path: string }) => error.path);
    expect(paths.toSorted()).toEqual(['place.address', 'place.city', 'scheduledAt', 'service']);
  });

  test('a body with thousands of unknown fields gets a short answer', async () => {
    const { send } = await createTestApi();
    const fields = Array.from({ length: 4000 }, (_, index) => [`field${index}`, 1]);
    const answer = await send('customer', place(Object.fromEntries(fields)));
    expect(answer.statusCode).toBe(400);
    expect(answer.json().errors.length).toBeLessThanOrEqual(20);
  });

  const id = `/v1/orders/${ORDER_ID}`;
  const work = `/v1/worker/orders/${ORDER_ID}`;
  test.each<[Role, 'GET' | 'POST', string, unknown, string]>([
    ['customer', 'POST', '/v1/quotes', {}, 'service'],
    ['customer', 'POST', '/v1/quotes', { service: ['CLEAN-STD'] }, 'service'],
    ['customer', 'POST', '/v1/quotes', { service: 'CLEAN-STD', servise: 1 }, 'servise'],
    ['customer', 'GET', '/v1/services?limit=0', undefined, 'limit'],
    ['customer', 'GET', '/v1/services?page=2', undefined, 'page'],
    ['customer', 'GET', '/v1/orders?limit=201', undefined, 'limit'],
    ['customer', 'GET', '/v1/orders?limit=-1', undefined, 'limit'],
    ['customer', 'GET', '/v1/orders?limit=1&limit=2', undefined, 'limit'],
    ['customer', 'GET', '/v1/orders?limit=1e1', undefined, 'limit'],
    ['customer', 'GET', `/v1/orders?cursor=${'x'.repeat(501)}`, undefined, 'cursor'],
    ['customer', 'GET', '/v1/orders?status=done', undefined, 'status'],
    ['customer', 'GET', '/v1/orders?status=failed,foo,bar', undefined, 'status'],
    ['customer', 'GET', '/v1/orders?status=', undefined, 'status'],
    ['customer', 'GET', '/v1/orders?statsu=failed', undefined, 'statsu'],
    ['customer', 'GET', '/v1/orders/17', undefined, 'id'],
    ['customer', 'GET', '/v1/orders/17/timeline', undefined, 'id'],
    ['customer', 'GET', '/v1/orders/%00', undefined, 'id'],
    ['customer', 'POST', '/v1/orders/17/cancel', {}, 'id'],
    ['customer', 'POST', `${id}/cancel`, { reason: 5 }, 'reason'],
    ['customer', 'POST', `${id}/cancel`, { why: 'x' }, 'why'],
    ['customer', 'POST', `${id}/rebook`, {}, 'scheduledAt'],
    ['customer', 'POST', `${id}/rebook`, { scheduledAt: '2026-11-24T10:00:00' }, 'scheduledAt'],
    ['customer', 'POST', `${id}/rating`, {}, 'stars'],
    ['customer', 'POST', `${id}/rating`, { stars: 0 }, 'stars'],
    ['customer', 'POST', `${id}/rating`, { stars: 6 }, 'stars'],
    ['customer', 'POST', `${id}/rating`, { stars: 4.5 }, 'stars'],
    ['customer', 'POST', `${id}/rating`, { stars: '5' }, 'stars'],
    ['customer', 'POST', `${id}/rating`, { stars: 5, comment: 'x'.repeat(2001) }, 'comment'],
    ['worker', 'GET', '/v1/worker/orders?status=x', undefined, 'status'],
    ['worker', 'POST', `${work}/fail`, {}, 'reason'],
    ['worker', 'POST', `${work}/fail`, { reason: '  ' }, 'reason'],
    ['worker', 'POST', `${work}/fail`, { reason: 'a\u0007' }, 'reason'],
    ['worker', 'POST', '/v1/worker/orders/x/fail', { reason: 'x' }, 'id'],
    ['supplies', 'GET', '/v1/supplies?status=lost', undefined, 'status'],
    ['supplies', 'GET', '/v1/supplies?limit=x', undefined, 'limit'],
    ['supplies', 'POST', '/v1/supplies/x/issue', undefined, 'orderId'],
    ['supplies', 'POST', `/v1/supplies/${ORDER_ID}/issue`, { by: 'me' }, 'by'],
  ])('as %s, %s %s with %j names %s', async (role, method, url, payload, path) => {
    const { send } = await createTestApi();
    const answer = await send(role, { method, url, payload: payload as object });
    expect(answer.json()).toMatchObject({ code: 'invalid_request', errors: [{ path }] });
    expect(answer.statusCode).toBe(400);
  });
});

describe('bodies that are none', () => {
  const send = async (payload: string | Buffer, contentType: string | undefined) => {
    const api = await createTestApi();
    const type = contentType === undefined ? {} : { 'content-type': contentType };
    return api.send('customer', { ...place(''), payload, headers: { ...key, ...type } });
  };
  const json = JSON.stringify(GOOD_ORDER);

  test.each<[string, string | Buffer, string | undefined, number, string]>([
    ['broken JSON', '{"service": ', 'application/json', 400, 'malformed_json'],
    ['two documents', '{}{}', 'application/json', 400, 'malformed_json'],
    ['__proto__', '{"__proto__": {"x": 1}}', 'application/json', 400, 'malformed_json'],
    ['escaped __proto__', '{"__pro\\u0074o__": 1}', 'application/json', 400, 'malformed_json'],
    ['constructor', '{"constructor": {"prototype": 1}}', 'application/json', 400, 'malformed_json'],
    [
      'bytes that are no UTF-8',
      Buffer.from([0x22, 0xff, 0x22]),
      'application/json',
      400,
      'malformed_json',
    ],
    ['deep nesting', '['.repeat(30_000), 'application/json', 400, 'malformed_json'],
    [
      'another charset',
      json,
      'application/json; charset=iso-8859-1',
      415,
      'unsupported_media_type',
    ],
    ['a form', 'service=x', 'application/x-www-form-urlencoded', 415, 'unsupported_media_type'],
    ['text', json, 'text/plain', 415, 'unsupported_media_type'],
    ['no content type', json, undefined, 415, 'unsupported_media_type'],
    ['a content type that is none', json, 'json', 415, 'unsupported_media_type'],
    [
      'more than 64 KB',
      `{"description": "${'x'.repeat(70_000)}"}`,
      'application/json',
      413,
      'request_too_large',
    ],
  ])('%s', async (_name, payload, contentType, status, code) => {
    const answer = await send(payload, contentType);
    expect(answer.json()).toMatchObject({ status, code, type: `/problems/${code}` });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toBe('application/problem+json');
  });

  test('a nested list in place of a text is refused without being walked', async () => {
    const depth = 20_000;
    const deep = `{"service": ${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect((await send(deep, 'application/json')).json()).toMatchObject({
      code: 'invalid_request',
    });
  });

  test('UTF-8 is taken under each of its names', async () => {
    for (const type of ['application/json;charset=UTF-8', 'application/json; charset="utf-8"']) {
      expect((await send(json, type)).statusCode).toBe(201);
    }
  });
});

describe('addresses and methods', () => {
  test('an unknown address is a problem', async () => {
    const { send } = await createTestApi();
    for (const url of ['/', '/v1', '/v1/order', '/v1/orders/', '/V1/orders', '/v1/orders/%zz']) {
      const answer = await send('customer', { method: 'GET', url });
      expect(answer.headers['content-type']).toBe('application/problem+json');
      expect([400, 404]).toContain(answer.statusCode);
    }
  });

  test('a known address with another method says which it takes', async () => {
    const { send } = await createTestApi();
    const put = await send('customer', { method: 'PUT', url: '/v1/orders' });
    expect(put.statusCode).toBe(405);
    expect(put.headers.allow).toBe('GET, HEAD, POST');
    expect(put.json()).toMatchObject({ code: 'method_not_allowed' });
    const get = await send('customer', { method: 'GET', url: `/v1/orders/${ORDER_ID}/cancel` });
    expect(get.headers.allow).toBe('POST');
    const path = `/v1/orders/${ORDER_ID}`;
    expect((await send('customer', { method: 'DELETE', url: path })).statusCode).toBe(405);
  });

  test('HEAD answers like GET, without a body', async () => {
    const { send } = await createTestApi();
    const answer = await send('customer', { method: 'HEAD', url: `/v1/orders/${ORDER_ID}` });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toBe('');
    expect(Number(answer.headers['content-length'])).toBeGreaterThan(100);
  });
});

describe('photos', () => {
  const checkIn = `/v1/worker/orders/${ORDER_ID}/check-in`;
  const jpeg = { name: 'photo', filename: 'p.jpg', content: Buffer.from([0xff, 0xd8, 0xff, 0, 1]) };

  test('one file in the right field reaches the context byte by byte', async () => {
    const { send, calls } = await createTestApi();
    const answer = await send('worker', { method: 'POST', url: checkIn, ...form([jpeg]) });
    expect(answer.statusCode).toBe(200);
    expect(answer.json().status).toBe('started');
    const [actor, id, photo] = calls.at(-1)?.args ?? [];
    expect(actor).toEqual({ kind: 'worker', id: 'worker-id-of-ann' });
    expect(id).toBe(ORDER_ID);
    expect(Buffer.from(photo as Uint8Array)).toEqual(jpeg.content);
  });

  const large = { ...jpeg, content: Buffer.alloc(10 * 1024 * 1024 + 1) };
  test.each([
    ['no part', [], 'photo', /is missing/],
    ['another field', [{ ...jpeg, name: 'foto' }], 'foto', /one file in "photo"/],
    ['a text', [{ name: 'photo', content: 'x' }], 'photo', /a file, found a text/],
    ['two photos', [jpeg, jpeg], 'photo', /more than once/],
    ['a text beside it', [jpeg, { name: 'note', content: 'x' }], 'note', /one file in "photo"/],
    ['a field named __proto__', [{ ...jpeg, name: '__proto__' }], '__proto__', /one file in/],
    ['many parts', Array.from({ length: 50 }, () => jpeg), 'photo', /once|nothing else/],
  ])('a form with %s', async (_name, parts, path, message) => {
    const { send, calls } = await createTestApi();
    const answer = await send('worker', { method: 'POST', url: checkIn, ...form(parts) });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({
      code: 'invalid_request',
      errors: [{ path, message: expect.stringMatching(message) }],
    });
    expect(calls.map((call) => call.name)).not.toContain('checkIn');
  });

  test('more than 10 MB is too large', async () => {
    const { send } = await createTestApi();
    const answer = await send('worker', { method: 'POST', url: checkIn, ...form([large]) });
    expect(answer.statusCode).toBe(413);
    expect(answer.json()).toMatchObject({ code: 'request_too_large', errors: [{ path: 'photo' }] });
  });

  test('what is no form is refused as such', async () => {
    const { send } = await createTestApi();
    const asJson = await send('worker', { method: 'POST', url: checkIn, payload: { photo: 'x' } });
    expect(asJson.json()).toMatchObject({ code: 'unsupported_media_type' });
    expect(asJson.json().detail).toContain('multipart/form-data in the field "photo"');
    const empty = await send('worker', { method: 'POST', url: checkIn });
    expect(empty.statusCode).toBe(415);
    for (const [type, payload] of [
      ['multipart/form-data', 'x'],
      ['multipart/form-data; boundary=b', '--b\r\ncontent-disposition: form-data; na'],
    ] as const) {
      const broken = { method: 'POST', url: checkIn, payload } as const;
      const answer = await send('worker', { ...broken, headers: { 'content-type': type } });
      expect(answer.json()).toMatchObject({ status: 400, code: 'malformed_multipart' });
    }
  });

  test('the report goes by its own field', async () => {
    const { send } = await createTestApi();
    const url = `/v1/worker/orders/${ORDER_ID}/complete`;
    const right = await send('worker', {
      method: 'POST',
      url,
      ...form([{ ...jpeg, name: 'report' }]),
    });
    expect(right.json()).toMatchObject({ status: 'completed' });
    const wrong = await send('worker', { method: 'POST', url, ...form([jpeg]) });
    expect(wrong.json()).toMatchObject({ errors: [{ path: 'photo' }] });
  });

  test("a form for somebody else's order is not found", async () => {
    const { send } = await createTestApi();
    const url = `/v1/worker/orders/${FOREIGN_ORDER_ID}/check-in`;
    const answer = await send('worker', { method: 'POST', url, ...form([jpeg]) });
    expect(answer.json()).toMatchObject({ status: 404, code: 'order_not_found' });
  });
});
