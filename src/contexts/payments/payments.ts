import type { HostedPage, PaymentMethod } from './provider/provider.ts';

/**
 * The interface of payments. Amounts are bigint minor units of the deployment's currency; days are
 * `YYYY-MM-DD` in the business time zone; `id` parameters of people are the order stream's ids.
 * Any method may throw `database_unavailable`.
 */
export interface PaymentsContext {
  ledger: Ledger;
  invoices: Invoices;
  charges: Charges;
  payouts: Payouts;
  credits: Credits;
  refunds: Refunds;
  people: People;
  statements: Statements;
  provider: ProviderDesk;
  proof: Proof;
  explain: Explain;
}

export interface PageRequest {
  limit: number;
  cursor?: string;
}
export interface Page<T> {
  data: T[];
  nextCursor: string | null;
}
/** A page with the sum over everything that fits the filter, not over the page alone. */
export interface PageWithTotal<T> extends Page<T> {
  total: { count: number; amountMinor: bigint };
}

// ---- Ledger -------------------------------------------------------------------------------------

export interface LedgerAccount {
  code: string;
  /** Customer, worker or provider; empty for the single ones. */
  owner: string;
  currency: string;
}

export interface LedgerPosting {
  account: LedgerAccount;
  /** Debits are positive, credits negative. */
  amountMinor: bigint;
}

export interface LedgerTransaction {
  id: string;
  idempotencyKey: string;
  kind: string;
  bookedOn: string;
  occurredAt: Date;
  subjectKind: string;
  subjectId: string;
  rulesVersion: string | null;
  reverses: string | null;
  /** The reversal of this one, if there is one. */
  reversedBy: string | null;
  reason: string | null;
  recordedBy: string;
  recordedAt: Date;
  postings: LedgerPosting[];
}

export interface TrialBalanceRow {
  code: string;
  kind: 'asset' | 'liability' | 'income' | 'expense';
  description: string;
  /** How many accounts of this code there are. */
  accounts: number;
  debitMinor: bigint;
  creditMinor: bigint;
  /** Debit minus credit. */
  balanceMinor: bigint;
}

export interface AccountStatement {
  account: LedgerAccount;
  /** Both days included. */
  from: string;
  to: string;
  openingMinor: bigint;
  lines: StatementLine[];
  closingMinor: bigint;
  nextCursor: string | null;
}

export interface StatementLine {
  transactionId: string;
  bookedOn: string;
  occurredAt: Date;
  kind: string;
  subjectKind: string;
  subjectId: string;
  reason: string | null;
  amountMinor: bigint;
  /** Of the account, after this line. */
  balanceMinor: bigint;
}

export interface Ledger {
  /** Sums of all accounts by code up to the end of a day (default: everything); they come to 0. */
  trialBalance(on?: string): Promise<{ rows: TrialBalanceRow[]; sumMinor: bigint }>;
  /** Accounts with their balances. @throws `invalid_input` for a code that is not in the chart */
  accounts(
    filter: { code?: string; owner?: string; on?: string },
    page: PageRequest,
  ): Promise<Page<LedgerAccount & { balanceMinor: bigint }>>;
  /** @returns debit minus credit at the end of the day (default: of everything); 0 if unknown */
  balance(account: Omit<LedgerAccount, 'currency'>, on?: string): Promise<bigint>;
  /**
   * Opening, lines with running balance, closing. Default: from the first of the month until today.
   * @throws `account_not_found`, `invalid_input` for days that are none, or the wrong way round
   */
  statement(
    account: Omit<LedgerAccount, 'currency'>,
    range: { from?: string; to?: string },
    page: PageRequest,
  ): Promise<AccountStatement>;
  /** @throws `transaction_not_found` */
  transaction(id: string): Promise<LedgerTransaction>;
  transactions(
    filter: { subjectKind?: string; subjectId?: string; kind?: string; from?: string; to?: string },
    page: PageRequest,
  ): Promise<Page<LedgerTransaction>>;
  /**
   * Books the exact opposite, linked, with a reason. Allowed for credits, and for orders that stand
   * on no invoice: other movements are undone where they are made (refund, void, payout mark). A
   * reversed order is not invoiced, and counts no more for discounts of orders booked from now on.
   * @throws `transaction_not_found`, `already_reversed`, `not_reversible`, `invalid_input`
   */
  reverse(id: string, options: { reason: string; dryRun?: boolean }): Promise<LedgerTransaction>;
  /**
   * Closes a month for ever: nothing is booked into it any more. Asks for a green proof, for the
   * stream to be read beyond the month, and for earlier months to be closed.
   * @throws `month_not_over`, `month_closed`, `earlier_month_open`, `proof_missing`,
   *   `stream_behind`, `invalid_period`
   */
  closeMonth(
    month: string,
    options: { dryRun?: boolean },
  ): Promise<{ month: string; closed: boolean }>;
  closedMonths(): Promise<{ month: string; closedBy: string; closedAt: Date }[]>;
}

// ---- Runs (R-22, R-23) --------------------------------------------------------------------------

export interface RunException {
  id: string;
  reason: string;
}

/** A condition for a run. Hard gates can be passed only with a reason, soft ones by committing. */
export interface GateResult {
  gate:
    | 'stream-read'
    | 'nothing-parked'
    | 'proof-green'
    | 'provider-known'
    | 'total-usual'
    | 'people-usual';
  hard: boolean;
  passed: boolean;
  /** A sentence with the figures. */
  detail: string;
}

export interface Oddity {
  id: string;
  amountMinor: string;
  /** Mean of the last invoices or payouts; decimal text of minor units. */
  usualMinor: string;
  detail: string;
}

export interface PlannedPerson {
  /** Customer or worker. */
  id: string;
  /** Orders on the invoice; ledger lines behind the payout. */
  items: number;
  priceMinor: bigint;
  discountMinor: bigint;
  amountMinor: bigint;
  /** Mean of the last ones; null for a first one. */
  usualMinor: bigint | null;
  /** Why not in this run: below the least amount, invoiced already this week, held, negative, … */
  left: string | null;
}

export interface Run {
  id: string;
  kind: 'invoices' | 'payouts';
  /** `2026-W48` or `2026-11`. */
  period: string;
  cutoff: Date;
  hash: string;
  only: string[] | null;
  except: RunException[];
  people: number;
  items: number;
  totalMinor: bigint;
  currency: string;
  gates: GateResult[];
  oddities: Oddity[];
  status: 'planned' | 'stopped' | 'committed';
  plannedBy: string;
  plannedAt: Date;
  committedBy: string | null;
  committedAt: Date | null;
  despiteReason: string | null;
}

/** A run as a manager looks at it before saying yes. */
export interface RunPlan extends Run {
  /** Totals of the last committed runs, newest first. */
  earlier: { period: string; people: number; items: number; totalMinor: bigint }[];
  /** The biggest, and all oddities; as many as asked for. */
  shown: PlannedPerson[];
  /** People who are due something but are left out of the run, counted by reason. */
  leftOut: { reason: string; people: number; amountMinor: bigint }[];
}

export interface PlanRequest {
  /** Default: the period that contains now. */
  period?: string;
  only?: string[];
  except?: RunException[];
  /** People shown; default 20. */
  show?: number;
}

export interface CommitOptions {
  /** Needed where a hard gate has tripped: says why the run goes on all the same. */
  despite?: string;
}

/** What both kinds of runs have in common. */
export interface Runs {
  /**
   * Computes a run and keeps it with the hash of its content; changes nothing else.
   * @throws `invalid_period`, `nothing_to_run`, `customer_not_found`, `worker_not_found`,
   *   `invalid_input` (an exception without a reason)
   */
  plan(request: PlanRequest): Promise<RunPlan>;
  /**
   * Computes it anew and makes it happen, all in one transaction. The hash may be shortened to
   * eight characters or more. Committing what is committed changes nothing.
   * @throws `run_not_found`, `plan_outdated` (with what differs), `gate_tripped` (with the gates)
   */
  commit(hash: string, options?: CommitOptions): Promise<Run & { replayed: boolean }>;
  runs(filter: { period?: string }, page: PageRequest): Promise<Page<Run>>;
  /** @throws `run_not_found` */
  run(hash: string, show?: number): Promise<Run>;
}

// ---- Invoices -----------------------------------------------------------------------------------

export type InvoiceStatus = 'open' | 'paid' | 'past_due' | 'void';

export interface Invoice {
  id: string;
  number: string;
  customerId: string;
  period: string;
  currency: string;
  orders: number;
  priceMinor: bigint;
  discountMinor: bigint;
  totalMinor: bigint;
  refundedMinor: bigint;
  disputedMinor: bigint;
  status: InvoiceStatus;
  /** Waits for the customer to give a payment method. */
  needsMethod: boolean;
  issuedAt: Date;
  settledAt: Date | null;
  /** When the next attempt to charge is due. */
  nextAttemptAt: Date | null;
}

export interface InvoiceLine {
  orderId: string;
  serviceCode: string;
  serviceName: string;
  outcome: 'completed' | 'cancelled' | 'failed';
  endedAt: Date;
  priceMinor: bigint;
  /** What the customer's ended orders before this one came to: decides the discount. */
  paidBeforeMinor: bigint;
  discountPercent: number;
  discountMinor: bigint;
  netMinor: bigint;
}

export interface InvoiceDetail extends Invoice {
  lines: InvoiceLine[];
  charges: Charge[];
  refunds: Refund[];
  disputes: Dispute[];
}

export interface InvoiceFilter {
  customerId?: string;
  period?: string;
  status?: InvoiceStatus;
  needsMethod?: boolean;
}

export interface Invoices extends Runs {
  list(filter: InvoiceFilter, page: PageRequest): Promise<PageWithTotal<Invoice>>;
  /** By id or number. @param customerId the only one who may see it @throws `invoice_not_found` */
  get(idOrNumber: string, customerId?: string): Promise<InvoiceDetail>;
  /**
   * Takes an unpaid invoice back; its orders go onto the next one.
   * @throws `invoice_not_found`, `invoice_not_voidable` (paid, or a charge is under way)
   */
  void(idOrNumber: string, options: { reason: string; dryRun?: boolean }): Promise<Invoice>;
  /**
   * The Sunday job for a week: plans, asks the gates, commits. A gate that trips leaves a stopped
   * run behind and tells finance by mail; the next call does not commit it by itself.
   */
  issueWeek(period: string): Promise<{
    outcome: 'committed' | 'stopped' | 'nothing';
    hash: string | null;
    invoices: number;
  }>;
}

// ---- Charges (R-27) -----------------------------------------------------------------------------

export type ChargeStatus =
  | 'planned'
  | 'sending'
  | 'unknown'
  | 'processing'
  | 'requires_action'
  | 'succeeded'
  | 'failed'
  | 'cancelled';

export interface Charge {
  id: string;
  invoiceId: string;
  invoiceNumber: string;
  customerId: string;
  generation: number;
  provider: string;
  amountMinor: bigint;
  currency: string;
  status: ChargeStatus;
  failureKind: 'soft' | 'hard' | null;
  failureCode: string | null;
  providerRef: string | null;
  dueAt: Date;
  sentAt: Date | null;
  settledAt: Date | null;
  createdAt: Date;
}

export interface ChargeStep {
  status: string;
  detail: string | null;
  at: Date;
  by: string;
}

export interface ChargeReport {
  sent: number;
  succeeded: number;
  failed: number;
  /** Nobody knows yet: asked again later. */
  unknown: number;
  /** Customers who were asked for a payment method. */
  waiting: number;
  pastDue: number;
}

export interface Charges {
  /** Does what is due: sends planned charges, asks after those in doubt, moves on what waits. */
  chargeDue(options?: { signal?: AbortSignal; limit?: number }): Promise<ChargeReport>;
  list(
    filter: { status?: ChargeStatus; invoice?: string; customerId?: string },
    page: PageRequest,
  ): Promise<PageWithTotal<Charge>>;
  /** @throws `charge_not_found` */
  get(id: string): Promise<Charge & { steps: ChargeStep[] }>;
  /**
   * Charges an unpaid invoice again now, whatever the schedule says: next generation.
   * @throws `invoice_not_found`, `invoice_not_chargeable` (paid, void, or a charge is under way)
   */
  retry(invoice: string): Promise<Charge>;
  /** Asks the provider how a charge stands and books what it says. @throws `charge_not_found` */
  ask(id: string): Promise<Charge>;
}

// ---- Payouts (R-23) -----------------------------------------------------------------------------

export type PayoutStatus = 'planned' | 'sending' | 'unknown' | 'exported' | 'paid' | 'failed';

export interface Payout {
  id: string;
  workerId: string;
  period: string;
  amountMinor: bigint;
  currency: string;
  method: 'provider' | 'bank';
  status: PayoutStatus;
  generation: number;
  failureCode: string | null;
  providerRef: string | null;
  bankFile: string | null;
  createdAt: Date;
  settledAt: Date | null;
}

export interface PayoutFilter {
  ids?: readonly string[];
  workerId?: string;
  period?: string;
  status?: PayoutStatus;
}

export interface PayReport {
  paid: number;
  failed: number;
  unknown: number;
  /** Without an account that can be paid to. */
  waiting: number;
  results: { payoutId: string; workerId: string; amountMinor: bigint; outcome: string }[];
}

export type PayoutDestination =
  | { method: 'provider'; accountRef: string | null; ready: boolean | null }
  | { method: 'bank'; accountHolder: string; iban: string };

export interface BankRow {
  payoutId: string;
  workerId: string;
  accountHolder: string;
  iban: string;
  amountMinor: bigint;
  reference: string;
}

export interface Payouts extends Runs {
  /**
   * Sends what is committed and goes through the provider. Each worker by itself: one failure
   * keeps nobody else from being paid.
   * @param options.onlyFailed sends failed ones again, where their money is still payable
   * @throws `payout_not_found`
   */
  pay(options?: {
    period?: string;
    onlyFailed?: boolean;
    ids?: string[];
    dryRun?: boolean;
    signal?: AbortSignal;
  }): Promise<PayReport>;
  /** Asks the provider after payouts in doubt and books what it says; sends nothing. */
  settleDue(options?: {
    signal?: AbortSignal;
  }): Promise<{ paid: number; failed: number; unknown: number }>;
  /**
   * Sends what earlier months have left planned: to workers who had no account then, or while the
   * provider was away. The present month waits for its run, or for a manager.
   */
  finishMonths(options?: { signal?: AbortSignal }): Promise<PayReport>;
  list(filter: PayoutFilter, page: PageRequest): Promise<PageWithTotal<Payout>>;
  /** @param workerId the only one who may see it @throws `payout_not_found` */
  get(id: string, workerId?: string): Promise<Payout>;
  /**
   * Takes all planned bank payouts into a file: from now on they are `exported`, under this name.
   * An exported file can be had again by its name.
   * @throws `nothing_to_export`, `bank_file_not_found`
   */
  export(options: { name?: string; dryRun?: boolean }): Promise<{ name: string; rows: BankRow[] }>;
  /**
   * What the bank said of exported payouts. A failed one returns to the worker's payable.
   * @throws `payout_not_found`, `payout_not_exported`; nothing is marked if one of them cannot be
   */
  mark(
    marks: readonly { payoutId: string; outcome: 'paid' | 'failed'; reason?: string }[],
    options?: { dryRun?: boolean },
  ): Promise<Payout[]>;
  /** @throws `worker_not_found`, `already_held`, `invalid_input` without a reason */
  hold(workerId: string, reason: string): Promise<void>;
  /** @throws `not_held` */
  release(workerId: string): Promise<void>;
  holds(): Promise<{ workerId: string; reason: string; heldBy: string; heldAt: Date }[]>;
  destination(workerId: string): Promise<PayoutDestination>;
  /** @throws `worker_not_found`, `invalid_input` for an IBAN whose check digits are wrong */
  setDestination(
    workerId: string,
    destination:
      | { method: 'provider'; accountRef?: string }
      | { method: 'bank'; accountHolder: string; iban: string },
  ): Promise<PayoutDestination>;
  /** The job of the month's last day: plans, asks the gates, commits, pays. */
  payMonth(
    period: string,
    options?: { signal?: AbortSignal },
  ): Promise<{ outcome: 'committed' | 'stopped' | 'nothing'; hash: string | null; pay: PayReport }>;
}

// ---- Credits, refunds and disputes (R-28) -------------------------------------------------

export type CreditStatus = 'requested' | 'booked' | 'rejected';

export interface Credit {
  id: string;
  workerId: string;
  amountMinor: bigint;
  currency: string;
  reason: string;
  needsApproval: boolean;
  status: CreditStatus;
  requestedBy: string;
  requestedAt: Date;
  decidedBy: string | null;
  decidedAt: Date | null;
  decisionReason: string | null;
  transactionId: string | null;
}

export interface Credits {
  /**
   * Credits a worker, or asks for it where the amount is over the limit.
   * @throws `worker_not_found`, `invalid_input` without a reason or with an amount of 0
   */
  credit(request: {
    workerId: string;
    amountMinor: bigint;
    reason: string;
    /** The same key does it once. */
    idempotencyKey?: string;
    dryRun?: boolean;
  }): Promise<Credit>;
  /** @throws `credit_not_found`, `credit_decided`, `same_manager` (kind forbidden) */
  approve(id: string, options?: { dryRun?: boolean }): Promise<Credit>;
  /** @throws `credit_not_found`, `credit_decided`, `invalid_input` without a reason */
  reject(id: string, reason: string): Promise<Credit>;
  list(
    filter: { workerId?: string; status?: CreditStatus },
    page: PageRequest,
  ): Promise<PageWithTotal<Credit>>;
}

export type RefundStatus = 'planned' | 'sending' | 'unknown' | 'pending' | 'succeeded' | 'failed';
export type DisputeStatus = 'warning' | 'open' | 'won' | 'lost';

export interface ClawBack {
  workerId: string;
  amountMinor: bigint;
}

export interface Refund {
  id: string;
  invoiceId: string;
  chargeId: string;
  amountMinor: bigint;
  currency: string;
  reason: string;
  status: RefundStatus;
  failureCode: string | null;
  providerRef: string | null;
  clawBack: ClawBack | null;
  requestedBy: string;
  requestedAt: Date;
  settledAt: Date | null;
}

export interface Dispute {
  id: string;
  providerRef: string;
  invoiceId: string | null;
  amountMinor: bigint;
  currency: string;
  reason: string;
  status: DisputeStatus;
  evidenceDueAt: Date | null;
  openedAt: Date;
  closedAt: Date | null;
  clawBack: ClawBack | null;
}

export interface Refunds {
  /**
   * Pays back what was charged for an invoice, in full without an amount. The successful attempt
   * is refunded, whatever attempts failed before it.
   * @throws `invoice_not_found`, `invoice_not_refundable` (not paid), `refund_too_large` (with what
   *   is left), `invalid_input`, `worker_not_found` (a claw back from one who has no order on it)
   */
  refund(request: {
    invoice: string;
    amountMinor?: bigint;
    reason: string;
    clawBack?: ClawBack;
    idempotencyKey?: string;
    dryRun?: boolean;
  }): Promise<Refund>;
  list(
    filter: { status?: RefundStatus; customerId?: string; invoice?: string },
    page: PageRequest,
  ): Promise<PageWithTotal<Refund>>;
  disputes(filter: { status?: DisputeStatus }, page: PageRequest): Promise<PageWithTotal<Dispute>>;
  /** Takes a lost dispute's amount, or a part, back from a worker. @throws `dispute_not_found`, … */
  clawBackDispute(id: string, clawBack: ClawBack): Promise<Dispute>;
  /** Sends what is planned and asks after what is in doubt. */
  refundDue(options?: {
    signal?: AbortSignal;
  }): Promise<{ sent: number; succeeded: number; failed: number; unknown: number }>;
}

// ---- People -------------------------------------------------------------------------------------

/** Who asks, as the token says. */
export interface PaymentsCaller {
  kind: 'customer' | 'worker';
  subject: string;
  name?: string;
  email?: string;
}

/** The same as payments knows it. */
export interface KnownPerson {
  kind: 'customer' | 'worker';
  subjectKey: string;
  /** Null before the first order. */
  id: string | null;
}

export interface People {
  /** Finds the person; somebody without an order yet has no id. Writes nothing. */
  identify(caller: PaymentsCaller): Promise<KnownPerson>;
  /** @throws `customer_not_found` */
  customer(id: string): Promise<{ id: string; name: string | null }>;
  worker(id: string): Promise<{ id: string; name: string | null }>;
  /** Names by id from the order stream; erased and unknown ones are missing. */
  names(ids: readonly string[]): Promise<Map<string, string>>;
  /** What charges go to, as last seen. */
  method(person: KnownPerson): Promise<PaymentMethod | null>;
  /** A hosted page where a customer gives a payment method, or a worker an account. */
  openPage(caller: PaymentsCaller, returnUrl?: string): Promise<HostedPage>;
  /**
   * Makes a method that the provider's script handed out in the browser the one to charge, and
   * lets open invoices be charged at once.
   * @throws `method_refused`, `not_a_customer`
   */
  attachMethod(caller: PaymentsCaller, methodRef: string): Promise<PaymentMethod>;
  /** Address for a mail: leads to the hosted page without signing in. Valid for 30 days. */
  methodLink(customerId: string, now: Date): Promise<string>;
  /** Follows such a link. @throws `link_invalid`, `link_expired` */
  followLink(token: string): Promise<HostedPage>;
  /** The provider told that a customer's methods changed: looks, remembers, charges what waits. */
  refreshMethod(customerRef: string): Promise<void>;
}

// ---- Statements (R-25) --------------------------------------------------------------------------

export interface PersonStatement {
  kind: 'customer' | 'worker';
  id: string | null;
  currency: string;
  from: string;
  to: string;
  openingMinor: bigint;
  lines: PersonStatementLine[];
  closingMinor: bigint;
  nextCursor: string | null;
  /** Customers: what the invoice of the current week comes to by now. */
  due: { period: string; issuedOn: string; orders: number; amountMinor: bigint } | null;
  /** Workers: earned and kept in the current month, and what would be paid. */
  month: {
    period: string;
    earnedMinor: bigint;
    penaltiesMinor: bigint;
    creditsMinor: bigint;
    carriedMinor: bigint;
    payableMinor: bigint;
  } | null;
}

export interface PersonStatementLine {
  transactionId: string;
  bookedOn: string;
  at: Date;
  /** In words: `Order CLEAN-STD, completed`, `Discount 5 %`, `Payment of invoice …`. */
  description: string;
  kind: string;
  orderId: string | null;
  invoiceNumber: string | null;
  /** As the person sees it. Customer: positive is owed; worker: positive is earned. */
  amountMinor: bigint;
  balanceMinor: bigint;
}

export interface Statements {
  /** @throws `invalid_input` for days that are none, or the wrong way round */
  of(
    person: { kind: 'customer' | 'worker'; id: string | null },
    range: { from?: string; to?: string },
    page: PageRequest,
  ): Promise<PersonStatement>;
}

// ---- The provider's side ------------------------------------------------------------------------

export interface ProviderDesk {
  readonly name: string;
  readonly movesMoney: boolean;
  /**
   * Checks a webhook and stores it before this returns.
   * @throws `webhook_refused` (kind forbidden); `invalid_input` for a body that is none
   */
  receiveWebhook(rawBody: Buffer, signature: string | undefined): Promise<{ duplicate: boolean }>;
  /** Looks at the objects that stored events are about. */
  processEvents(options?: { signal?: AbortSignal }): Promise<{ done: number; failed: number }>;
  /** Finds what no webhook told. */
  pollEvents(options?: { signal?: AbortSignal }): Promise<{ found: number }>;
  purge(now: Date): Promise<{ payloads: number }>;
}

// ---- Proof --------------------------------------------------------------------------------------

export interface ProofCheck {
  name: string;
  passed: boolean;
  /** How many rows were looked at. */
  checked: number;
  /** Sentences with ids, the first hundred. */
  violations: string[];
}

export interface ProofReport {
  id: string;
  kind: 'prove' | 'reconcile';
  day: string;
  green: boolean;
  checks: ProofCheck[];
  ranAt: Date;
}

export interface Proof {
  /**
   * Checks that the money is right, and keeps the result: a red one stops the next run.
   * @param options.full compares every ended order with the stream, not only the new ones
   */
  prove(options?: { full?: boolean; signal?: AbortSignal }): Promise<ProofReport>;
  /**
   * Compares the ledger with the provider's balance movements: missing, extra, amount, timing;
   * books the provider's fees. Default: from a week ago until now.
   */
  reconcile(options?: { from?: Date; to?: Date; signal?: AbortSignal }): Promise<ProofReport>;
  last(kind: 'prove' | 'reconcile'): Promise<ProofReport | null>;
  list(kind: 'prove' | 'reconcile' | undefined, page: PageRequest): Promise<Page<ProofReport>>;
}

/** An amount and how it came about, down to orders and rules; sentences for people. */
export interface Explanation {
  subject: {
    kind: 'invoice' | 'payout' | 'charge' | 'order' | 'refund' | 'credit' | 'dispute';
    id: string;
  };
  title: string;
  amountMinor: bigint | null;
  currency: string;
  lines: ExplanationLine[];
}

export interface ExplanationLine {
  /** 0 for the main lines, 1 for what stands below one, … */
  depth: number;
  text: string;
  amountMinor: bigint | null;
}

export interface Explain {
  /**
   * Finds out by itself what the id is of: id or number of an invoice, id of anything else.
   * @throws `nothing_to_explain`
   */
  explain(id: string): Promise<Explanation>;
}
