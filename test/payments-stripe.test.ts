import { randomUUID } from 'node:crypto';
import { expect, inject, onTestFinished, test } from 'vitest';
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
import { openStripeHarness } from './stripe/harness.ts';
import { API_VERSION } from './stripe/world.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Monday of ISO week 2026-W48; the month ends on the Monday after it. */
const MONDAY = new Date('2026-11-23T08:00:00Z');
const SUNDAY_EVENING = new Date('2026-11-29T20:30:00Z');
const LAST_EVENING = new Date('2026-11-30T20:30:00Z');
const NEXT_MORNING = new Date('2026-12-01T05:00:00Z');
const DAY_MS = 86_400_000;

const SECRET = 'whsec_end_to_end';
const PLACE = { city: 'Springfield', address: '12 Elm Street' };
const PAGE = { limit: 50 };

const usd = (amountMinor: bigint | number) => ({ amount: Number(amountMinor), currency: 'USD' });

/**
 * Orders and payments as two programs over two databases, on one virtual clock. Only payments know
 * Stripe: the emulator stands in its place, and its webhooks come in over HTTP.
 */
async function startTown(webhooks: { auto?: boolean } = {}) {
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
type Person = Awaited<ReturnType<Town['as']>>;

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
async function giveCard({ emulator, listen }: Town, person: Person, card: string) {
  const page = await person.money.post('/v1/payment-methods', {
    returnUrl: 'https://shop.example/me',
  });
  expect(page.status).toBe(201);
  await emulator.visit(page.body.url, card);
  await listen();
}

/** From "order" to "done", with all who take part. @returns its price in minor units */
async function haveCleaned(town: Town, customer: Person, at: Date): Promise<number> {
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

const onlyInvoice = async (person: Person) => {
  const { body } = await person.money.get('/v1/invoices');
  expect(body.total.count).toBe(1);
  return (await person.money.get(`/v1/invoices/${body.data[0].id}`)).body;
};

test('a week with Stripe: cards, invoices, refunds, a dispute, payouts, and books that agree', async () => {
  const town = await startTown();
  const { emulator, finance, workerId, run, moveTo, listen, as } = town;
  const [alice, bob, carol, will] = await Promise.all([
    as('customer', 'alice'),
    as('customer', 'bob'),
    as('customer', 'carol'),
    as('worker', workerId),
  ]);

  // Cards are given on Stripe's page; what comes back of them is brand and last digits.
  await giveCard(town, alice, 'pm_card_visa');
  await giveCard(town, bob, 'pm_card_chargeDeclinedInsufficientFunds');
  await giveCard(town, carol, 'pm_card_createDispute');
  const onFile = await alice.money.get('/v1/payment-methods');
  expect(onFile.body.paymentMethod).toMatchObject({ brand: 'visa', last4: '4242' });

  const price = await haveCleaned(town, alice, new Date(MONDAY.getTime() + DAY_MS));
  expect(await haveCleaned(town, bob, new Date(MONDAY.getTime() + 2 * DAY_MS))).toBe(price);
  expect(await haveCleaned(town, carol, new Date(MONDAY.getTime() + 3 * DAY_MS))).toBe(price);
  await run('payments.read-stream');

  // A worker without an account says where to be paid to.
  const account = await will.money.post('/v1/payment-methods');
  expect(account.status).toBe(201);
  await emulator.visit(account.body.url);
  await listen();

  // The week's invoices, and what the cards say.
  await moveTo(SUNDAY_EVENING);
  expect(await run('payments.issue-invoices', '2026-W48')).toMatchObject({
    outcome: 'committed',
    invoices: 3,
  });
  expect(await run('payments.charge-invoices')).toMatchObject({
    charges: { sent: 3, succeeded: 2, failed: 1, unknown: 0 },
  });
  await listen();
  expect(await onlyInvoice(alice)).toMatchObject({ status: 'paid', total: usd(price) });
  const refused = await onlyInvoice(bob);
  expect(refused).toMatchObject({
    status: 'open',
    charges: [{ status: 'failed', failureCode: 'insufficient_funds' }, { status: 'planned' }],
  });
  expect(refused.nextAttemptAt).toBe('2026-11-30T20:30:00.000Z');
  const disputed = await onlyInvoice(carol);
  expect(disputed).toMatchObject({ status: 'paid', disputes: [{ status: 'open' }] });

  // Another card: charged at once, by a second attempt with a key of its own.
  await giveCard(town, bob, 'pm_card_mastercard');
  await run('payments.charge-invoices');
  const late = await onlyInvoice(bob);
  expect(late.status).toBe('paid');
  const succeeded = await finance.payments.charges.list({ status: 'succeeded' }, PAGE);
  expect(succeeded.total).toEqual({ count: 3, amountMinor: BigInt(3 * price) });
  for (const charge of succeeded.data) {
    expect(await emulator.count('charge', { steward_charge: charge.id })).toBe(1);
  }

  // Money back: by finance, of the invoice whose first attempt failed; by hand at Stripe.
  await finance.payments.refunds.refund({
    invoice: late.number,
    amountMinor: 1_000n,
    reason: 'Window left dirty',
  });
  await run('payments.charge-invoices');
  const ofAlice = await onlyInvoice(alice);
  const aliceCharge = succeeded.data.find(({ invoiceId }) => invoiceId === ofAlice.id);
  await emulator.refundByHand(aliceCharge?.providerRef ?? '', 500);
  await listen();
  expect(await onlyInvoice(bob)).toMatchObject({ refunded: usd(1_000) });
  expect(await onlyInvoice(alice)).toMatchObject({ refunded: usd(500) });

  // The dispute is lost, and finance takes it back from the worker.
  const [dispute] = (await finance.payments.refunds.disputes({}, PAGE)).data;
  await emulator.closeDispute(dispute?.providerRef ?? '', 'lost');
  await listen();
  expect(await onlyInvoice(carol)).toMatchObject({ disputes: [{ status: 'lost' }] });
  await finance.payments.refunds.clawBackDispute(dispute?.id ?? '', {
    workerId,
    amountMinor: 2_000n,
  });

  // The month ends: what the worker earned goes to the account, once there is enough, and once.
  await moveTo(LAST_EVENING);
  const pay = BigInt(3 * ((price * 60) / 100)) - 2_000n;
  const unpaid = await run('payments.pay-workers', '2026-11');
  expect(unpaid).toMatchObject({ outcome: 'committed', paid: 0, failed: 1 });
  const waiting = await will.money.get('/v1/payouts');
  expect(waiting.body.data).toMatchObject([
    { status: 'failed', failureCode: 'balance_insufficient', amount: usd(pay) },
  ]);
  await emulator.topUp(5_000, 'USD');
  expect(await finance.payments.payouts.pay({ onlyFailed: true })).toMatchObject({ paid: 1 });
  expect(await finance.payments.payouts.pay({ onlyFailed: true })).toMatchObject({ paid: 0 });
  const payouts = await will.money.get('/v1/payouts');
  expect(payouts.body.data).toMatchObject([{ status: 'paid', amount: usd(pay) }]);
  const payoutId = payouts.body.data[0].id;
  expect(await emulator.count('transfer', { steward_payout: payoutId })).toBe(1);
  await emulator.payOut(1_500, 'USD');
  await listen();

  // In the morning the books agree with themselves and with Stripe.
  await moveTo(NEXT_MORNING);
  const reconciled = await finance.payments.proof.reconcile();
  expect(reconciled.checks.flatMap(({ violations }) => violations)).toEqual([]);
  const proven = await finance.payments.proof.prove({ full: true });
  expect(proven.checks.flatMap(({ violations }) => violations)).toEqual([]);
  expect([reconciled.green, proven.green]).toEqual([true, true]);
  const balance = await balanceAt(emulator.url);
  const clearing = { code: 'provider-clearing', owner: 'stripe' };
  expect(await finance.payments.ledger.balance(clearing)).toBe(balance);
  expect(await finance.payments.ledger.balance({ code: 'bank', owner: '' })).toBe(-3_500n);

  for (const id of [late.number, payoutId, aliceCharge?.id ?? '', dispute?.id ?? '']) {
    const explanation = await finance.payments.explain.explain(id);
    expect(explanation.lines.length, explanation.title).toBeGreaterThan(1);
  }
});

/** What Stripe says that we have with it. */
async function balanceAt(url: string): Promise<bigint> {
  const headers = {
    authorization: 'Bearer sk_test_end_to_end',
    'stripe-version': API_VERSION,
  };
  const answer = await fetch(`${url}/v1/balance`, { headers });
  const { available } = (await answer.json()) as { available: { amount: number }[] };
  return BigInt(available[0]?.amount ?? 0);
}

test('a webhook that is forged, or signed with a secret that is not ours, is refused and changes nothing', async () => {
  const { emulator, paymentsApi, run } = await startTown();
  const stranger = await openStripeHarness();
  onTestFinished(() => stranger.close());
  await stranger.emulator.registerWebhook({
    url: `${paymentsApi.url}/v1/webhooks/stripe`,
    secrets: ['whsec_of_somebody_else'],
    auto: false,
  });
  await stranger.provider.createCustomer({ idempotencyKey: 'k', personKey: 'mallory' });
  const events = await stranger.emulator.events();
  expect(events).toHaveLength(1);
  const ids = events.map(({ id }) => id);
  expect(await stranger.emulator.sendEvents(ids)).toEqual([400]);
  const unsigned = await fetch(`${paymentsApi.url}/v1/webhooks/stripe`, {
    method: 'POST',
    body: JSON.stringify(events[0]),
  });
  expect(unsigned.status).toBe(400);
  expect(await run('payments.process-events')).toEqual({ done: 0, failed: 0 });
  expect(await emulator.log()).toEqual([]);
});

const DELIVERIES = {
  'in total silence': false,
  'backwards and each of them twice': false,
  'after a day in which our database was away': true,
};

test.each(Object.entries(DELIVERIES))(
  'webhooks that come %s end in the same state',
  async (how, auto) => {
    const town = await startTown({ auto });
    const { emulator, finance, run, moveTo, as, network } = town;
    const [alice, bob] = await Promise.all([as('customer', 'alice'), as('customer', 'bob')]);
    const give = async (person: Person, card: string) => {
      const { body } = await person.money.post('/v1/payment-methods');
      await emulator.visit(body.url, card);
    };
    const poll = async () => {
      await run('payments.poll-events');
      await run('payments.process-events');
    };
    await give(alice, 'pm_usBankAccount_processing');
    await give(bob, 'pm_card_visa');
    const price = await haveCleaned(town, alice, new Date(MONDAY.getTime() + DAY_MS));
    await haveCleaned(town, bob, new Date(MONDAY.getTime() + 2 * DAY_MS));
    await run('payments.read-stream');
    await poll();
    await moveTo(SUNDAY_EVENING);
    await run('payments.issue-invoices', '2026-W48');
    await run('payments.charge-invoices');
    expect(await onlyInvoice(alice)).toMatchObject({ status: 'open' });
    const { data: charges } = await finance.payments.charges.list({}, PAGE);
    const bank = charges.find(({ status }) => status === 'processing')?.providerRef ?? '';
    const card = charges.find(({ status }) => status === 'succeeded')?.providerRef ?? '';
    await emulator.settleWebhooks();
    await poll();
    const known = (await emulator.events()).length;

    // What only Stripe can tell: the bank pays; refunds by hand, of which one fails; a dispute is won.
    if (auto) await network.cut();
    await emulator.settlePayment(bank);
    await emulator.refundByHand(card, 500);
    await emulator.settleRefund(await emulator.refundByHand(card, 300), 'lost_or_stolen_card');
    await emulator.closeDispute(await emulator.dispute(bank), 'won');
    if (auto) expect(await emulator.settleWebhooks()).toBeGreaterThan(3);
    if (auto) await network.mend();

    const news = (await emulator.events()).map(({ id }) => id).slice(known);
    expect(news.length).toBeGreaterThan(3);
    if (how.startsWith('backwards')) {
      const sent = await emulator.sendEvents([...news, ...news].reverse());
      expect(new Set(sent)).toEqual(new Set([200]));
    }
    await moveTo(LAST_EVENING);
    if (auto) expect(await emulator.settleWebhooks()).toBe(0);
    if (how === 'in total silence') await run('payments.poll-events');
    await run('payments.process-events');

    expect(await onlyInvoice(alice)).toMatchObject({
      status: 'paid',
      disputes: [{ status: 'won' }],
      charges: [{ status: 'succeeded' }],
    });
    expect(await onlyInvoice(bob)).toMatchObject({ status: 'paid', refunded: usd(500) });
    const balance = (code: string) => finance.payments.ledger.balance({ code, owner: '' });
    expect([await balance('refunds'), await balance('disputes')]).toEqual([500n, 0n]);
    await moveTo(NEXT_MORNING);
    const reconciled = await finance.payments.proof.reconcile();
    expect(reconciled.checks.flatMap(({ violations }) => violations)).toEqual([]);
    const clearing = { code: 'provider-clearing', owner: 'stripe' };
    expect(await finance.payments.ledger.balance(clearing)).toBe(await balanceAt(emulator.url));
    expect(price).toBeGreaterThan(500);
  },
);
