import { randomUUID } from 'node:crypto';
import { expect, inject, onTestFinished } from 'vitest';
import { startApi, startPaymentsApi } from '../src/api/main.ts';
import { openApp } from '../src/app.ts';
import { openPaymentsJobs } from '../src/jobs/payments-main.ts';
import { openPayments } from '../src/payments-app.ts';
import { createPaymentsQueues } from '../src/payments-queues.ts';
import { createVirtualClock } from '../src/platform/clock.ts';
import { loadConfig } from '../src/platform/config.ts';
import { sampleJpeg } from '../src/platform/storage/testing.ts';
import { issueToken, ownKeyFile } from '../src/platform/tokens/issue-token.ts';
import type { Role } from '../src/platform/tokens/principal.ts';
import { cutBefore } from './network-cut.ts';
import { createScratchDatabase, dropScratchDatabase } from './scratch-database.ts';
import { startStripeEmulator } from './stripe/emulator.ts';
import { API_VERSION } from './stripe/world.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Monday of ISO week 2026-W48; the month ends on the Monday after it. */
export const MONDAY = new Date('2026-11-23T08:00:00Z');
export const SUNDAY_EVENING = new Date('2026-11-29T20:30:00Z');
export const LAST_EVENING = new Date('2026-11-30T20:30:00Z');
export const NEXT_MORNING = new Date('2026-12-01T05:00:00Z');
export const DAY_MS = 86_400_000;

const SECRET = 'whsec_end_to_end';
const PLACE = { city: 'Springfield', address: '12 Elm Street' };
export const PAGE = { limit: 50 };

export const usd = (amountMinor: bigint | number) => ({
  amount: Number(amountMinor),
  currency: 'USD',
});

/**
 * Orders and payments as two programs over two databases, on one virtual clock. Only payments know
 * Stripe: the emulator stands in its place, and its webhooks come in over HTTP.
 */
export async function startTown(webhooks: { auto?: boolean } = {}) {
  const serverUrl = inject('serverUrl');
  const main = await createScratchDatabase(serverUrl, 'api', inject('templateDatabase'));
  onTestFinished(() => dropScratchDatabase(serverUrl, main.name));
  const own = await createScratchDatabase(serverUrl, 'payments', inject('paymentsTemplate'));
  onTestFinished(() => dropScratchDatabase(serverUrl, own.name));
  const clock = createVirtualClock(MONDAY);
  const emulator = await startStripeEmulator({ frozenAt: MONDAY });
  onTestFinished(() => emulator.close());
  const shared = { STEWARD_HOME: temporaryFolder('stripe'), LOG_LEVEL: 'silent' };
  const ordersConfig = loadConfig({ ...shared, DATABASE_URL: main.url });
  const network = await cutBefore(own.url);
  const config = loadConfig({
    ...shared,
    PAYMENTS_DATABASE_URL: network.url,
    STREAM_DATABASE_URL: main.url,
    STRIPE_SECRET_KEY: 'sk_test_end_to_end',
    STRIPE_WEBHOOK_SECRET: `whsec_retired,${SECRET}`,
    STRIPE_API_BASE: emulator.url,
  });
  const owner = await openApp(ordersConfig, 'cli', { clock });
  const app = await openApp(ordersConfig, 'api', { clock });
  const worker = await openPayments(config, 'worker', { clock });
  const payments = await openPayments(config, 'api', { clock });
  const finance = await openPayments(config, 'cli', { clock });
  const address = { host: '127.0.0.1', port: 0 };
  const api = await startApi(app, address);
  const paymentsApi = await startPaymentsApi(payments, address);
  const queues = createPaymentsQueues(worker);
  const jobs = openPaymentsJobs(worker, queues);
  onTestFinished(async () => {
    await paymentsApi.stop();
    await api.stop();
    await queues.close();
    for (const one of [finance, payments, worker, app, owner]) await one.close();
  });
  await emulator.registerWebhook({
    url: `${paymentsApi.url}/v1/webhooks/stripe`,
    secrets: [SECRET],
    ...webhooks,
  });
  await owner.catalog.importServices('samples/services.xlsx', { by: 'test', acceptGood: true });
  const { id: workerId } = await owner.orders.workers.add({
    name: 'Will Worker',
    city: 'Springfield',
    skills: ['cleaning'],
  });

  const run = async (name: string, period?: string) => {
    const report = await jobs.run(name, { period });
    expect(report, name).toMatchObject({ outcome: 'done', error: null });
    return (report.result ?? report.periods[0]?.result) as { [name: string]: unknown };
  };
  const moveTo = async (moment: Date) => {
    clock.moveTo(moment);
    await emulator.moveTo(moment);
  };
  /** All webhooks are taken, and what they are about is looked at. */
  const listen = async () => {
    expect(await emulator.settleWebhooks(), 'webhooks that were not taken').toBe(0);
    return await run('payments.process-events');
  };
  const as = async (role: Role, sub: string) => {
    const request = { sub, role, name: `Name of ${sub}`, expiresInSeconds: 30 * 86_400 };
    const token = await issueToken(request, ownKeyFile(config.tokens), clock);
    return {
      orders: clientOf(api.url, token),
      money: clientOf(paymentsApi.url, token),
    };
  };
  return { network, emulator, finance, worker, workerId, run, moveTo, listen, as, paymentsApi };
}

type Town = Awaited<ReturnType<typeof startTown>>;
export type Person = Awaited<ReturnType<Town['as']>>;

function clientOf(url: string, token: string) {
  const send = async (path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${token}`, ...init.headers };
    const response = await fetch(`${url}${path}`, { ...init, headers });
    // The tests look into answers of many shapes; a wrong guess fails as a missing value.
    // biome-ignore lint/suspicious/noExplicitAny: see above
    const body: any = await response.json();
    return { status: response.status, body };
  };
  return {
    get: (path: string) => send(path),
    post: (path: string, body: object = {}) =>
      send(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
      }),
    photo: (path: string, field: string) => {
      const body = new FormData();
      body.append(field, new Blob([new Uint8Array(sampleJpeg())]), 'photo.jpg');
      return send(path, { method: 'POST', body });
    },
  };
}

/** Goes to Stripe's page, as the answer says, and types this card in there. */
export async function giveCard({ emulator, listen }: Town, person: Person, card: string) {
  const page = await person.money.post('/v1/payment-methods', {
    returnUrl: 'https://shop.example/me',
  });
  expect(page.status).toBe(201);
  await emulator.visit(page.body.url, card);
  await listen();
}

/** From "order" to "done", with all who take part. @returns its price in minor units */
export async function haveCleaned(town: Town, customer: Person, at: Date): Promise<number> {
  const placed = await customer.orders.post('/v1/orders', {
    service: 'CLEAN-STD',
    place: PLACE,
    scheduledAt: at.toISOString(),
  });
  expect(placed.status).toBe(201);
  const { id, price } = placed.body;
  const clerk = await town.as('supplies', 'clerk');
  await clerk.orders.post(`/v1/supplies/${id}/issue`);
  await town.moveTo(at);
  const worker = await town.as('worker', town.workerId);
  await worker.orders.photo(`/v1/worker/orders/${id}/check-in`, 'photo');
  const done = await worker.orders.photo(`/v1/worker/orders/${id}/complete`, 'report');
  expect(done.body.status).toBe('completed');
  return price.amount;
}

/** The caller's one invoice, with all that belongs to it. */
export const onlyInvoice = async (person: Person) => {
  const { body } = await person.money.get('/v1/invoices');
  expect(body.total.count).toBe(1);
  return (await person.money.get(`/v1/invoices/${body.data[0].id}`)).body;
};

/** What Stripe says that we have with it. */
export async function balanceAt(url: string): Promise<bigint> {
  const headers = {
    authorization: 'Bearer sk_test_end_to_end',
    'stripe-version': API_VERSION,
  };
  const answer = await fetch(`${url}/v1/balance`, { headers });
  const { available } = (await answer.json()) as { available: { amount: number }[] };
  return BigInt(available[0]?.amount ?? 0);
}
