import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { openStripeHarness } from '../../../../test/stripe/harness.ts';
import { signWebhook } from '../../../../test/stripe/webhooks.ts';

const run = promisify(execFile);
const DAY_MS = 86_400_000;

async function open(options: Parameters<typeof openStripeHarness>[0] = {}) {
  const harness = await openStripeHarness(options);
  onTestFinished(() => harness.close());
  const { provider, emulator } = harness;
  const { ref: customerRef } = await provider.createCustomer({
    idempotencyKey: 'customer-c1',
    personKey: 'c1',
    name: 'Ada',
    email: 'ada@steward.example',
  });
  const charge = async (
    chargeId = 'ch1',
    { card = 'pm_card_visa', amountMinor = 10_000n, currency = 'USD' } = {},
  ) => {
    const methodRef = await emulator.makeMethod(card, customerRef);
    return provider.charge({
      idempotencyKey: `charge-${chargeId}`,
      chargeId,
      invoiceId: 'in1',
      customerRef,
      methodRef,
      amountMinor,
      currency,
      description: 'Invoice 1',
    });
  };
  return { ...harness, customerRef, charge };
}

async function readAll<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

test('importing the provider does not load the SDK', async () => {
  const script = `
    import { registerHooks } from 'node:module';
    let loaded = false;
    registerHooks({ resolve: (specifier, context, next) => {
      loaded ||= specifier === 'stripe';
      return next(specifier, context);
    } });
    const { createStripeProvider } = await import('./src/contexts/payments/stripe/index.ts');
    const before = loaded;
    const clock = { now: () => new Date() };
    await createStripeProvider({ secretKey: 'sk_test_x', webhookSecrets: [], currency: 'USD', clock });
    console.log(JSON.stringify({ before, after: loaded }));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
  expect(JSON.parse(stdout)).toEqual({ before: false, after: true });
});

test.each([
  ['JPY', 500n, 500],
  ['ISK', 500n, 50_000],
  ['KWD', 5120n, 5120],
  ['MGA', 300_000n, 3000],
])('a charge in %s of %s reaches Stripe as %s', async (currency, amountMinor, amount) => {
  const { emulator, charge } = await open();
  expect(await charge('ch1', { currency, amountMinor })).toMatchObject({
    state: 'succeeded',
    amountMinor,
    currency,
  });
  const [entry] = (await emulator.log()).filter(({ what }) => what === 'charge');
  expect(entry).toMatchObject({ amount, currency: currency.toLowerCase() });
});

test('an amount between the steps never leaves', async () => {
  const { emulator, charge } = await open();
  const between = charge('ch1', { currency: 'KWD', amountMinor: 5124n });
  await expect(between).rejects.toMatchObject({ reason: 'refused', code: 'amount_not_possible' });
  const asked = (await emulator.log()).filter(({ path }) => path === '/v1/payment_intents');
  expect(asked).toEqual([]);
});

test('beyond a page everything is found, listed and in order', async () => {
  const { provider, emulator, now, advance, charge, customerRef } = await open();
  const from = now();
  for (let n = 0; n < 230; n += 1) {
    await charge(`ch${n}`);
    if (n % 100 === 0) await advance(DAY_MS / 2);
  }
  const first = await provider.findCharge({ customerRef, chargeId: 'ch0', since: from });
  expect(first).toMatchObject({ chargeId: 'ch0', state: 'succeeded' });
  const to = new Date(now().getTime() + 1000);
  const entries = await readAll(provider.listBalance({ from, to }));
  expect(entries).toHaveLength(230);
  expect(entries[0]?.sourceRef).toBe(first?.ref);
  expect(entries.map(({ createdAt }) => createdAt.getTime())).toEqual(
    entries.map(({ createdAt }) => createdAt.getTime()).sort((one, other) => one - other),
  );
  const refs = new Set(entries.map(({ ref }) => ref));
  expect(refs.size).toBe(230);
  const told = await readAll(provider.listEvents(from));
  expect(told.map(({ id }) => id)).toEqual((await emulator.events()).map(({ id }) => id));
});

test('a bank debit is processing until the bank decides', async () => {
  const { provider, emulator, charge } = await open();
  const good = await charge('ch1', { card: 'pm_usBankAccount_success' });
  const bad = await charge('ch2', { card: 'pm_usBankAccount_success' });
  expect([good.state, bad.state]).toEqual(['processing', 'processing']);
  await emulator.settlePayment(good.ref);
  await emulator.settlePayment(bad.ref, 'debit_not_authorized');
  expect(await provider.getCharge(good.ref)).toMatchObject({ state: 'succeeded' });
  expect(await provider.getCharge(bad.ref)).toMatchObject({
    state: 'failed',
    failure: { kind: 'hard', code: 'debit_not_authorized' },
  });
});

test('a transfer beyond our balance fails, and the next generation is paid', async () => {
  const { provider, emulator, now } = await open();
  const { ref: accountRef } = await provider.createAccount({
    idempotencyKey: 'a',
    personKey: 'w1',
  });
  const page = await provider.openAccountPage({
    accountRef,
    returnUrl: 'https://steward.example/',
  });
  await emulator.visit(page.url);
  const request = (generation: number, to = accountRef) => ({
    idempotencyKey: `payout-${generation}`,
    payoutId: 'po1',
    generation,
    accountRef: to,
    amountMinor: 5000n,
    currency: 'USD',
    description: 'Payout 1',
  });
  const failed = { outcome: 'failed', code: 'balance_insufficient' };
  expect(await provider.transfer(request(1))).toEqual(failed);
  await emulator.topUp(5000, 'USD');
  expect(await provider.transfer(request(1)), 'the key keeps its refusal').toEqual(failed);
  expect(await provider.transfer(request(2))).toMatchObject({ outcome: 'paid' });
  const gone = await provider.transfer(request(3, 'acct_gone'));
  expect(gone).toEqual({ outcome: 'failed', code: 'resource_missing' });
  expect(await emulator.count('transfer', { steward_payout: 'po1' })).toBe(1);
  const since = new Date(now().getTime() - 60_000);
  expect(await provider.findTransfer({ payoutId: 'po1', generation: 1, since })).toBeNull();
});

test('payouts to our bank, top-ups and dispute fees stand in the balance', async () => {
  const { provider, emulator, now, charge } = await open();
  const from = now();
  await emulator.topUp(9000, 'USD');
  await charge('ch1', { card: 'pm_card_createDispute' });
  await emulator.payOut(1000, 'USD');
  const to = new Date(from.getTime() + 1000);
  const entries = await readAll(provider.listBalance({ from, to }));
  expect(entries.map(({ kind, amountMinor, feeMinor }) => [kind, amountMinor, feeMinor])).toEqual([
    ['top-up', 9000n, 0n],
    ['charge', 10_000n, 320n],
    ['dispute', -10_000n, 1500n],
    ['payout', -1000n, 0n],
  ]);
  expect(entries[3]?.sourceRef).toBeNull();
});

const NOW = new Date('2026-11-23T12:00:00Z');
const NOW_SECONDS = NOW.getTime() / 1000;

function webhookOf(type: string, object: object, previous_attributes?: object) {
  const data = { object, previous_attributes };
  const told = { id: 'evt_1', object: 'event', type, created: NOW_SECONDS, data };
  return JSON.stringify(told);
}

test.each([
  ['payment_intent.succeeded', { id: 'pi_1' }, 'charge', 'pi_1'],
  ['payment_intent.payment_failed', { id: 'pi_1' }, 'charge', 'pi_1'],
  ['charge.succeeded', { id: 'ch_1', payment_intent: 'pi_1' }, 'charge', 'pi_1'],
  ['charge.refunded', { id: 'ch_1', payment_intent: { id: 'pi_1' } }, 'charge', 'pi_1'],
  ['charge.failed', { id: 'ch_1', payment_intent: null }, 'other', null],
  ['charge.refund.updated', { id: 're_1', payment_intent: 'pi_1' }, 'refund', 're_1'],
  ['refund.created', { id: 're_1' }, 'refund', 're_1'],
  ['refund.failed', { id: 're_1' }, 'refund', 're_1'],
  ['charge.dispute.created', { id: 'dp_1', payment_intent: 'pi_1' }, 'dispute', 'dp_1'],
  ['charge.dispute.funds_withdrawn', { id: 'dp_1' }, 'dispute', 'dp_1'],
  ['transfer.reversed', { id: 'tr_1' }, 'transfer', 'tr_1'],
  ['account.updated', { id: 'acct_1' }, 'account', 'acct_1'],
  ['checkout.session.completed', { id: 'cs_1', customer: 'cus_1' }, 'method', 'cus_1'],
  ['setup_intent.succeeded', { id: 'seti_1', customer: { id: 'cus_1' } }, 'method', 'cus_1'],
  ['payment_method.attached', { id: 'pm_1', customer: 'cus_1' }, 'method', 'cus_1'],
  ['customer.created', { id: 'cus_1' }, 'other', null],
  ['balance.available', { object: 'balance' }, 'other', null],
])('%s of %o is about %s %s', async (type, object, about, objectRef) => {
  const { provider } = await open({ webhookSecrets: ['whsec_1'] });
  const body = webhookOf(type, object);
  const event = provider.readWebhook(
    Buffer.from(body),
    signWebhook(body, ['whsec_1'], NOW_SECONDS),
    NOW,
  );
  expect(event).toMatchObject({ id: 'evt_1', type, about, objectRef, createdAt: NOW });
  expect(event.payload).toEqual(JSON.parse(body));
});

test('a detached method is about the customer who had it', async () => {
  const { provider } = await open({ webhookSecrets: ['whsec_1'] });
  const body = webhookOf(
    'payment_method.detached',
    { id: 'pm_1', customer: null },
    { customer: 'cus_1' },
  );
  const signature = signWebhook(body, ['whsec_1'], NOW_SECONDS);
  expect(provider.readWebhook(Buffer.from(body), signature, NOW)).toMatchObject({
    about: 'method',
    objectRef: 'cus_1',
  });
});

test('while secrets are rotated either of ours and either of theirs does', async () => {
  const { provider } = await open({ webhookSecrets: ['whsec_new', 'whsec_old'] });
  const body = webhookOf('customer.created', { id: 'cus_1' });
  const signedWith = (...secrets: string[]) => signWebhook(body, secrets, NOW_SECONDS);
  const read = (signature: string) => provider.readWebhook(Buffer.from(body), signature, NOW);
  for (const secrets of [['whsec_old'], ['whsec_new'], ['whsec_other', 'whsec_old']]) {
    expect(read(signedWith(...secrets)).id).toBe('evt_1');
  }
  expect(() => read(signedWith('whsec_other'))).toThrow('not signed with a known secret');
  for (const broken of ['', 't=1', 'v1=00', 't=now,v1=00', 'nonsense']) {
    expect(() => read(broken), broken).toThrow('no signature');
  }
});

test('without a secret every webhook is refused', async () => {
  const { provider } = await open({ webhookSecrets: [] });
  const body = webhookOf('customer.created', { id: 'cus_1' });
  const signature = signWebhook(body, [''], NOW_SECONDS);
  expect(() => provider.readWebhook(Buffer.from(body), signature, NOW)).toThrow('known secret');
});

test('what is signed but is no event is malformed', async () => {
  const { provider } = await open({ webhookSecrets: ['whsec_1'] });
  for (const body of ['{}', 'no json', '{"object":"event","id":7}']) {
    const signature = signWebhook(body, ['whsec_1'], NOW_SECONDS);
    const read = () => provider.readWebhook(Buffer.from(body), signature, NOW);
    expect(read).toThrow(expect.objectContaining({ reason: 'malformed' }));
  }
});

test('the SDK signs and checks webhooks as we do', async () => {
  const { default: Stripe } = await import('stripe');
  const { provider } = await open({ webhookSecrets: ['whsec_1'] });
  const payload = webhookOf('refund.created', { id: 're_ü' });
  const signature = Stripe.webhooks.generateTestHeaderString({
    payload,
    secret: 'whsec_1',
    timestamp: NOW_SECONDS,
  });
  expect(provider.readWebhook(Buffer.from(payload), signature, NOW).objectRef).toBe('re_ü');
});
