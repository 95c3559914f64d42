import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { unavailable } from '../platform/errors.ts';
import { createLog } from '../platform/log.ts';
import { fakePayments, PAGE_TOKEN } from './fake-payments.ts';
import { createTestApi } from './testing.ts';

const get = (url: string) => ({ method: 'GET', url }) as const;

describe('webhooks', () => {
  const url = '/v1/webhooks/stripe';
  const body = '{ "id": "evt_1",\n "amount": 1.10 }';
  const headers = { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': 'good' };

  test('are handed over byte by byte, and taken without a token', async () => {
    const { send, calls } = await createTestApi();
    const answer = await send(null, { method: 'POST', url, payload: body, headers });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ received: true });
    expect(calls).toEqual([{ name: 'receiveWebhook', args: [Buffer.from(body), 'good'] }]);
  });

  test('the answer waits until the event is stored', async () => {
    const stored = Promise.withResolvers<{ duplicate: boolean }>();
    const reached = Promise.withResolvers<void>();
    const payments = fakePayments();
    payments.provider.receiveWebhook = () => {
      reached.resolve();
      return stored.promise;
    };
    const { send } = await createTestApi({ payments });
    let answered = false;
    const answer = send(null, { method: 'POST', url, payload: body, headers }).then((response) => {
      answered = true;
      return response;
    });
    await reached.promise;
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    stored.resolve({ duplicate: true });
    expect((await answer).statusCode).toBe(200);
  });

  test.each([{ ...headers, 'stripe-signature': 'forged' }, { 'content-type': 'text/plain' }, {}])(
    'a forged one is refused: %j',
    async (forged) => {
      const { send } = await createTestApi();
      const answer = await send(null, { method: 'POST', url, payload: body, headers: forged });
      expect(answer.json()).toMatchObject({ status: 400, code: 'webhook_refused' });
    },
  );

  test('an empty one is refused, too', async () => {
    const { send, calls } = await createTestApi();
    const answer = await send(null, { method: 'POST', url });
    expect(answer.json()).toMatchObject({ status: 400, code: 'webhook_refused' });
    expect(calls[0]?.args[0]).toEqual(Buffer.alloc(0));
  });

  test('while the database is away Stripe is asked to come again', async () => {
    const payments = fakePayments();
    payments.provider.receiveWebhook = async () => {
      throw unavailable('database_unavailable', 'The database does not answer.');
    };
    const { send } = await createTestApi({ payments });
    const answer = await send(null, { method: 'POST', url, payload: body, headers });
    expect(answer.statusCode).toBe(503);
  });

  test('up to 1 MB is taken, more is not', async () => {
    const { send } = await createTestApi();
    const large = (length: number) =>
      send(null, { method: 'POST', url, payload: Buffer.alloc(length, 0x20), headers });
    expect((await large(1_000_000)).statusCode).toBe(200);
    expect((await large(1_100_000)).json()).toMatchObject({ code: 'request_too_large' });
  });

  test('other routes still take JSON and nothing else', async () => {
    const { send } = await createTestApi();
    const answer = await send('customer', {
      method: 'POST',
      url: '/v1/payment-methods',
      payload: '{}',
      headers: { 'content-type': 'text/plain' },
    });
    expect(answer.json()).toMatchObject({ status: 415, code: 'unsupported_media_type' });
  });

  test('there is nothing at the address where the sandbox is the provider', async () => {
    const payments = fakePayments();
    payments.provider = { ...payments.provider, name: 'sandbox' };
    const { send } = await createTestApi({ payments });
    const answer = await send(null, { method: 'POST', url, payload: body, headers });
    expect(answer.statusCode).toBe(404);
  });
});

describe('pages for people', () => {
  test('the link of a mail leads to the provider’s page, and tells that page nothing', async () => {
    const { send } = await createTestApi();
    const answer = await send(null, get('/pay/good'));
    expect(answer.statusCode).toBe(303);
    expect(answer.headers.location).toBe('https://provider.example/page/2');
    expect(answer.headers['referrer-policy']).toBe('no-referrer');
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  test.each([
    ['old', 410, 'This link has expired'],
    ['cut', 404, 'This link does not work'],
    ['<script>', 404, 'This link does not work'],
  ])('a link that is of no use says why: %s', async (token, status, title) => {
    const { send } = await createTestApi();
    const answer = await send(null, get(`/pay/${encodeURIComponent(token)}`));
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.body).toContain(`<h1>${title}</h1>`);
    expect(answer.body).not.toContain('<script');
    expect(answer.headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha/,
    );
  });

  test('when something is away, or broken, it is said without what broke', async () => {
    const payments = fakePayments();
    const { send } = await createTestApi({ payments });
    payments.people.followLink = async () => {
      throw unavailable('provider_unavailable', 'secret');
    };
    const away = await send(null, get('/pay/good'));
    expect([away.statusCode, away.headers['retry-after']]).toEqual([503, '2']);
    expect(away.body).toContain('try again in a minute');
    payments.people.followLink = async () => {
      throw new Error('secret <b>');
    };
    const broken = await send(null, get('/pay/good'));
    expect(broken.statusCode).toBe(500);
    expect(away.body + broken.body).not.toContain('secret');
  });

  const page = `/sandbox/pages/${PAGE_TOKEN}`;
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const choose = (choice: string) =>
    ({ method: 'POST', url: page, payload: `choice=${choice}`, headers: form }) as const;

  test('the sandbox’s page is shown, filled in, and then shown as done', async () => {
    const { send, calls } = await createTestApi();
    const open = await send(null, get(page));
    expect(open.statusCode).toBe(200);
    expect(open.body).toContain('No money moves: open');
    expect(open.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'",
      'referrer-policy': 'no-referrer',
    });
    expect((await send(null, choose('visa'))).body).toContain('No money moves: done');
    expect(calls).toEqual([{ name: 'sandbox.submit', args: [PAGE_TOKEN, 'visa'] }]);
    // Sent again by a reload, or another choice from an old tab.
    expect((await send(null, choose('amex'))).body).toContain('No money moves: done');
  });

  test.each([
    ['no choice', '', form, 400],
    ['a choice that is none', 'choice=x', form, 422],
    ['JSON', '{"choice":"visa"}', { 'content-type': 'application/json' }, 415],
    ['a large form', `choice=${'x'.repeat(5_000)}`, form, 413],
  ])('%s is refused with a page', async (_name, payload, headers, status) => {
    const { send } = await createTestApi();
    const answer = await send(null, { method: 'POST', url: page, payload, headers });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
  });

  test('with a real provider there are no such pages', async () => {
    const { send } = await createTestApi({ payments: { ...fakePayments(), sandbox: null } });
    expect((await send(null, get(page))).statusCode).toBe(404);
  });

  test('neither tokens nor bodies are logged', async () => {
    const lines: string[] = [];
    const destination = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    });
    const log = createLog({ level: 'trace', part: 'api' }, destination);
    const payments = fakePayments();
    payments.provider.receiveWebhook = async () => {
      throw new Error('away');
    };
    const { send } = await createTestApi({ log, payments });
    await send(null, get('/pay/good-token'));
    await send(null, get(page));
    const body = { method: 'POST', url: '/v1/webhooks/stripe', payload: 'a-body' } as const;
    await send(null, { ...body, headers: { 'content-type': 'text/plain' } });
    const text = lines.join('');
    expect(text).not.toMatch(/good-token|a-body/);
    expect(text).not.toContain(PAGE_TOKEN);
    expect(text).toContain('"route":"/pay/:token"');
  });
});
