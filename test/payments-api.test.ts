import { randomUUID } from 'node:crypto';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { startApi, startPaymentsApi } from '../src/api/main.ts';
import { openApp } from '../src/app.ts';
import { buildEndedOrder } from '../src/contexts/payments/bookings/testing.ts';
import { openPayments, type PaymentsApp } from '../src/payments-app.ts';
import { createVirtualClock, type VirtualClock } from '../src/platform/clock.ts';
import { type Config, loadConfig } from '../src/platform/config.ts';
import { openDatabase } from '../src/platform/postgres/database.ts';
import { issueToken, ownKeyFile } from '../src/platform/tokens/issue-token.ts';
import type { Role } from '../src/platform/tokens/principal.ts';
import type { StreamTables } from '../src/stream/index.ts';
import { buildCustomer, buildWorker, writeEvents, writePersonal } from '../src/stream/testing.ts';
import { cutBefore } from './network-cut.ts';
import { createScratchDatabase, dropScratchDatabase } from './scratch-database.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Of ISO week 2026-W48, whose invoices are issued on the Sunday evening. */
const MONDAY = new Date('2026-11-23T08:00:00Z');
const SUNDAY_EVENING = new Date('2026-11-29T18:30:00Z');
/** Where the routes are reached, as far as links know; requests go to the port that there is. */
const PUBLIC_URL = 'https://pay.example';

const usd = (amount: number) => ({ amount, currency: 'USD' });

/** Payments over databases of their own, reached over HTTP, alone or beside the main routes. */
async function startServer(kind: 'alone' | 'beside' = 'alone') {
  const serverUrl = inject('serverUrl');
  const main = await createScratchDatabase(serverUrl, 'api', inject('templateDatabase'));
  onTestFinished(() => dropScratchDatabase(serverUrl, main.name));
  const own = await createScratchDatabase(serverUrl, 'payments', inject('paymentsTemplate'));
  onTestFinished(() => dropScratchDatabase(serverUrl, own.name));
  const network = await cutBefore(own.url);
  const config = loadConfig({
    STEWARD_HOME: temporaryFolder('payments-api'),
    PAYMENTS_DATABASE_URL: network.url,
    PAYMENTS_PUBLIC_URL: PUBLIC_URL,
    LOG_LEVEL: 'silent',
    DATABASE_URL: main.url,
  });
  const clock = createVirtualClock(MONDAY);
  const worker = await openPayments(config, 'worker', { clock });
  const payments = await openPayments(config, 'api', { clock });
  const options = { host: '127.0.0.1', port: 0 };
  const app = kind === 'beside' ? await openApp(config, 'api', { clock }) : null;
  const api = app
    ? await startApi(app, { ...options, payments })
    : await startPaymentsApi(payments, options);
  const log = openDatabase<StreamTables>({ url: main.url, applicationName: 'test', max: 2 });
  onTestFinished(async () => {
    await api.stop();
    await app?.close();
    await payments.close();
    await worker.close();
    await log.destroy();
  });
  return {
    worker,
    payments,
    clock,
    network,
    as: (role: Role, subject: string) => clientOf(api.url, config, clock, role, subject),
    open: (path: string, init?: RequestInit) =>
      fetch(`${api.url}${path}`, { redirect: 'manual', ...init }),
    /** A whole order's life, in the stream and booked. */
    endOrder: async (people: { customerId: string; workerId: string }, priceMinor: number) => {
      const { customerId, workerId } = people;
      await writePersonal(log, 'customer', customerId, buildCustomer({ subject: 'alice' }));
      await writePersonal(log, 'worker', workerId, buildWorker({ subject: 'will' }));
      const life = buildEndedOrder({ ...people, priceMinor, endedAt: clock.now() });
      await writeEvents(log, life);
      await readStream(worker);
      return life[0]?.snapshot.id ?? '';
    },
  };
}

async function readStream(worker: PaymentsApp): Promise<void> {
  for (const report of await worker.stream.consumeAll()) {
    if (report.outcome === 'failed') throw report.error;
  }
}

async function clientOf(
  url: string,
  config: Config,
  clock: VirtualClock,
  role: Role,
  subject: string,
) {
  const request = { sub: subject, role, name: `Name of ${subject}`, expiresInSeconds: 30 * 86_400 };
  const token = await issueToken(request, ownKeyFile(config.tokens), clock);
  const send = async (path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${token}`, ...init.headers };
    const response = await fetch(`${url}${path}`, { ...init, headers });
    // The tests look into answers of many shapes; a wrong guess fails as a missing value.
    // biome-ignore lint/suspicious/noExplicitAny: see above
    const body: any = await response.json();
    return { status: response.status, headers: response.headers, body };
  };
  return {
    get: (path: string) => send(path),
    post: (path: string, body: object, key?: string) =>
      send(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) },
      }),
  };
}

const pathOf = (url: string) => new URL(url).pathname;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('payments over HTTP', () => {
  test('from the first order to the paid invoice', async () => {
    const { as, open, worker, clock, endOrder } = await startServer();
    const customer = await as('customer', 'alice');
    const empty = await customer.get('/v1/statement');
    expect(empty.body).toMatchObject({ data: [], closing: usd(0), month: null });
    const people = { customerId: randomUUID(), workerId: randomUUID() };
    const orderId = await endOrder(people, 12_000);

    const statement = await customer.get('/v1/statement');
    expect(statement.body).toMatchObject({
      closing: usd(12_000),
      due: { period: '2026-W48', issuedOn: '2026-11-29', orders: 1, amount: usd(12_000) },
    });
    expect(statement.body.data[0]).toMatchObject({ orderId, amount: usd(12_000) });
    const pay = await (await as('worker', 'will')).get('/v1/statement');
    expect(pay.body.month).toMatchObject({ earned: usd(7_200), payable: usd(7_200) });

    clock.moveTo(SUNDAY_EVENING);
    await worker.payments.invoices.issueWeek('2026-W48');
    const list = await customer.get('/v1/invoices');
    expect(list.body).toMatchObject({
      data: [{ status: 'open', total: usd(12_000) }],
      total: { count: 1, amount: usd(12_000) },
    });
    await worker.payments.charges.chargeDue();
    const { number, id } = list.body.data[0];
    const waiting = await customer.get(`/v1/invoices/${number}`);
    expect(waiting.body).toMatchObject({ id, needsPaymentMethod: true, nextAttemptAt: null });

    const link = await worker.payments.people.methodLink(people.customerId, clock.now());
    const followed = await open(pathOf(link));
    expect(followed.status).toBe(303);
    const page = pathOf(followed.headers.get('location') ?? '');
    const shown = await open(page);
    expect(await shown.text()).toContain('no money moves');
    expect(shown.headers.get('content-security-policy')).toContain("form-action 'self'");
    const chosen = await open(page, { method: 'POST', headers: FORM, body: 'choice=pm_card_visa' });
    expect(await chosen.text()).toContain('Your payment method is saved');

    await worker.payments.provider.pollEvents();
    await worker.payments.provider.processEvents();
    await worker.payments.charges.chargeDue();
    const paid = await customer.get(`/v1/invoices/${id}`);
    expect(paid.body).toMatchObject({
      status: 'paid',
      statusText: 'Paid.',
      lines: [{ orderId, amount: usd(12_000), discountReason: null }],
    });
    expect(paid.body.charges.at(-1)).toMatchObject({ status: 'succeeded' });
    const method = await customer.get('/v1/payment-methods');
    expect(method.body.paymentMethod).toMatchObject({ brand: 'visa', last4: '4242' });
    expect((await customer.get('/v1/statement')).body.closing).toEqual(usd(0));
  });

  test('nobody sees anything of anybody else', async () => {
    const { as, worker, clock, endOrder } = await startServer();
    await endOrder({ customerId: randomUUID(), workerId: randomUUID() }, 12_000);
    clock.moveTo(SUNDAY_EVENING);
    await worker.payments.invoices.issueWeek('2026-W48');
    const [invoice] = (await (await as('customer', 'alice')).get('/v1/invoices')).body.data;
    const other = await as('customer', 'mallory');
    expect((await other.get('/v1/invoices')).body.total.count).toBe(0);
    for (const id of [invoice.id, invoice.number, 'none', randomUUID()]) {
      const answer = await other.get(`/v1/invoices/${id}`);
      expect(answer.body).toMatchObject({ status: 404, code: 'invoice_not_found' });
    }
    const namesake = await as('worker', 'alice');
    expect((await namesake.get('/v1/statement')).body.data).toEqual([]);
    const nobody = await namesake.get(`/v1/payouts/${randomUUID()}`);
    expect(nobody.body).toMatchObject({ status: 404, code: 'payout_not_found' });
  });

  test('a worker becomes payable on a page, and is paid', async () => {
    const { as, open, worker, clock, endOrder } = await startServer();
    await endOrder({ customerId: randomUUID(), workerId: randomUUID() }, 12_000);
    const will = await as('worker', 'will');
    const given = await will.post('/v1/payment-methods', { returnUrl: 'https://shop.example/me' });
    expect(given.status).toBe(201);
    const page = pathOf(given.body.url);
    expect(await (await open(page)).text()).toContain('Account for your payouts');
    await open(page, { method: 'POST', headers: FORM, body: 'choice=ready' });

    clock.moveTo(new Date('2026-11-30T18:30:00Z'));
    await worker.payments.payouts.payMonth('2026-11');
    const list = await will.get('/v1/payouts');
    expect(list.body).toMatchObject({
      data: [{ period: '2026-11', status: 'paid', amount: usd(7_200) }],
      total: { count: 1, amount: usd(7_200) },
    });
    const one = await will.get(`/v1/payouts/${list.body.data[0].id}`);
    expect(one.body).toEqual(list.body.data[0]);
  });

  test('a payment method is attached once per key, and a refused one says so', async () => {
    const { as } = await startServer();
    const customer = await as('customer', 'new-here');
    const body = { paymentMethod: 'pm_card_mastercard' };
    const first = await customer.post('/v1/payment-methods', body, 'k');
    expect([first.status, first.body.last4]).toEqual([200, '4444']);
    const again = await customer.post('/v1/payment-methods', body, 'k');
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.body).toEqual(first.body);
    const other = await customer.post('/v1/payment-methods', {}, 'k');
    expect(other.body).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    const none = await customer.post('/v1/payment-methods', { paymentMethod: 'pm_none' });
    expect(none.body).toMatchObject({ status: 422, code: 'method_refused' });
    const seen = await customer.get('/v1/payment-methods');
    expect(seen.body.paymentMethod.last4).toBe('4444');
  });

  test('faults of a query are told by their fields, not by the database', async () => {
    const { as, endOrder } = await startServer();
    await endOrder({ customerId: randomUUID(), workerId: randomUUID() }, 12_000);
    const customer = await as('customer', 'alice');
    const swapped = await customer.get('/v1/statement?from=2026-11-30&to=2026-11-01');
    expect(swapped.body).toMatchObject({ status: 422, code: 'invalid_input' });
    for (const path of ['/v1/statement', '/v1/invoices']) {
      const answer = await customer.get(`${path}?cursor=nonsense`);
      expect(answer.status, path).toBe(422);
    }
    const payouts = await (await as('worker', 'will')).get('/v1/payouts?cursor=nonsense');
    expect(payouts.status).toBe(422);
  });

  test('links that have expired, or are none, get a page', async () => {
    const { open, worker, clock } = await startServer();
    const link = await worker.payments.people.methodLink(randomUUID(), clock.now());
    clock.advance(31 * 86_400_000);
    const expired = await open(pathOf(link));
    expect(expired.status).toBe(410);
    expect(await expired.text()).toContain('This link has expired');
    expect((await open('/pay/nonsense')).status).toBe(404);
    expect((await open(`/sandbox/pages/${randomUUID()}`)).status).toBe(404);
  });
});

describe('when something is away', () => {
  test('payments’ database: its routes say so; orders and their readiness do not notice', async () => {
    const { as, network, open } = await startServer('beside');
    const customer = await as('customer', 'alice');
    expect((await customer.get('/v1/statement')).status).toBe(200);
    const metrics = await (await open('/metrics')).text();
    expect(metrics).toContain('payments_charges_in_doubt 0');
    expect(metrics).toContain('database_pool_connections{pool="payments",state="idle"}');
    await network.cut();
    const away = await customer.get('/v1/statement');
    expect(away.body).toMatchObject({ status: 503, code: 'database_unavailable' });
    expect((await customer.get('/v1/services')).status).toBe(200);
    const ready = await open('/readyz');
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({
      checks: expect.arrayContaining([
        expect.objectContaining({ name: 'payments-database', ready: false, optional: true }),
      ]),
    });
    await network.mend();
    expect((await customer.get('/v1/statement')).status).toBe(200);
  });

  test('payments’ database, alone: not ready', async () => {
    const { network, open } = await startServer();
    await network.cut();
    expect((await open('/readyz')).status).toBe(503);
  });
});
