import { Writable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createLog } from '../platform/log.ts';
import type { Role } from '../platform/tokens/principal.ts';
import {
  type Call,
  fakePayments,
  INVOICE_ID,
  invoiceDetail,
  PAGE_TOKEN,
  PAYOUT_ID,
} from './fake-payments.ts';
import { buildServer } from './server.ts';
import { createTestApi, ORDER_ID, testDependencies } from './testing.ts';

const get = (url: string) => ({ method: 'GET', url }) as const;
const give = (payload: object | undefined, key?: string) =>
  ({
    method: 'POST',
    url: '/v1/payment-methods',
    payload,
    headers: key === undefined ? {} : { 'idempotency-key': key },
  }) as const;
const usd = (amount: number) => ({ amount, currency: 'USD' });

describe('a statement', () => {
  test('shows customers what is due, in the days and the page they ask for', async () => {
    const { send, calls } = await createTestApi();
    const query = 'from=2026-11-01&to=2026-11-30&limit=7&cursor=xyz';
    const answer = await send('customer', get(`/v1/statement?${query}`));
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({
      opening: usd(0),
      data: [{ description: 'Order CLEAN-STD, completed', amount: usd(8455), orderId: ORDER_ID }],
      closing: usd(8455),
      due: { period: '2026-W48', issuedOn: '2026-11-29', orders: 1, amount: usd(8455) },
      month: null,
    });
    expect(calls).toMatchObject([
      {
        name: 'statements.of',
        args: [
          { kind: 'customer', id: 'id-of-ann' },
          { from: '2026-11-01', to: '2026-11-30' },
          { limit: 7, cursor: 'xyz' },
        ],
      },
    ]);
  });

  test('shows workers their month, below zero where penalties are more', async () => {
    const { send } = await createTestApi();
    const { due, month } = (await send('worker', get('/v1/statement'))).json();
    expect(due).toBeNull();
    expect(month).toMatchObject({ earned: usd(5340), carried: usd(-2000), payable: usd(-660) });
  });

  test('is an empty one for somebody without any order', async () => {
    const { send, calls } = await createTestApi();
    const headers = { authorization: 'Bearer customer.new' };
    expect((await send(null, { ...get('/v1/statement'), headers })).statusCode).toBe(200);
    expect(calls.at(-1)?.args[0]).toMatchObject({ kind: 'customer', id: null });
  });
});

describe('invoices and payouts', () => {
  test('a list has the sum over all pages, and is asked for by the caller only', async () => {
    const { send, calls } = await createTestApi();
    const url = '/v1/invoices?status=past_due&period=2026-W48&limit=1';
    const answer = await send('customer', get(url));
    expect(answer.json()).toMatchObject({
      data: [{ number: 'INV-1', status: 'past_due', total: usd(8455), nextAttemptAt: null }],
      nextCursor: 'abc',
      total: { count: 3, amount: usd(25_365) },
    });
    await send('worker', get('/v1/payouts?status=failed&period=2026-11'));
    expect(calls).toMatchObject([
      {
        args: [{ customerId: 'id-of-ann', status: 'past_due', period: '2026-W48' }, { limit: 1 }],
      },
      { args: [{ workerId: 'id-of-ann', status: 'failed', period: '2026-11' }, { limit: 50 }] },
    ]);
  });

  test.each([
    ['customer', '/v1/invoices', `/v1/invoices/${INVOICE_ID}`, 'invoice_not_found'],
    ['worker', '/v1/payouts', `/v1/payouts/${PAYOUT_ID}`, 'payout_not_found'],
  ] as const)(
    'a %s without any order yet sees nobody else’s: %s',
    async (role, list, one, code) => {
      const { send, calls } = await createTestApi();
      const headers = { authorization: `Bearer ${role}.new` };
      const page = (await send(null, { ...get(list), headers })).json();
      expect(page).toEqual({ data: [], nextCursor: null, total: { count: 0, amount: usd(0) } });
      const answer = await send(null, { ...get(one), headers });
      expect(answer.json()).toMatchObject({ status: 404, code });
      expect(calls).toEqual([]);
    },
  );

  test('an invoice says in words how each of its parts stands, and nothing of the inside', async () => {
    const { send, calls } = await createTestApi();
    const answer = await send('customer', get(`/v1/invoices/${INVOICE_ID}`));
    expect(answer.json()).toMatchObject({
      statusText: expect.stringContaining('Give another payment method'),
      needsPaymentMethod: true,
      lines: [
        {
          orderId: ORDER_ID,
          price: usd(8900),
          discount: usd(445),
          amount: usd(8455),
          discountReason: '5 % off, because your orders before this one came to 10120.00 USD.',
        },
      ],
      charges: [
        { attempt: 1, status: 'failed', statusText: 'Refused: expired card.' },
        { attempt: 2, status: 'planned', dueAt: null, statusText: expect.stringMatching(/Waits/) },
      ],
      refunds: [{ status: 'pending', statusText: 'On its way.', amount: usd(100) }],
      disputes: [{ status: 'open', amount: usd(8455) }],
    });
    expect(answer.body).not.toMatch(/secret|clawBack|9999/);
    expect(calls).toMatchObject([{ args: [INVOICE_ID, 'id-of-ann'] }]);
  });

  test('a discount of nothing has no reason', async () => {
    const payments = fakePayments();
    const [line] = invoiceDetail().lines;
    const plain = { ...line, discountPercent: 0, discountMinor: 0n };
    payments.invoices.get = async () =>
      ({ ...invoiceDetail(), lines: [plain] }) as ReturnType<typeof invoiceDetail>;
    const { send } = await createTestApi({ payments });
    const answer = await send('customer', get('/v1/invoices/INV-1'));
    expect(answer.json().lines).toMatchObject([{ discountReason: null }]);
  });

  test('what is not theirs is not found', async () => {
    const { send } = await createTestApi();
    for (const [role, url] of [
      ['customer', '/v1/invoices/INV-2'],
      ['worker', `/v1/payouts/${ORDER_ID}`],
    ] as const) {
      expect((await send(role, get(url))).statusCode).toBe(404);
    }
  });

  test('a payout says why it failed', async () => {
    const { send } = await createTestApi();
    const answer = await send('worker', get(`/v1/payouts/${PAYOUT_ID}`));
    expect(answer.json()).toMatchObject({
      status: 'failed',
      statusText: 'Could not be paid: account closed; the money stays yours.',
      amount: usd(184_320),
    });
    expect(answer.body).not.toContain('secret');
  });
});

describe('payment methods', () => {
  test('without one, the answer leads to the provider’s page', async () => {
    const { send, calls } = await createTestApi();
    const returnUrl = 'https://shop.example/account';
    const answer = await send('customer', give({ returnUrl }));
    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toEqual({
      url: 'https://provider.example/page/1',
      expiresAt: '2026-11-23T12:00:00.000Z',
    });
    const caller = { kind: 'customer', subject: 'ann', name: 'Bo Berg' };
    expect(calls).toEqual([{ name: 'openPage', args: [caller, returnUrl] }]);
    expect((await send('worker', give(undefined))).statusCode).toBe(201);
  });

  test('what the provider’s script handed out becomes the one that is charged', async () => {
    const { send, calls } = await createTestApi();
    const answer = await send('customer', give({ paymentMethod: 'pm_1Abc' }));
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      type: 'card',
      brand: 'visa',
      last4: '4242',
      expiresMonth: 4,
      expiresYear: 2031,
    });
    expect(calls).toMatchObject([
      { name: 'attachMethod', args: [{ kind: 'customer' }, 'pm_1Abc'] },
    ]);
  });

  test('a card number is refused before anything looks at it, and repeated nowhere', async () => {
    const lines: string[] = [];
    const destination = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    });
    const log = createLog({ level: 'trace', part: 'api' }, destination);
    const { send, calls } = await createTestApi({ log });
    for (const number of ['4242424242424242', '4242 4242 4242 4242', 'pm_4242-4242']) {
      const answer = await send('customer', give({ paymentMethod: number }));
      expect(answer.json()).toMatchObject({
        status: 400,
        code: 'invalid_request',
        errors: [{ path: 'paymentMethod', message: expect.stringContaining('never send numbers') }],
      });
      expect(answer.body + lines.join('')).not.toContain('4242');
    }
    expect(calls).toEqual([]);
  });

  test('a refused one and a worker’s say so', async () => {
    const { send } = await createTestApi();
    const refused = await send('customer', give({ paymentMethod: 'pm_bad' }));
    expect(refused.json()).toMatchObject({
      status: 422,
      code: 'method_refused',
      errors: [{ path: 'paymentMethod' }],
    });
    const worker = await send('worker', give({ paymentMethod: 'pm_1' }));
    expect(worker.json()).toMatchObject({ status: 403, code: 'not_a_customer' });
  });

  test('a worker without any order yet is told to wait for one', async () => {
    const { send, calls } = await createTestApi();
    const headers = { authorization: 'Bearer worker.new' };
    const answer = await send(null, { ...give(undefined), headers });
    expect(answer.json()).toMatchObject({ status: 409, code: 'no_order_yet' });
    expect(calls).toEqual([]);
  });

  test('sent twice with one key, it is done once, per caller', async () => {
    const { send, calls } = await createTestApi();
    const first = await send('customer', give({}, 'k'));
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    const again = await send('customer', give({}, 'k'));
    expect([again.statusCode, again.body]).toEqual([201, first.body]);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(calls).toHaveLength(1);
    const other = await send('customer', give({ paymentMethod: 'pm_1' }, 'k'));
    expect(other.json()).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    expect((await send('worker', give({}, 'k'))).headers['idempotency-replayed']).toBeUndefined();
  });

  test('on file is what helps to recognise it', async () => {
    const { send } = await createTestApi();
    const customer = await send('customer', get('/v1/payment-methods'));
    expect(customer.json()).toMatchObject({ paymentMethod: { last4: '4242' }, payout: null });
    const worker = await send('worker', get('/v1/payment-methods'));
    expect(worker.json()).toEqual({
      paymentMethod: null,
      payout: { method: 'bank', ready: true, accountHolder: 'Ann Lee', ibanLast4: '3000' },
    });
    expect(customer.body + worker.body).not.toMatch(/secret|DE89/);
    const headers = { authorization: 'Bearer worker.new' };
    const newcomer = await send(null, { ...get('/v1/payment-methods'), headers });
    expect(newcomer.json()).toEqual({ paymentMethod: null, payout: null });
  });
});

describe('who may do what', () => {
  test.each<[readonly Role[], 'GET' | 'POST', string]>([
    [['customer', 'worker'], 'GET', '/v1/statement'],
    [['customer'], 'GET', '/v1/invoices'],
    [['customer'], 'GET', `/v1/invoices/${INVOICE_ID}`],
    [['worker'], 'GET', '/v1/payouts'],
    [['worker'], 'GET', `/v1/payouts/${PAYOUT_ID}`],
    [['customer', 'worker'], 'GET', '/v1/payment-methods'],
    [['customer', 'worker'], 'POST', '/v1/payment-methods'],
  ])('only %j: %s %s', async (roles, method, url) => {
    const { send, calls } = await createTestApi();
    expect((await send(null, { method, url })).json()).toMatchObject({ code: 'token_missing' });
    for (const role of ['customer', 'worker', 'supplies'] as const) {
      const answer = await send(role, { method, url });
      if (roles.includes(role)) expect([200, 201]).toContain(answer.statusCode);
      else expect(answer.json()).toMatchObject({ status: 403, code: 'wrong_role' });
    }
    // The main database is none of payments' business.
    expect(calls.map((call) => call.name)).not.toContain('customers.identify');
  });

  test('a refusal names both roles', async () => {
    const { send } = await createTestApi();
    const answer = await send('supplies', get('/v1/statement'));
    expect(answer.json().detail).toContain('"customer" or "worker"');
  });

  test.each<[Role, 'GET' | 'POST', string, unknown, string]>([
    ['customer', 'GET', '/v1/statement?from=yesterday', undefined, 'from'],
    ['customer', 'GET', '/v1/statement?to=2026-02-30', undefined, 'to'],
    ['worker', 'GET', '/v1/statement?month=2026-11', undefined, 'month'],
    ['customer', 'GET', '/v1/invoices?status=unpaid', undefined, 'status'],
    ['customer', 'GET', '/v1/invoices?period=2026-W54', undefined, 'period'],
    ['customer', 'GET', '/v1/invoices?period=2026-11', undefined, 'period'],
    ['customer', 'GET', '/v1/invoices?customerId=x', undefined, 'customerId'],
    ['customer', 'GET', '/v1/invoices/a.b', undefined, 'id'],
    ['worker', 'GET', '/v1/payouts?period=2026-13', undefined, 'period'],
    ['worker', 'GET', '/v1/payouts?workerId=x', undefined, 'workerId'],
    ['worker', 'GET', '/v1/payouts/17', undefined, 'id'],
    ['customer', 'POST', '/v1/payment-methods', { card: '4242' }, 'card'],
    ['customer', 'POST', '/v1/payment-methods', { returnUrl: 'javascript:alert(1)' }, 'returnUrl'],
    ['customer', 'POST', '/v1/payment-methods', { returnUrl: '/account' }, 'returnUrl'],
    [
      'customer',
      'POST',
      '/v1/payment-methods',
      { returnUrl: 'https://shop.example', paymentMethod: 'pm_1' },
      'returnUrl',
    ],
  ])('as %s, %s %s with %j names %s', async (role, method, url, payload, path) => {
    const { send, calls } = await createTestApi();
    const answer = await send(role, { method, url, payload: payload as object });
    expect(answer.json()).toMatchObject({ status: 400, errors: [{ path }] });
    expect(calls).toEqual([]);
  });
});

describe('a server of payments alone', () => {
  test('knows no route of the main database, and asks nothing of it', async () => {
    const calls: Call[] = [];
    const { main: _none, ...deps } = testDependencies({ payments: fakePayments(calls) });
    const { fastify } = await buildServer(deps);
    onTestFinished(async () => fastify.close());
    const headers = { authorization: 'Bearer customer.ann' };
    expect((await fastify.inject({ url: '/v1/statement', headers })).statusCode).toBe(200);
    expect((await fastify.inject({ url: '/v1/orders', headers })).statusCode).toBe(404);
  });

  test('and one of the main database knows none of payments', async () => {
    const { payments: _none, ...deps } = testDependencies();
    const { fastify } = await buildServer(deps);
    onTestFinished(async () => fastify.close());
    const headers = { authorization: 'Bearer customer.ann' };
    expect((await fastify.inject({ url: '/v1/statement', headers })).statusCode).toBe(404);
    expect(
      (await fastify.inject({ url: `/sandbox/pages/${PAGE_TOKEN}`, headers })).statusCode,
    ).toBe(404);
  });
});

describe('for those who run it', () => {
  test('orders are served while payments are away, and readiness tells it', async () => {
    const checks = [
      { name: 'database', ready: true },
      { name: 'payments-database', ready: false, optional: true as const },
    ];
    const { send } = await createTestApi({ readiness: async () => checks });
    const answer = await send(null, get('/readyz'));
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ status: 'ready', checks });
  });

  test('figures of the business stand beside the others, or are left out', async () => {
    const figure = { name: 'payments_charges_in_doubt', help: 'In doubt', value: 3 };
    const { send } = await createTestApi({ figures: async () => [figure] });
    const { body } = await send(null, get('/metrics'));
    expect(body).toContain('# TYPE payments_charges_in_doubt gauge\npayments_charges_in_doubt 3\n');
    expect(body).toContain('http_requests_in_flight');
    const failing = await createTestApi({ figures: () => Promise.reject(new Error('away')) });
    const without = await failing.send(null, get('/metrics'));
    expect(without.statusCode).toBe(200);
    expect(without.body).not.toContain('payments_charges_in_doubt');
  });
});
