import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type BalanceEntry,
  type ChargeRequest,
  NotSent,
  type PaymentProvider,
  WebhookRefused,
} from '../src/contexts/payments/provider/provider.ts';

/**
 * Test payment methods, by the names that Stripe gives them (https://docs.stripe.com/testing); a
 * provider that has names of its own translates.
 */
export type TestCard =
  | 'pm_card_visa'
  | 'pm_card_mastercard'
  | 'pm_card_chargeDeclined'
  | 'pm_card_chargeDeclinedInsufficientFunds'
  | 'pm_card_chargeDeclinedProcessingError'
  | 'pm_card_chargeDeclinedExpiredCard'
  | 'pm_card_visa_chargeDeclinedLostCard'
  | 'pm_card_authenticationRequired'
  | 'pm_card_createDispute'
  | 'pm_card_createDisputeInquiry'
  | 'pm_card_pendingRefund';

/** What the next call that moves money meets. */
export type Mishap =
  /** It never arrives, but the caller cannot know. */
  | 'lost-before'
  /** It is carried out; its answer is lost. */
  | 'lost-after'
  /** It is refused for being one too many. */
  | 'rate-limited';

/** A provider with all that stands behind it: what people and banks do there. Fresh for each test. */
export interface ProviderHarness {
  provider: PaymentProvider;
  /** Clock of the provider, and of what stands behind it. */
  now(): Date;
  advance(milliseconds: number): Promise<void>;
  /** A customer goes through the hosted page with this card. */
  useMethodPage(url: string, card: TestCard): Promise<void>;
  /** A reference as the provider's script hands it out in the browser; attached to nobody. */
  methodFromBrowser(card: TestCard): Promise<string>;
  /** A worker goes through the account page; then transfers to the account are possible. */
  useAccountPage(url: string): Promise<void>;
  /** A charge disputed by a test card is decided. */
  decideDispute(ref: string, outcome: 'won' | 'lost'): Promise<void>;
  /** Somebody refunds in the provider's dashboard. */
  refundByHand(chargeRef: string, amountMinor: bigint): Promise<void>;
  /** The bank decides on a pending refund. */
  settleRefund(ref: string, outcome: 'succeeded' | 'failed'): Promise<void>;
  /** Somebody takes a transfer back, wholly. */
  reverseTransfer(ref: string): Promise<void>;
  /** Sees to it that our balance with the provider suffices for transfers of so much. */
  fund(amountMinor: bigint, currency: string): Promise<void>;
  /**
   * How often money really moved for our charge, refund or payout: told by something outside of
   * the interface under test.
   */
  moved(what: 'charge' | 'refund' | 'transfer', ourId: string): Promise<number>;
  /** The webhook of an event, signed now with the secret that the provider knows. */
  signWebhook(eventId: string): Promise<{ rawBody: Buffer; signature: string }>;
  /** Missing where nothing stands between us and the provider that could go wrong. */
  failNext?(mishap: Mishap): Promise<void>;
  close(): Promise<void>;
}

const CURRENCY = 'USD';
const RETURN_URL = 'https://steward.example/back';
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const dayBefore = (harness: ProviderHarness) => new Date(harness.now().getTime() - DAY_MS);

async function readAll<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

/** Everything that a test does, in the words of the interface. */
function actions(harness: ProviderHarness) {
  const { provider } = harness;
  const newCustomer = async (personKey = 'c1') =>
    (await provider.createCustomer({ idempotencyKey: `customer-${personKey}`, personKey })).ref;
  let pages = 0;
  const givePageMethod = async (customerRef: string, card: TestCard) => {
    pages += 1;
    const idempotencyKey = `page-${pages}`;
    const page = await provider.openMethodPage({
      idempotencyKey,
      customerRef,
      returnUrl: RETURN_URL,
    });
    await harness.useMethodPage(page.url, card);
  };
  const payer = async (card: TestCard) => {
    const customerRef = await newCustomer();
    await givePageMethod(customerRef, card);
    const method = await provider.currentMethod(customerRef);
    if (!method) throw new Error('The page left no payment method.');
    return { customerRef, methodRef: method.ref };
  };
  const chargeRequest = (
    by: { customerRef: string; methodRef: string },
    more: Partial<ChargeRequest> = {},
  ): ChargeRequest => ({
    ...by,
    idempotencyKey: `charge-${more.chargeId ?? 'ch1'}-1`,
    chargeId: 'ch1',
    invoiceId: 'in1',
    amountMinor: 10_000n,
    currency: CURRENCY,
    description: 'Invoice 1',
    ...more,
  });
  const charged = async (card: TestCard = 'pm_card_visa') => {
    const request = chargeRequest(await payer(card));
    return { request, charge: await provider.charge(request) };
  };
  const refundRequest = (chargeRef: string, amountMinor: bigint, refundId = 're1') => ({
    idempotencyKey: `refund-${refundId}`,
    refundId,
    chargeRef,
    amountMinor,
    currency: CURRENCY,
  });
  const readyWorker = async () => {
    const { ref } = await provider.createAccount({
      idempotencyKey: 'account-w1',
      personKey: 'w1',
      email: 'w1@steward.example',
    });
    const page = await provider.openAccountPage({ accountRef: ref, returnUrl: RETURN_URL });
    await harness.useAccountPage(page.url);
    return ref;
  };
  const transferRequest = (accountRef: string, generation = 1) => ({
    idempotencyKey: `payout-po1-${generation}`,
    payoutId: 'po1',
    generation,
    accountRef,
    amountMinor: 6000n,
    currency: CURRENCY,
    description: 'Payout 1',
  });
  const since = () => new Date(harness.now().getTime() - MINUTE_MS);
  return {
    newCustomer,
    givePageMethod,
    payer,
    chargeRequest,
    charged,
    refundRequest,
    readyWorker,
    transferRequest,
    since,
  };
}

/**
 * One suite for all providers: whatever passes it can stand behind payments.
 * @param open makes a fresh provider; called by each test, closed after it
 */
export function describeProvider(name: string, open: () => Promise<ProviderHarness>): void {
  const prepare = async () => {
    const harness = await open();
    onTestFinished(() => harness.close());
    return { harness, provider: harness.provider, ...actions(harness) };
  };
  type Prepare = () => Promise<Awaited<ReturnType<typeof prepare>>>;
  const suites: ((prepare: Prepare) => void)[] = [
    customersAndMethods,
    charges,
    mishaps,
    refunds,
    disputes,
    transfers,
    balanceAndEvents,
    webhooks,
  ];
  describe(name, () => {
    for (const suite of suites) suite(prepare);
  });

  function customersAndMethods(prepare: Prepare) {
    test('a customer is made once for a key', async () => {
      const { newCustomer } = await prepare();
      expect(await newCustomer('c1')).toBe(await newCustomer('c1'));
      expect(await newCustomer('c2')).not.toBe(await newCustomer('c1'));
    });

    test('the method given last on the hosted page is the current one', async () => {
      const { harness, provider, newCustomer, givePageMethod } = await prepare();
      const customerRef = await newCustomer();
      expect(await provider.currentMethod(customerRef)).toBeNull();
      await givePageMethod(customerRef, 'pm_card_visa');
      const first = await provider.currentMethod(customerRef);
      expect(first).toMatchObject({ type: 'card', brand: 'visa', last4: '4242' });
      await harness.advance(MINUTE_MS);
      await givePageMethod(customerRef, 'pm_card_mastercard');
      const second = await provider.currentMethod(customerRef);
      expect(second).toMatchObject({ brand: 'mastercard', last4: '4444' });
      expect(second?.ref).not.toBe(first?.ref);
    });

    test('an attached method becomes the current one, until the page gives another', async () => {
      const { harness, provider, newCustomer, givePageMethod } = await prepare();
      const customerRef = await newCustomer();
      const early = await harness.methodFromBrowser('pm_card_visa');
      await givePageMethod(customerRef, 'pm_card_mastercard');
      const attached = await provider.attachMethod({
        idempotencyKey: 'attach-1',
        customerRef,
        methodRef: early,
      });
      expect(attached).toMatchObject({ brand: 'visa', last4: '4242' });
      expect((await provider.currentMethod(customerRef))?.ref).toBe(attached.ref);
      await givePageMethod(customerRef, 'pm_card_mastercard');
      expect(await provider.currentMethod(customerRef)).toMatchObject({ brand: 'mastercard' });
    });

    test('a method that is none is refused', async () => {
      const { provider, newCustomer } = await prepare();
      const customerRef = await newCustomer();
      const attach = provider.attachMethod({
        idempotencyKey: 'attach-1',
        customerRef,
        methodRef: 'pm_nothing',
      });
      await expect(attach).rejects.toMatchObject({ name: 'NotSent', reason: 'refused' });
    });
  }

  function charges(prepare: Prepare) {
    test('a charge takes the money once, however often its key is sent', async () => {
      const { harness, provider, charged, since } = await prepare();
      const { request, charge } = await charged();
      expect(charge).toMatchObject({
        chargeId: 'ch1',
        state: 'succeeded',
        failure: null,
        amountMinor: 10_000n,
        currency: 'USD',
      });
      expect(Math.abs(charge.createdAt.getTime() - harness.now().getTime())).toBeLessThan(5000);
      expect(await provider.charge(request)).toEqual(charge);
      expect(await provider.getCharge(charge.ref)).toEqual(charge);
      const { customerRef, chargeId } = request;
      expect(await provider.findCharge({ customerRef, chargeId, since: since() })).toEqual(charge);
      expect(await harness.moved('charge', 'ch1')).toBe(1);
    });

    test('a key that comes with another amount takes nothing more', async () => {
      const { harness, provider, charged } = await prepare();
      const { request } = await charged();
      await expect(provider.charge({ ...request, amountMinor: 20_000n })).rejects.toThrow();
      expect(await harness.moved('charge', 'ch1')).toBe(1);
    });

    test.each([
      ['pm_card_chargeDeclined', 'soft', 'generic_decline'],
      ['pm_card_chargeDeclinedInsufficientFunds', 'soft', 'insufficient_funds'],
      ['pm_card_chargeDeclinedProcessingError', 'soft', 'processing_error'],
      ['pm_card_chargeDeclinedExpiredCard', 'hard', 'expired_card'],
      ['pm_card_visa_chargeDeclinedLostCard', 'hard', 'lost_card'],
    ] as const)('%s fails %s with %s and takes nothing', async (card, kind, code) => {
      const { harness, provider, charged, since } = await prepare();
      const { request, charge } = await charged(card);
      expect(charge).toMatchObject({ state: 'failed', failure: { kind, code } });
      expect(await provider.charge(request)).toEqual(charge);
      const { customerRef, chargeId } = request;
      expect(await provider.findCharge({ customerRef, chargeId, since: since() })).toEqual(charge);
      expect(await harness.moved('charge', 'ch1')).toBe(0);
    });

    test('a charge that wants the customer takes nothing and can be cancelled', async () => {
      const { harness, provider, charged } = await prepare();
      const { charge } = await charged('pm_card_authenticationRequired');
      expect(charge).toMatchObject({ state: 'requires_action' });
      expect(await provider.cancelCharge(charge.ref)).toMatchObject({ state: 'cancelled' });
      expect(await provider.getCharge(charge.ref)).toMatchObject({ state: 'cancelled' });
      expect(await provider.cancelCharge(charge.ref)).toMatchObject({ state: 'cancelled' });
      expect(await harness.moved('charge', 'ch1')).toBe(0);
    });

    test('a charge that has succeeded is not cancelled', async () => {
      const { provider, charged } = await prepare();
      const { charge } = await charged();
      expect(await provider.cancelCharge(charge.ref)).toEqual(charge);
    });

    test('a second generation finds its own charge, not the failed one before it', async () => {
      const { provider, payer, chargeRequest, givePageMethod, since } = await prepare();
      const by = await payer('pm_card_chargeDeclined');
      await provider.charge(chargeRequest(by));
      await givePageMethod(by.customerRef, 'pm_card_visa');
      const methodRef = (await provider.currentMethod(by.customerRef))?.ref ?? '';
      const second = { ...by, methodRef };
      const charge = await provider.charge(chargeRequest(second, { chargeId: 'ch2' }));
      expect(charge.state).toBe('succeeded');
      const query = { customerRef: by.customerRef, since: since() };
      expect(await provider.findCharge({ ...query, chargeId: 'ch2' })).toEqual(charge);
      const first = await provider.findCharge({ ...query, chargeId: 'ch1' });
      expect(first?.state).toBe('failed');
    });

    test('what is not there is not found', async () => {
      const { provider, newCustomer, since } = await prepare();
      const customerRef = await newCustomer();
      const query = { customerRef, chargeId: 'ch1', since: since() };
      expect(await provider.findCharge(query)).toBeNull();
      expect(await provider.getCharge('pi_nothing')).toBeNull();
    });

    test('a method that is none and an amount that is too small are refused', async () => {
      const { harness, provider, payer, chargeRequest } = await prepare();
      const by = await payer('pm_card_visa');
      const refused = { name: 'NotSent', reason: 'refused' };
      const none = chargeRequest({ ...by, methodRef: 'pm_nothing' });
      await expect(provider.charge(none)).rejects.toMatchObject(refused);
      const amountMinor = provider.leastCharge(CURRENCY) - 1n;
      const small = chargeRequest(by, { chargeId: 'ch2', amountMinor });
      await expect(provider.charge(small)).rejects.toMatchObject(refused);
      expect(await harness.moved('charge', 'ch1')).toBe(0);
      expect(await harness.moved('charge', 'ch2')).toBe(0);
    });
  }

  function mishaps(prepare: Prepare) {
    test('after a lost answer nobody knows, asking does, and the key still holds', async (context) => {
      const { harness, provider, payer, chargeRequest, since } = await prepare();
      if (!harness.failNext) return context.skip('Nothing stands between.');
      const request = chargeRequest(await payer('pm_card_visa'));
      await harness.failNext('lost-after');
      const lost = await provider.charge(request).catch((error: unknown) => error);
      expect(lost).toBeInstanceOf(Error);
      expect(lost).not.toBeInstanceOf(NotSent);
      const { customerRef, chargeId } = request;
      const found = await provider.findCharge({ customerRef, chargeId, since: since() });
      expect(found).toMatchObject({ state: 'succeeded', amountMinor: 10_000n });
      expect(await provider.charge(request)).toEqual(found);
      expect(await harness.moved('charge', 'ch1')).toBe(1);
    });

    test('a request that is lost on its way has no effect, and is not called "not sent"', async (context) => {
      const { harness, provider, payer, chargeRequest, since } = await prepare();
      if (!harness.failNext) return context.skip('Nothing stands between.');
      const request = chargeRequest(await payer('pm_card_visa'));
      await harness.failNext('lost-before');
      const lost = await provider.charge(request).catch((error: unknown) => error);
      expect(lost).toBeInstanceOf(Error);
      expect(lost).not.toBeInstanceOf(NotSent);
      const { customerRef, chargeId } = request;
      const query = { customerRef, chargeId, since: since() };
      expect(await provider.findCharge(query)).toBeNull();
      expect(await harness.moved('charge', 'ch1')).toBe(0);
    });

    test('a request that is one too many was not sent', async (context) => {
      const { harness, provider, payer, chargeRequest } = await prepare();
      if (!harness.failNext) return context.skip('Nothing stands between.');
      const request = chargeRequest(await payer('pm_card_visa'));
      await harness.failNext('rate-limited');
      await expect(provider.charge(request)).rejects.toMatchObject({ reason: 'rate_limited' });
      expect(await harness.moved('charge', 'ch1')).toBe(0);
      expect(await provider.charge(request)).toMatchObject({ state: 'succeeded' });
    });

    test('lost refunds and transfers are found again', async (context) => {
      const { harness, provider, charged, refundRequest, readyWorker, transferRequest, since } =
        await prepare();
      if (!harness.failNext) return context.skip('Nothing stands between.');
      const { charge } = await charged();
      await harness.failNext('lost-after');
      await expect(provider.refund(refundRequest(charge.ref, 1000n))).rejects.toThrow();
      const query = { chargeRef: charge.ref, refundId: 're1' };
      expect(await provider.findRefund(query)).toMatchObject({ amountMinor: 1000n });
      expect(await harness.moved('refund', 're1')).toBe(1);
      const accountRef = await readyWorker();
      await harness.fund(6000n, CURRENCY);
      await harness.failNext('lost-after');
      await expect(provider.transfer(transferRequest(accountRef))).rejects.toThrow();
      const found = await provider.findTransfer({ payoutId: 'po1', generation: 1, since: since() });
      expect(found).toMatchObject({ state: 'paid', amountMinor: 6000n });
      expect(await harness.moved('transfer', 'po1')).toBe(1);
    });
  }

  function refunds(prepare: Prepare) {
    test('a charge is refunded in parts, and never beyond its amount', async () => {
      const { harness, provider, charged, refundRequest } = await prepare();
      const { charge } = await charged();
      const part = await provider.refund(refundRequest(charge.ref, 4000n));
      expect(part).toMatchObject({
        refundId: 're1',
        chargeRef: charge.ref,
        state: 'succeeded',
        amountMinor: 4000n,
        currency: 'USD',
      });
      expect(await provider.refund(refundRequest(charge.ref, 4000n))).toEqual(part);
      expect(await harness.moved('refund', 're1')).toBe(1);
      const beyond = provider.refund(refundRequest(charge.ref, 6001n, 're2'));
      await expect(beyond).rejects.toMatchObject({ name: 'NotSent', reason: 'refused' });
      await provider.refund(refundRequest(charge.ref, 6000n, 're3'));
      const all = await provider.listRefunds(charge.ref);
      expect(all.map(({ refundId }) => refundId).sort()).toEqual(['re1', 're3']);
      expect(await provider.getRefund(part.ref)).toEqual(part);
      const query = { chargeRef: charge.ref, refundId: 're1' };
      expect(await provider.findRefund(query)).toEqual(part);
      expect(await provider.findRefund({ ...query, refundId: 're2' })).toBeNull();
    });

    test('a refund made by hand at the provider is listed without an id of ours', async () => {
      const { harness, provider, charged } = await prepare();
      const { charge } = await charged();
      await harness.refundByHand(charge.ref, 2500n);
      expect(await provider.listRefunds(charge.ref)).toMatchObject([
        { refundId: null, amountMinor: 2500n, state: 'succeeded' },
      ]);
    });

    test('a pending refund succeeds or fails later, and a failed one gives the money back', async () => {
      const { harness, provider, charged, refundRequest } = await prepare();
      const { charge } = await charged('pm_card_pendingRefund');
      const good = await provider.refund(refundRequest(charge.ref, 1000n, 're1'));
      const bad = await provider.refund(refundRequest(charge.ref, 2000n, 're2'));
      expect([good.state, bad.state]).toEqual(['pending', 'pending']);
      await harness.settleRefund(good.ref, 'succeeded');
      await harness.settleRefund(bad.ref, 'failed');
      expect(await provider.getRefund(good.ref)).toMatchObject({ state: 'succeeded' });
      const failed = await provider.getRefund(bad.ref);
      expect(failed?.state).toBe('failed');
      expect(failed?.failureCode).toEqual(expect.any(String));
    });

    test('a refund that is not there is not found', async () => {
      const { provider } = await prepare();
      expect(await provider.getRefund('re_nothing')).toBeNull();
    });
  }

  function disputes(prepare: Prepare) {
    const disputeOf = async (harness: ProviderHarness) => {
      const { provider } = harness;
      const events = await readAll(provider.listEvents(dayBefore(harness)));
      const told = events.find(({ about }) => about === 'dispute');
      const dispute = await provider.getDispute(told?.objectRef ?? 'dp_nothing');
      if (!dispute) throw new Error('No event told of the dispute.');
      return dispute;
    };
    const kinds = async (provider: PaymentProvider, kind: BalanceEntry['kind'], until: Date) => {
      const to = new Date(until.getTime() + MINUTE_MS);
      const from = new Date(until.getTime() - 60 * MINUTE_MS);
      const entries = await readAll(provider.listBalance({ from, to }));
      return entries.filter((entry) => entry.kind === kind);
    };

    test.each(['won', 'lost'] as const)('a dispute takes the money until it is %s', async (end) => {
      const { harness, provider, charged } = await prepare();
      const { charge } = await charged('pm_card_createDispute');
      const dispute = await disputeOf(harness);
      expect(dispute).toMatchObject({
        chargeRef: charge.ref,
        state: 'open',
        reason: 'fraudulent',
        amountMinor: 10_000n,
        currency: 'USD',
      });
      expect(dispute.evidenceDueAt?.getTime()).toBeGreaterThan(harness.now().getTime());
      expect(await kinds(provider, 'dispute', harness.now())).toMatchObject([
        { amountMinor: -10_000n, sourceRef: dispute.ref },
      ]);
      await harness.decideDispute(dispute.ref, end);
      expect(await provider.getDispute(dispute.ref)).toMatchObject({ state: end });
      const returned = await kinds(provider, 'dispute-returned', harness.now());
      expect(returned.map((entry) => entry.amountMinor)).toEqual(end === 'won' ? [10_000n] : []);
    });

    test('an inquiry is a warning and moves nothing', async () => {
      const { harness, provider, charged } = await prepare();
      await charged('pm_card_createDisputeInquiry');
      expect(await disputeOf(harness)).toMatchObject({ state: 'warning' });
      expect(await kinds(provider, 'dispute', harness.now())).toEqual([]);
    });

    test('a dispute that is not there is not found', async () => {
      const { provider } = await prepare();
      expect(await provider.getDispute('dp_nothing')).toBeNull();
    });
  }

  function transfers(prepare: Prepare) {
    test('a worker is paid once the account page has been gone through', async () => {
      const { harness, provider, transferRequest, since } = await prepare();
      await harness.fund(6000n, CURRENCY);
      const account = { idempotencyKey: 'account-w1', personKey: 'w1' };
      const { ref: accountRef } = await provider.createAccount(account);
      expect((await provider.createAccount(account)).ref).toBe(accountRef);
      expect(await provider.isAccountReady(accountRef)).toBe(false);
      const early = await provider.transfer(transferRequest(accountRef));
      expect(early).toMatchObject({ outcome: 'failed', code: expect.any(String) });
      const page = await provider.openAccountPage({ accountRef, returnUrl: RETURN_URL });
      expect(page.expiresAt.getTime()).toBeGreaterThan(harness.now().getTime());
      await harness.useAccountPage(page.url);
      expect(await provider.isAccountReady(accountRef)).toBe(true);

      const request = transferRequest(accountRef, 2);
      const paid = await provider.transfer(request);
      expect(await provider.transfer(request)).toEqual(paid);
      if (paid.outcome !== 'paid') throw new Error(`The transfer failed: ${paid.code}`);
      const { transfer } = paid;
      expect(transfer).toMatchObject({
        payoutId: 'po1',
        generation: 2,
        state: 'paid',
        amountMinor: 6000n,
        currency: 'USD',
      });
      expect(await harness.moved('transfer', 'po1')).toBe(1);
      expect(await provider.getTransfer(transfer.ref)).toEqual(transfer);
      const query = { payoutId: 'po1', generation: 2, since: since() };
      expect(await provider.findTransfer(query)).toEqual(transfer);
      expect(await provider.findTransfer({ ...query, generation: 1 })).toBeNull();
    });

    test('a transfer that is taken back says so', async () => {
      const { harness, provider, readyWorker, transferRequest } = await prepare();
      await harness.fund(6000n, CURRENCY);
      const paid = await provider.transfer(transferRequest(await readyWorker()));
      if (paid.outcome !== 'paid') throw new Error(`The transfer failed: ${paid.code}`);
      await harness.reverseTransfer(paid.transfer.ref);
      expect(await provider.getTransfer(paid.transfer.ref)).toMatchObject({ state: 'reversed' });
      expect(await provider.getTransfer('tr_nothing')).toBeNull();
    });
  }

  function balanceAndEvents(prepare: Prepare) {
    test('the balance lists each movement, oldest first, with what moved', async () => {
      const {
        harness,
        provider,
        payer,
        chargeRequest,
        refundRequest,
        readyWorker,
        transferRequest,
      } = await prepare();
      await harness.fund(6000n, CURRENCY);
      const by = await payer('pm_card_pendingRefund');
      const accountRef = await readyWorker();
      await harness.advance(24 * 60 * MINUTE_MS);
      const from = harness.now();
      const charge = await provider.charge(chargeRequest(by));
      await harness.advance(MINUTE_MS);
      const refund = await provider.refund(refundRequest(charge.ref, 3000n));
      await harness.advance(30 * 60 * MINUTE_MS);
      await harness.settleRefund(refund.ref, 'failed');
      await harness.advance(MINUTE_MS);
      const paid = await provider.transfer(transferRequest(accountRef));
      if (paid.outcome !== 'paid') throw new Error(`The transfer failed: ${paid.code}`);
      await harness.advance(MINUTE_MS);
      await harness.reverseTransfer(paid.transfer.ref);
      const to = harness.now();
      const entries = await readAll(provider.listBalance({ from, to }));
      const sourceRef = refund.ref;
      expect(entries).toMatchObject([
        { kind: 'charge', sourceRef: charge.ref, amountMinor: 10_000n, currency: 'USD' },
        { kind: 'refund', sourceRef, amountMinor: -3000n, feeMinor: 0n },
        { kind: 'refund-failed', sourceRef, amountMinor: 3000n, feeMinor: 0n },
        { kind: 'transfer', sourceRef: paid.transfer.ref, amountMinor: -6000n, feeMinor: 0n },
      ]);
      expect(entries[0]?.feeMinor).toBeGreaterThan(0n);
      const rest = await readAll(
        provider.listBalance({ from: to, to: new Date(to.getTime() + MINUTE_MS) }),
      );
      expect(rest).toMatchObject([
        { kind: 'transfer-reversed', sourceRef: paid.transfer.ref, amountMinor: 6000n },
      ]);
    });

    test('events hint at all that a webhook would have told, oldest first', async () => {
      const {
        harness,
        provider,
        payer,
        chargeRequest,
        refundRequest,
        readyWorker,
        transferRequest,
      } = await prepare();
      const begun = since(harness);
      await harness.fund(6000n, CURRENCY);
      const by = await payer('pm_card_visa');
      const accountRef = await readyWorker();
      const charge = await provider.charge(chargeRequest(by));
      const refund = await provider.refund(refundRequest(charge.ref, 1000n));
      const paid = await provider.transfer(transferRequest(accountRef));
      if (paid.outcome !== 'paid') throw new Error(`The transfer failed: ${paid.code}`);
      const events = await readAll(provider.listEvents(begun));
      const hints = events.map(({ about, objectRef }) => `${about} ${objectRef}`);
      expect(hints).toEqual(
        expect.arrayContaining([
          `method ${by.customerRef}`,
          `account ${accountRef}`,
          `charge ${charge.ref}`,
          `refund ${refund.ref}`,
          `transfer ${paid.transfer.ref}`,
        ]),
      );
      expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
      expect(hints.indexOf(`charge ${charge.ref}`)).toBeLessThan(
        hints.indexOf(`refund ${refund.ref}`),
      );
      await harness.advance(10 * MINUTE_MS);
      expect(await readAll(provider.listEvents(since(harness)))).toEqual([]);
      await provider.charge(chargeRequest(by, { chargeId: 'ch2' }));
      const later = await readAll(provider.listEvents(since(harness)));
      expect(later.length).toBeGreaterThan(0);
      expect(later.length).toBeLessThan(events.length);
    });

    const since = (harness: ProviderHarness) => new Date(harness.now().getTime() - MINUTE_MS);
  }

  function webhooks(prepare: Prepare) {
    const signedCharge = async () => {
      const { harness, provider, charged } = await prepare();
      const { charge } = await charged();
      const events = await readAll(provider.listEvents(dayBefore(harness)));
      const event = events.findLast(({ about }) => about === 'charge');
      if (!event) throw new Error('No event told of the charge.');
      return { harness, provider, charge, event, ...(await harness.signWebhook(event.id)) };
    };
    const refusal = (work: () => unknown) => {
      try {
        work();
      } catch (error) {
        if (error instanceof WebhookRefused) return error.reason;
        throw error;
      }
      return 'believed';
    };

    test('a signed webhook is the event that the list tells of', async () => {
      const { harness, provider, charge, event, rawBody, signature } = await signedCharge();
      const { id, type, about, objectRef, createdAt } = event;
      expect(provider.readWebhook(rawBody, signature, harness.now())).toMatchObject({
        id,
        type,
        about,
        objectRef,
        createdAt,
      });
      expect(objectRef).toBe(charge.ref);
    });

    test('a forged, changed, unsigned or old webhook is refused', async () => {
      const { harness, provider, rawBody, signature } = await signedCharge();
      const now = harness.now();
      const changed = Buffer.from(rawBody.toString().replace('charge', 'chargf'));
      expect(changed.equals(rawBody)).toBe(false);
      expect(refusal(() => provider.readWebhook(changed, signature, now))).toBe('signature_wrong');
      const forged = signature.replace(/v1=.{4}/, 'v1=0000');
      expect(refusal(() => provider.readWebhook(rawBody, forged, now))).toBe('signature_wrong');
      expect(refusal(() => provider.readWebhook(rawBody, undefined, now))).toBe(
        'signature_missing',
      );
      const justInTime = new Date(now.getTime() + 299_000);
      expect(refusal(() => provider.readWebhook(rawBody, signature, justInTime))).toBe('believed');
      const late = new Date(now.getTime() + 302_000);
      expect(refusal(() => provider.readWebhook(rawBody, signature, late))).toBe('too_old');
    });
  }
}
