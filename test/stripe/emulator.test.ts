import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import Stripe from 'stripe';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../temporary-folder.ts';
import { startStripeEmulator } from './emulator.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

async function open(secretKey = 'sk_test_emulator') {
  const emulator = await startStripeEmulator({ frozenAt: new Date('2026-11-23T12:00:00Z') });
  onTestFinished(() => emulator.close());
  const { hostname, port } = new URL(emulator.url);
  const stripe = new Stripe(secretKey, {
    host: hostname,
    port,
    protocol: 'http',
    maxNetworkRetries: 0,
    telemetry: false,
  });
  return { emulator, stripe };
}

async function customerWith(card: string) {
  const { emulator, stripe } = await open();
  const customer = await stripe.customers.create({ name: 'Ada' });
  const payment_method = await emulator.makeMethod(card, customer.id);
  const charge = (key: string, amount = 5000) =>
    stripe.paymentIntents.create(
      {
        amount,
        currency: 'usd',
        customer: customer.id,
        payment_method,
        confirm: true,
        off_session: true,
        automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
        metadata: { steward_charge: 'c1' },
      },
      { idempotencyKey: key },
    );
  return { emulator, stripe, customer, charge };
}

test('a charge moves money once, however often its key is used', async () => {
  const { emulator, charge } = await customerWith('pm_card_visa');
  const first = await charge('k1');
  const again = await charge('k1');
  expect(again.id).toBe(first.id);
  expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
  expect(await emulator.count('charge', { steward_charge: 'c1' })).toBe(1);
});

test('a key is forgotten after 24 hours on the clock of the emulator', async () => {
  const { emulator, charge } = await customerWith('pm_card_visa');
  const first = await charge('k1');
  await emulator.advance(DAY_MS - 1000);
  expect((await charge('k1')).id).toBe(first.id);
  await emulator.advance(1000);
  expect((await charge('k1')).id).not.toBe(first.id);
  expect(await emulator.count('charge', { steward_charge: 'c1' })).toBe(2);
});

test('a key with other parameters is refused, and so is one in use', async () => {
  const { emulator, charge } = await customerWith('pm_card_visa');
  await charge('k1');
  await expect(charge('k1', 6000)).rejects.toMatchObject({
    type: 'StripeIdempotencyError',
    statusCode: 400,
  });
  await emulator.fail({ kind: 'delay', when: 'after', delayMs: 400 });
  const slow = charge('k2');
  await expect.poll(() => emulator.count('charge', { steward_charge: 'c1' })).toBe(2);
  await expect(charge('k2')).rejects.toMatchObject({ statusCode: 409 });
  await expect(slow).resolves.toMatchObject({ status: 'succeeded' });
});

test('a 500 is kept under its key, with or without the effect', async () => {
  const { emulator, charge } = await customerWith('pm_card_visa');
  for (const [when, moved] of [
    ['before', 0],
    ['after', 1],
  ] as const) {
    await emulator.fail({ kind: 'error-500', when });
    await expect(charge(`key ${when}`)).rejects.toMatchObject({ statusCode: 500 });
    await expect(charge(`key ${when}`)).rejects.toMatchObject({ statusCode: 500 });
    expect(await emulator.count('charge', { steward_charge: 'c1' })).toBe(moved);
  }
});

test.each([
  ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
  ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
  ['pm_card_authenticationRequired', 'authentication_required', 'authentication_required'],
  ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card'],
])('%s is declined with %s, %s and the intent in the error', async (card, code, decline_code) => {
  const { emulator, charge } = await customerWith(card);
  await expect(charge('k1')).rejects.toMatchObject({
    type: 'StripeCardError',
    statusCode: 402,
    code,
    decline_code,
    payment_intent: { object: 'payment_intent', status: 'requires_payment_method' },
  });
  expect(await emulator.count('charge', {})).toBe(0);
  expect(await emulator.count('charge-refused', { steward_charge: 'c1' })).toBe(1);
});

test('unknown, missing and ill-formed parameters are refused field by field', async () => {
  const { stripe } = await open();
  const ask = (params: object) =>
    stripe.rawRequest('POST', '/v1/payment_intents', params as { [name: string]: unknown });
  await expect(ask({ amount: 100, currency: 'usd', colour: 'red' })).rejects.toMatchObject({
    code: 'parameter_unknown',
    param: 'colour',
  });
  await expect(ask({ amount: 100 })).rejects.toMatchObject({
    code: 'parameter_missing',
    param: 'currency',
  });
  await expect(ask({ amount: 'ten', currency: 'usd' })).rejects.toMatchObject({
    code: 'parameter_invalid_integer',
  });
  await expect(ask({ amount: 10, currency: 'usd' })).rejects.toMatchObject({
    code: 'amount_too_small',
  });
  await expect(ask({ amount: 100, currency: 'usd', off_session: true })).rejects.toMatchObject({
    param: 'off_session',
  });
  const confirmed = { payment_method: 'pm_card_visa', confirm: true };
  await expect(ask({ amount: 100, currency: 'usd', ...confirmed })).rejects.toMatchObject({
    param: 'return_url',
  });
});

test('wrong keys are 401 and 403', async () => {
  const wrong = await open('sk_test_wrong');
  await expect(wrong.stripe.customers.create()).rejects.toMatchObject({ statusCode: 401 });
  const restricted = await open('sk_test_restricted');
  await expect(restricted.stripe.customers.create()).rejects.toMatchObject({ statusCode: 403 });
});

test('lists come newest first, a page at a time, and filter by time', async () => {
  const { emulator, stripe, customer, charge } = await customerWith('pm_card_visa');
  for (let n = 0; n < 3; n += 1) {
    await charge(`k${n}`, 1000 + n);
    await emulator.advance(10_000);
  }
  const page = await stripe.paymentIntents.list({ customer: customer.id, limit: 2 });
  expect(page.data.map((intent) => intent.amount)).toEqual([1002, 1001]);
  expect(page.has_more).toBe(true);
  const since = page.data[0]?.created ?? 0;
  const recent = await stripe.paymentIntents.list({ created: { gte: since } });
  expect(recent.data.map((intent) => intent.amount)).toEqual([1002]);
});

async function listen(answer: () => number) {
  const received: { body: string; signature: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const signature = String(request.headers['stripe-signature']);
    received.push({ body: Buffer.concat(chunks).toString(), signature });
    response.writeHead(answer()).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { received, url: `http://127.0.0.1:${port}/` };
}

test('webhooks are signed with each secret and repeated until they are taken', async () => {
  const { emulator, stripe } = await open();
  let status = 500;
  const { received, url } = await listen(() => status);
  await emulator.registerWebhook({ url, secrets: ['whsec_a', 'whsec_b'] });
  await stripe.customers.create({ name: 'Ada' });
  expect(await emulator.settleWebhooks()).toBe(1);
  expect(received).toHaveLength(1);
  await emulator.advance(4 * 60_000);
  expect(received).toHaveLength(1);
  await emulator.advance(60_000);
  expect(received).toHaveLength(2);
  status = 200;
  await emulator.advance(30 * 60_000);
  expect(received).toHaveLength(3);
  expect(await emulator.settleWebhooks()).toBe(0);
  for (const secret of ['whsec_a', 'whsec_b']) {
    const last = received[2];
    const now = (await emulator.now()).getTime();
    const event = stripe.webhooks.constructEvent(
      last?.body ?? '',
      last?.signature ?? '',
      secret,
      300,
      undefined,
      now,
    );
    expect(event.type).toBe('customer.created');
  }
});

test('a webhook nobody takes is given up after three days', async () => {
  const { emulator, stripe } = await open();
  const { received, url } = await listen(() => 500);
  await emulator.registerWebhook({ url, secrets: ['whsec_a'] });
  await stripe.customers.create({ name: 'Ada' });
  await emulator.settleWebhooks();
  for (let hour = 0; hour < 80; hour += 1) await emulator.advance(3_600_000);
  expect(received.length).toBeGreaterThan(6);
  expect(await emulator.settleWebhooks()).toBe(0);
});

test('with nothing sent by itself, events are sent in any order and number', async () => {
  const { emulator, stripe } = await open();
  const { received, url } = await listen(() => 200);
  await emulator.registerWebhook({ url, secrets: ['whsec_a'], auto: false });
  for (const name of ['Ada', 'Bob']) await stripe.customers.create({ name });
  const [first = '', second = ''] = (await emulator.events()).map(({ id }) => id);
  expect(received).toEqual([]);
  expect(await emulator.sendEvents([second, first, second])).toEqual([200, 200, 200]);
  const ids = received.map(({ body }) => (JSON.parse(body) as { id: string }).id);
  expect(ids).toEqual([second, first, second]);
});

test('as a process of its own it writes its log before it answers', async () => {
  const folder = temporaryFolder('stripe');
  const file = join(folder, 'log.jsonl');
  const child = spawn(process.execPath, ['test/stripe/main.ts', '--log', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { url } = JSON.parse(line.toString()) as { url: string };
  const { hostname, port } = new URL(url);
  const stripe = new Stripe('sk_test_x', { host: hostname, port, protocol: 'http' });
  const intent = await stripe.paymentIntents.create({
    amount: 5000,
    currency: 'usd',
    payment_method: 'pm_card_visa',
    confirm: true,
    return_url: 'https://steward.example/back',
  });
  child.kill('SIGKILL');
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const entries = lines.map((text) => JSON.parse(text) as { what: string; id: string });
  expect(entries.map(({ what }) => what)).toEqual(['arrived', 'charge', 'request']);
  expect(entries[1]?.id).toBe(intent.id);
});
