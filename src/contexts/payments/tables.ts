import type { Generated, JSONColumnType } from 'kysely';
import type {
  ChargeStatus,
  CreditStatus,
  DisputeStatus,
  GateResult,
  InvoiceStatus,
  Oddity,
  PayoutStatus,
  ProofCheck,
  RefundStatus,
  RunException,
} from './payments.ts';
import type { PaymentMethod, ProviderEvent } from './provider/provider.ts';

interface AccountDaysTable {
  account_id: bigint;
  day: string;
  debit_minor: bigint;
  credit_minor: bigint;
  postings: number;
}

interface AccountsTable {
  id: Generated<bigint>;
  code: string;
  owner: Generated<string>;
  currency: string;
}

interface ChartTable {
  code: string;
  kind: string;
  owned: boolean;
  description: string;
}

interface ClosedMonthsTable {
  month: string;
  proof_id: string | null;
  closed_by: Generated<string>;
  closed_at: Generated<Date>;
}

interface PostingsTable {
  transaction_id: string;
  line: number;
  account_id: bigint;
  booked_on: string;
  amount_minor: bigint;
  currency: string;
}

interface TransactionsTable {
  id: string;
  idempotency_key: string;
  kind: string;
  booked_on: string;
  occurred_at: Date;
  subject_kind: string;
  subject_id: string;
  rules_version: string | null;
  reverses: string | null;
  reason: string | null;
  recorded_by: Generated<string>;
  recorded_at: Generated<Date>;
  first_line: Generated<number>;
}

interface BalanceEntriesTable {
  provider: string;
  ref: string;
  kind: string;
  source_ref: string | null;
  amount_minor: bigint;
  fee_minor: bigint;
  currency: string;
  created_at: Date;
}

interface BankRowsTable {
  bank_file: string;
  payout_id: string;
  generation: number;
  worker_id: string;
  account_holder: string;
  iban: string;
  amount_minor: bigint;
  currency: string;
  reference: string;
  exported_at: Date;
  exported_by: Generated<string>;
}

interface ChargeStepsTable {
  charge_id: string;
  step: number;
  status: string;
  detail: string | null;
  at: Date;
  recorded_by: Generated<string>;
}

interface ChargesTable {
  id: string;
  invoice_id: string;
  generation: number;
  provider: string;
  idempotency_key: string;
  amount_minor: bigint;
  currency: string;
  status: ChargeStatus;
  failure_kind: 'soft' | 'hard' | null;
  failure_code: string | null;
  customer_ref: string | null;
  method_ref: string | null;
  provider_ref: string | null;
  due_at: Date;
  sent_at: Date | null;
  asked_at: Date | null;
  asks: Generated<number>;
  lease_until: Date | null;
  settled_at: Date | null;
  transaction_id: string | null;
  created_at: Date;
}

interface CreditsTable {
  id: string;
  worker_id: string;
  amount_minor: bigint;
  currency: string;
  reason: string;
  needs_approval: boolean;
  status: CreditStatus;
  requested_by: Generated<string>;
  requested_at: Date;
  decided_by: string | null;
  decided_at: Date | null;
  decision_reason: string | null;
  transaction_id: string | null;
  idempotency_key: string | null;
}

interface CustomerTotalsTable {
  customer_id: string;
  net_minor: bigint;
  orders: number;
}

interface DisputesTable {
  id: string;
  provider: string;
  provider_ref: string;
  invoice_id: string | null;
  charge_id: string | null;
  amount_minor: bigint;
  currency: string;
  reason: string;
  status: DisputeStatus;
  evidence_due_at: Date | null;
  transaction_id: string | null;
  opened_at: Date;
  closed_at: Date | null;
  claw_back_worker: string | null;
  claw_back_minor: bigint | null;
}

interface InvoicesTable {
  id: string;
  number: string;
  customer_id: string;
  period: string;
  run_id: string;
  currency: string;
  orders: number;
  price_minor: bigint;
  discount_minor: bigint;
  total_minor: bigint;
  rounding_minor: Generated<bigint>;
  status: Generated<InvoiceStatus>;
  needs_method: Generated<boolean>;
  issued_at: Date;
  failing_since: Date | null;
  settled_at: Date | null;
  void_reason: string | null;
  void_by: string | null;
}

interface LinkKeysTable {
  id: number;
  secret: Buffer;
  created_at: Generated<Date>;
}

interface OrderBookingsTable {
  order_id: string;
  event_id: string;
  transaction_id: string | null;
  customer_id: string;
  worker_id: string;
  service_code: string;
  service_name: string;
  outcome: 'completed' | 'cancelled' | 'failed';
  end_kind: string;
  ended_at: Date;
  ended_on: string;
  booked_on: string;
  currency: string;
  price_minor: bigint;
  paid_before_minor: bigint;
  discount_percent: number;
  discount_minor: bigint;
  net_minor: bigint;
  pay_minor: Generated<bigint>;
  penalty_minor: Generated<bigint>;
  rules_version: string;
  invoice_id: string | null;
  reversed_by: string | null;
}

interface PayoutDestinationsTable {
  worker_id: string;
  method: 'provider' | 'bank';
  provider: string | null;
  account_ref: string | null;
  account_key: string | null;
  account_holder: string | null;
  iban: string | null;
  updated_by: Generated<string>;
  updated_at: Date;
}

interface PayoutHoldsTable {
  id: string;
  worker_id: string;
  reason: string;
  held_by: Generated<string>;
  held_at: Date;
  released_by: string | null;
  released_at: Date | null;
}

interface PayoutStepsTable {
  payout_id: string;
  step: number;
  generation: number;
  status: string;
  provider_ref: string | null;
  detail: string | null;
  at: Date;
  recorded_by: Generated<string>;
}

interface PayoutsTable {
  id: string;
  worker_id: string;
  period: string;
  run_id: string;
  amount_minor: bigint;
  currency: string;
  method: 'provider' | 'bank';
  provider: string | null;
  account_ref: string | null;
  generation: Generated<number>;
  idempotency_key: string | null;
  status: PayoutStatus;
  failure_code: string | null;
  provider_ref: string | null;
  bank_file: string | null;
  due_at: Date;
  sent_at: Date | null;
  asks: Generated<number>;
  lease_until: Date | null;
  settled_at: Date | null;
  created_at: Date;
}

interface PeopleTable {
  kind: 'customer' | 'worker';
  subject_key: string;
  person_id: string | null;
}

interface ProofsTable {
  id: string;
  day: string;
  kind: 'prove' | 'reconcile';
  green: boolean;
  checks: JSONColumnType<ProofCheck[]>;
  stream_xid: string | null;
  stream_position: bigint | null;
  run_by: Generated<string>;
  ran_at: Date;
}

interface ProviderCustomersTable {
  provider: string;
  subject_key: string;
  idempotency_key: string;
  customer_ref: string | null;
  method: JSONColumnType<PaymentMethod | null> | null;
  method_seen_at: Date | null;
  created_at: Date;
}

interface ProviderEventsTable {
  provider: string;
  id: string;
  type: string;
  about: ProviderEvent['about'];
  object_ref: string | null;
  source: 'webhook' | 'poll';
  created_at: Date;
  received_at: Date;
  payload: JSONColumnType<object> | null;
  status: Generated<'waiting' | 'done' | 'failed'>;
  attempts: Generated<number>;
  due_at: Date;
  error: string | null;
  done_at: Date | null;
}

interface ProviderPollsTable {
  provider: string;
  polled_until: Date;
}

interface RefundsTable {
  id: string;
  invoice_id: string;
  charge_id: string;
  provider: string;
  idempotency_key: string | null;
  amount_minor: bigint;
  currency: string;
  reason: string;
  status: RefundStatus;
  failure_code: string | null;
  provider_ref: string | null;
  claw_back_worker: string | null;
  claw_back_minor: bigint | null;
  due_at: Date;
  sent_at: Date | null;
  sends: Generated<number>;
  asks: Generated<number>;
  lease_until: Date | null;
  settled_at: Date | null;
  transaction_id: string | null;
  requested_by: Generated<string>;
  requested_at: Date;
}

interface RuleVersionsTable {
  version: string;
  rules: JSONColumnType<object>;
  first_used_at: Date;
}

interface RunsTable {
  id: string;
  kind: 'invoices' | 'payouts';
  period: string;
  cutoff: Date;
  hash: string;
  only_ids: string[] | null;
  except_ids: JSONColumnType<RunException[]>;
  people: number;
  items: number;
  total_minor: bigint;
  currency: string;
  gates: JSONColumnType<GateResult[]>;
  oddities: JSONColumnType<Oddity[]>;
  status: 'planned' | 'stopped' | 'committed';
  content: string | null;
  despite_reason: string | null;
  planned_by: Generated<string>;
  planned_at: Date;
  committed_by: string | null;
  committed_at: Date | null;
}

/** Payments' own tables: schemas `ledger` and `payments` of payments' own database. Days are text. */
export interface PaymentsTables {
  'ledger.account_days': AccountDaysTable;
  'ledger.accounts': AccountsTable;
  'ledger.chart': ChartTable;
  'ledger.closed_months': ClosedMonthsTable;
  'ledger.postings': PostingsTable;
  'ledger.transactions': TransactionsTable;
  'payments.balance_entries': BalanceEntriesTable;
  'payments.bank_rows': BankRowsTable;
  'payments.charge_steps': ChargeStepsTable;
  'payments.charges': ChargesTable;
  'payments.credits': CreditsTable;
  'payments.customer_totals': CustomerTotalsTable;
  'payments.disputes': DisputesTable;
  'payments.invoices': InvoicesTable;
  'payments.link_keys': LinkKeysTable;
  'payments.order_bookings': OrderBookingsTable;
  'payments.payout_destinations': PayoutDestinationsTable;
  'payments.payout_holds': PayoutHoldsTable;
  'payments.payout_steps': PayoutStepsTable;
  'payments.payouts': PayoutsTable;
  'payments.people': PeopleTable;
  'payments.proofs': ProofsTable;
  'payments.provider_customers': ProviderCustomersTable;
  'payments.provider_events': ProviderEventsTable;
  'payments.provider_polls': ProviderPollsTable;
  'payments.refunds': RefundsTable;
  'payments.rule_versions': RuleVersionsTable;
  'payments.runs': RunsTable;
}
