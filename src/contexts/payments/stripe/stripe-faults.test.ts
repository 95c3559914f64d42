import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { Fault } from '../../../../test/stripe/faults.ts';
import { openStripeHarness } from '../../../../test/stripe/harness.ts';
import { createVirtualClock } from '../../../platform/clock.ts';
import { type ChargeRequest, NotSent } from '../provider/provider.ts';
import { createStripeProvider } from './index.ts';

const HOUR_MS = 3_600_000;

async function open(options: Parameters<typeof openStripeHarness>[0] = {}) {
  const harness = await openStripeHarness({ timeoutMs: 300, ...options });
  onTestFinished(() => harness.close());
  return harness;
}

async function openPayer(options: Parameters<typeof openStripeHarness>[0] = {}) {
  const harness = await open(options);
  const { provider, emulator } = harness;
  const { ref: customerRef } = await provider.createCustomer({
    idempotencyKey: 'customer-c1',
    personKey: 'c1',
  });
  const methodRef = await emulator.makeMethod('pm_card_visa', customerRef);
  const request: ChargeRequest = {
    idempotencyKey: 'charge-1-1',
    chargeId: 'ch1',
    invoiceId: 'in1',
    customerRef,
    methodRef,
    amountMinor: 10_000n,
    currency: 'USD',
    description: 'Invoice 1',
  };
  const query = { customerRef, chargeId: 'ch1', since: new Date(harness.now().getTime() - 60_000) };
  const arrived = async (path: string) =>
    (await emulator.log()).filter((entry) => entry.what === 'arrived' && entry.path === path)
      .length;
  return { ...harness, request, query, arrived };
}

const errorOf = (work: Promise<unknown>) =>
  work.then(
    () => {
      throw new Error('It went well.');
    },
    (error: unknown) => error,
  );

test.each<[Fault, moved: number]>([
  [{ kind: 'error-500', when: 'before' }, 0],
  [{ kind: 'error-500', when: 'after' }, 1],
  [{ kind: 'cut', when: 'before' }, 0],
  [{ kind: 'cut', when: 'after' }, 1],
  [{ kind: 'delay', when: 'before', delayMs: 1000 }, 0],
  [{ kind: 'delay', when: 'after', delayMs: 1000 }, 1],
  [{ kind: 'bare-400', when: 'before' }, 0],
  [{ kind: 'bare-400', when: 'after' }, 1],
  [{ kind: 'wrong-shape', when: 'before' }, 0],
  [{ kind: 'wrong-shape', when: 'after' }, 1],
])('nobody knows how a charge ended after %o', async (fault, moved) => {
  const { provider, emulator, moved: movedFor, request, query, arrived } = await openPayer();
  await emulator.fail(fault);
  const error = await errorOf(provider.charge(request));
  expect(error).toBeInstanceOf(Error);
  expect(error).not.toBeInstanceOf(NotSent);
  expect(await movedFor('charge', 'ch1')).toBe(moved);
  expect((await provider.findCharge(query))?.state).toBe(moved ? 'succeeded' : undefined);
  expect(await arrived('/v1/payment_intents'), 'sent once, never again by itself').toBe(1);
});

test('a 429 was not sent, and says so', async () => {
  const { provider, emulator, moved, request } = await openPayer();
  await emulator.fail({ kind: 'rate-limit' });
  expect(await errorOf(provider.charge(request))).toMatchObject({ reason: 'rate_limited' });
  expect(await moved('charge', 'ch1')).toBe(0);
});

test.each(['sk_test_wrong', 'sk_test_restricted'])(
  'with key %s it waits for a better one',
  async (key) => {
    const { provider } = await open({ secretKey: key });
    const made = provider.createCustomer({ idempotencyKey: 'k', personKey: 'c1' });
    expect(await errorOf(made)).toMatchObject({ name: 'NotSent', reason: 'unreachable' });
  },
);

test('a server that refuses the connection was never reached', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  await new Promise((resolve) => server.close(resolve));
  const provider = await createStripeProvider({
    secretKey: 'sk_test_x',
    webhookSecrets: [],
    apiBase: `http://127.0.0.1:${port}`,
    currency: 'USD',
    clock: createVirtualClock(new Date()),
  });
  const made = provider.createCustomer({ idempotencyKey: 'k', personKey: 'c1' });
  expect(await errorOf(made)).toMatchObject({ name: 'NotSent', reason: 'unreachable' });
});

test('a stored 500 is told again under its key: only asking settles it', async () => {
  const { provider, emulator, request, query } = await openPayer();
  await emulator.fail({ kind: 'error-500', when: 'after' });
  for (let attempt = 0; attempt < 2; attempt += 1) {
    expect(await errorOf(provider.charge(request))).not.toBeInstanceOf(NotSent);
  }
  expect(await provider.findCharge(query)).toMatchObject({ state: 'succeeded' });
});

test('a key at work (409) and a key with other parameters are no proof of anything', async () => {
  const { provider, emulator, moved, request } = await openPayer({ timeoutMs: 2000 });
  await emulator.fail({ kind: 'delay', when: 'after', delayMs: 500 });
  const first = provider.charge(request);
  await expect.poll(() => moved('charge', 'ch1')).toBe(1);
  expect(await errorOf(provider.charge(request))).not.toBeInstanceOf(NotSent);
  await first;
  const other = provider.charge({ ...request, amountMinor: 9000n });
  expect(await errorOf(other)).not.toBeInstanceOf(NotSent);
  expect(await moved('charge', 'ch1')).toBe(1);
});

test('a charge is still found when its key has been forgotten', async () => {
  const { provider, advance, request, query } = await openPayer();
  const charge = await provider.charge(request);
  await advance(25 * HOUR_MS);
  expect(await provider.findCharge(query)).toEqual(charge);
});

test('reading is tried again when the connection breaks', async () => {
  const { provider, emulator, request } = await openPayer({ timeoutMs: 2000 });
  const charge = await provider.charge(request);
  await emulator.fail({ kind: 'cut', method: 'GET', path: '/v1/payment_intents/' });
  expect(await provider.getCharge(charge.ref)).toEqual(charge);
});

test('an answer that is no list of charges does not mean that there are none', async () => {
  const { provider, emulator, request, query } = await openPayer();
  await provider.charge(request);
  for (const kind of ['wrong-shape', 'bare-400'] as const) {
    await emulator.fail({ kind, method: 'GET', path: '/v1/payment_intents' });
    expect(await errorOf(provider.findCharge(query))).not.toBeInstanceOf(NotSent);
    await emulator.fail({ kind, method: 'GET', path: '/v1/refunds' });
    const refunds = provider.findRefund({ chargeRef: 'pi_1', refundId: 're1' });
    expect(await errorOf(refunds)).not.toBeInstanceOf(NotSent);
  }
});

test.each(['cut', 'bare-400', 'error-500', 'wrong-shape'] as const)(
  'nobody knows how a refund and a transfer ended after %s',
  async (kind) => {
    const { provider, emulator, moved, request, fund, useAccountPage } = await openPayer();
    const { ref } = await provider.charge(request);
    await emulator.fail({ kind, when: 'after', path: '/v1/refunds' });
    const refund = provider.refund({
      idempotencyKey: 'refund-1',
      refundId: 're1',
      chargeRef: ref,
      amountMinor: 100n,
      currency: 'USD',
    });
    expect(await errorOf(refund)).not.toBeInstanceOf(NotSent);
    expect(await moved('refund', 're1')).toBe(1);
    const account = await provider.createAccount({ idempotencyKey: 'a', personKey: 'w1' });
    const page = { accountRef: account.ref, returnUrl: 'https://steward.example/' };
    await useAccountPage((await provider.openAccountPage(page)).url);
    await fund(5000n, 'USD');
    await emulator.fail({ kind, when: 'after', path: '/v1/transfers' });
    const transfer = provider.transfer({
      idempotencyKey: 'payout-1',
      payoutId: 'po1',
      generation: 1,
      accountRef: account.ref,
      amountMinor: 5000n,
      currency: 'USD',
      description: 'Payout 1',
    });
    expect(await errorOf(transfer)).not.toBeInstanceOf(NotSent);
    expect(await moved('transfer', 'po1')).toBe(1);
  },
);
