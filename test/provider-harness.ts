import { onTestFinished } from 'vitest';
import type { ChargeRequest, PaymentProvider } from '../src/contexts/payments/provider/provider.ts';

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

export const CURRENCY = 'USD';
export const RETURN_URL = 'https://steward.example/back';
export const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export const dayBefore = (harness: ProviderHarness) => new Date(harness.now().getTime() - DAY_MS);

export async function readAll<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
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

/** A fresh provider and all that a test does with it; closed after the test. */
export async function prepareHarness(open: () => Promise<ProviderHarness>) {
  const harness = await open();
  onTestFinished(() => harness.close());
  return { harness, provider: harness.provider, ...actions(harness) };
}
export type Prepare = () => ReturnType<typeof prepareHarness>;
