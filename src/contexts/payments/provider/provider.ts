/**
 * What payments needs of whoever really moves money. Two implementations: `stripe/` and `sandbox/`.
 * No card number ever passes through here: payment methods are references that the provider's own
 * pages hand out.
 *
 * Every call that moves money carries a key that was stored before the call. A call has one of
 * three ends: an outcome; {@link NotSent}, which proves that nothing happened; or anything else
 * that is thrown, after which nobody knows, and only asking (`find…`) may settle it.
 */

/** How a charge stands with the provider. */
export type ChargeState =
  /** The money is ours. */
  | 'succeeded'
  /** Refused; `failure` says how. */
  | 'failed'
  /** The customer must authenticate; nothing is taken until then. */
  | 'requires_action'
  /** Accepted, not decided yet (bank debits take days). */
  | 'processing'
  /** Given up by us or by the provider: it can never succeed any more. */
  | 'cancelled';

/** Why a charge failed. Soft: another day may help. Hard: this payment method never will. */
export interface ChargeFailure {
  kind: 'soft' | 'hard';
  /** The provider's own code, such as `insufficient_funds`. */
  code: string;
}

export interface ProviderCharge {
  /** The provider's id. */
  ref: string;
  /** Our charge id, which we gave along. */
  chargeId: string;
  state: ChargeState;
  failure: ChargeFailure | null;
  amountMinor: bigint;
  currency: string;
  createdAt: Date;
}

export interface ChargeRequest {
  /** Made from invoice and attempt generation; stored before the call. */
  idempotencyKey: string;
  chargeId: string;
  invoiceId: string;
  customerRef: string;
  methodRef: string;
  /** More than 0, and a multiple of {@link PaymentProvider.chargeStep}. */
  amountMinor: bigint;
  currency: string;
  /** What the customer sees, such as the invoice's number. */
  description: string;
}

export interface ProviderRefund {
  ref: string;
  /** Our refund id; null for one that was made at the provider by hand. */
  refundId: string | null;
  chargeRef: string;
  state: 'succeeded' | 'pending' | 'failed';
  failureCode: string | null;
  amountMinor: bigint;
  currency: string;
  createdAt: Date;
}

export interface RefundRequest {
  idempotencyKey: string;
  refundId: string;
  chargeRef: string;
  amountMinor: bigint;
  currency: string;
}

export interface ProviderDispute {
  ref: string;
  chargeRef: string;
  /** `warning`: an inquiry, no money has moved. */
  state: 'warning' | 'open' | 'won' | 'lost';
  reason: string;
  amountMinor: bigint;
  currency: string;
  createdAt: Date;
  /** Until when evidence counts. */
  evidenceDueAt: Date | null;
}

export interface ProviderTransfer {
  ref: string;
  /** Ours, as in {@link TransferRequest}. */
  payoutId: string;
  generation: number;
  state: 'paid' | 'reversed';
  amountMinor: bigint;
  currency: string;
  createdAt: Date;
}

export interface TransferRequest {
  /** Made from payout and attempt generation; stored before the call. */
  idempotencyKey: string;
  payoutId: string;
  generation: number;
  /** The worker's account with the provider. */
  accountRef: string;
  amountMinor: bigint;
  currency: string;
  description: string;
}

/** What a transfer came to. */
export type TransferOutcome =
  | { outcome: 'paid'; transfer: ProviderTransfer }
  /** Refused: nothing has moved. `code` is the provider's own, such as `account_closed`. */
  | { outcome: 'failed'; code: string };

export interface PaymentMethod {
  ref: string;
  /** `card`, `sepa_debit`, … */
  type: string;
  /** Such as `visa`; null where it means nothing. */
  brand: string | null;
  last4: string | null;
  expiresMonth: number | null;
  expiresYear: number | null;
}

/** A page of the provider where a person enters what we must never see. */
export interface HostedPage {
  url: string;
  expiresAt: Date;
}

/** One movement on our balance with the provider. */
export interface BalanceEntry {
  /** The provider's id of the movement. */
  ref: string;
  kind:
    | 'charge'
    | 'refund'
    | 'refund-failed'
    | 'dispute'
    | 'dispute-returned'
    | 'transfer'
    | 'transfer-reversed'
    /** From the provider to our bank account. */
    | 'payout'
    | 'payout-failed'
    /** From our bank account to the provider, or back when that failed. */
    | 'top-up'
    | 'fee'
    | 'other';
  /** The provider's id of what moved: charge, refund, dispute, transfer; null for the others. */
  sourceRef: string | null;
  /** Signed: positive is ours. Without the fee. */
  amountMinor: bigint;
  /** What the provider keeps of it; mostly positive. Net is amount minus fee. */
  feeMinor: bigint;
  currency: string;
  createdAt: Date;
}

/**
 * Something happened to an object at the provider. Only a hint to look at it: what is so now is
 * read from the object, so that order, repetition and delay of hints do not matter.
 */
export interface ProviderEvent {
  /** The provider's id; the same hint has the same id, however often it is told. */
  id: string;
  type: string;
  about: 'charge' | 'refund' | 'dispute' | 'transfer' | 'method' | 'account' | 'other';
  /** Id of that object; of a `method` hint the customer's. Null where there is nothing to look at. */
  objectRef: string | null;
  createdAt: Date;
  /** As it came, for the record. */
  payload: unknown;
}

/** Proof that a request had no effect: it was refused before, or never left. */
export class NotSent extends Error {
  /** `rate_limited`, `unreachable`, `refused`: then `message` says why, and trying again is vain. */
  readonly reason: 'rate_limited' | 'unreachable' | 'refused';
  readonly code: string | null;

  constructor(
    reason: 'rate_limited' | 'unreachable' | 'refused',
    message: string,
    code: string | null = null,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'NotSent';
    this.reason = reason;
    this.code = code;
  }
}

/** A webhook that does not come from the provider, or comes too late to be trusted. */
export class WebhookRefused extends Error {
  readonly reason: 'signature_missing' | 'signature_wrong' | 'too_old' | 'malformed';

  constructor(reason: WebhookRefused['reason'], message: string) {
    super(message);
    this.name = 'WebhookRefused';
    this.reason = reason;
  }
}

/** Whoever moves money. Methods throw {@link NotSent} or, when nobody knows, anything else. */
export interface PaymentProvider {
  readonly name: 'stripe' | 'sandbox';
  /** False: every line shown says that no money moves. */
  readonly movesMoney: boolean;

  /** Amounts that can be charged are multiples of this, in our minor units of the currency. */
  chargeStep(currency: string): bigint;
  /** The least amount that can be charged, in our minor units. */
  leastCharge(currency: string): bigint;

  /**
   * Makes the customer at the provider, or finds the one made with the same key.
   * @param about name and mail, where they are known, for the provider's own pages
   */
  createCustomer(request: {
    idempotencyKey: string;
    /** Ours; kept with the provider's customer. */
    personKey: string;
    name?: string;
    email?: string;
  }): Promise<{ ref: string }>;
  /** A page on which the customer gives a payment method for charges without being present. */
  openMethodPage(request: {
    idempotencyKey: string;
    customerRef: string;
    returnUrl: string;
  }): Promise<HostedPage>;
  /**
   * Makes a payment method that the provider's script handed out in the browser the customer's
   * default. @throws NotSent `refused` with the provider's words
   */
  attachMethod(request: {
    idempotencyKey: string;
    customerRef: string;
    methodRef: string;
  }): Promise<PaymentMethod>;
  /** The method that charges go to: the one given last. Null where there is none. */
  currentMethod(customerRef: string): Promise<PaymentMethod | null>;

  /** Charges without the customer being present. A refusal is an outcome, not an error. */
  charge(request: ChargeRequest): Promise<ProviderCharge>;
  /**
   * Looks for our charge whatever its key: by the id that we gave along.
   * @param since when we began to send it, with some leeway for clocks
   */
  findCharge(query: {
    customerRef: string;
    chargeId: string;
    since: Date;
  }): Promise<ProviderCharge | null>;
  getCharge(ref: string): Promise<ProviderCharge | null>;
  /** Makes sure that it can never succeed any more; tells how it stands afterwards. */
  cancelCharge(ref: string): Promise<ProviderCharge>;

  refund(request: RefundRequest): Promise<ProviderRefund>;
  findRefund(query: { chargeRef: string; refundId: string }): Promise<ProviderRefund | null>;
  getRefund(ref: string): Promise<ProviderRefund | null>;
  /** All refunds of a charge, those made by hand too. */
  listRefunds(chargeRef: string): Promise<ProviderRefund[]>;

  getDispute(ref: string): Promise<ProviderDispute | null>;

  /** A page on which the worker becomes able to be paid. */
  createAccount(request: {
    idempotencyKey: string;
    personKey: string;
    email?: string;
  }): Promise<{ ref: string }>;
  openAccountPage(request: { accountRef: string; returnUrl: string }): Promise<HostedPage>;
  /** Whether transfers to the account are possible now. */
  isAccountReady(accountRef: string): Promise<boolean>;
  transfer(request: TransferRequest): Promise<TransferOutcome>;
  findTransfer(query: {
    payoutId: string;
    generation: number;
    since: Date;
  }): Promise<ProviderTransfer | null>;
  getTransfer(ref: string): Promise<ProviderTransfer | null>;

  /** Movements of our balance, oldest first, of moments from `from` up to but not including `to`. */
  listBalance(range: { from: Date; to: Date }): AsyncIterable<BalanceEntry>;
  /** Hints since then, oldest first: for those that no webhook told. */
  listEvents(since: Date): AsyncIterable<ProviderEvent>;
  /**
   * Checks and reads a webhook.
   * @param rawBody the bytes as they came
   * @throws WebhookRefused
   */
  readWebhook(rawBody: Buffer, signature: string | undefined, now: Date): ProviderEvent;
}
