import { describeRights } from '../test/rights.ts';
import { migratePayments } from './payments-database.ts';
import { GROUP_ROLES, PAYMENTS_ROLES, SERVICE_ROLES } from './platform/postgres/roles.ts';

const TABLES: Record<string, Record<string, string>> = {
  'ledger.account_days': { finance: 'select', payments_api: 'select', payments_worker: 'select' },
  'ledger.accounts': {
    finance: 'select, insert (code, owner, currency)',
    payments_api: 'select',
    payments_worker: 'select, insert (code, owner, currency)',
  },
  'ledger.chart': { finance: 'select', payments_api: 'select', payments_worker: 'select' },
  'ledger.closed_months': {
    finance: 'select, insert (month, proof_id)',
    payments_api: 'select',
    payments_worker: 'select',
  },
  'ledger.postings': {
    finance: 'select, insert',
    payments_api: 'select',
    payments_worker: 'select, insert',
  },
  'ledger.transactions': {
    finance:
      'select, insert (id, idempotency_key, kind, booked_on, occurred_at, subject_kind, subject_id, rules_version, reverses, reason)',
    payments_api: 'select',
    payments_worker:
      'select, insert (id, idempotency_key, kind, booked_on, occurred_at, subject_kind, subject_id, rules_version, reverses, reason)',
  },
  'mail.messages': {
    finance: 'select, insert',
    ops: 'select, update (status, next_attempt_at, error, retried_by, retried_at)',
    payments_worker: 'select, insert, update',
  },
  'payments.balance_entries': { finance: 'select, insert', payments_worker: 'select, insert' },
  'payments.bank_rows': { finance: 'select, insert', payments_worker: 'select' },
  'payments.charge_steps': { finance: 'select, insert', payments_worker: 'select, insert' },
  'payments.charges': {
    finance: 'select, insert, update',
    payments_api: 'select',
    payments_worker: 'select, insert, update',
  },
  'payments.credits': {
    finance:
      'select, insert (id, worker_id, amount_minor, currency, reason, needs_approval, status, requested_at, decided_at, transaction_id, idempotency_key), update (status, decided_at, decision_reason, transaction_id)',
    payments_api: 'select',
    payments_worker: 'select',
  },
  'payments.customer_totals': {
    finance: 'select, update (net_minor, orders)',
    payments_api: 'select',
    payments_worker: 'select, insert, update',
  },
  'payments.disputes': {
    finance: 'select, insert, update',
    payments_api: 'select',
    payments_worker: 'select, insert, update',
  },
  'payments.invoices': {
    finance: 'select, insert, update',
    payments_api: 'select',
    payments_worker: 'select, insert, update',
  },
  'payments.link_keys': { payments_api: 'select', payments_worker: 'select' },
  'payments.order_bookings': {
    finance: 'select, update (invoice_id, reversed_by)',
    payments_api: 'select',
    payments_worker: 'select, insert, update (invoice_id)',
  },
  'payments.payout_destinations': {
    finance: 'select, insert, update',
    payments_api:
      'select, insert (worker_id, method, provider, account_key, updated_at), update (provider, account_ref, account_key, updated_at)',
    payments_worker: 'select, insert, update',
  },
  'payments.payout_holds': {
    finance: 'select, insert (id, worker_id, reason, held_at), update (released_by, released_at)',
    payments_api: 'select',
    payments_worker: 'select',
  },
  'payments.payout_steps': {
    finance: 'select, insert',
    payments_api: 'select',
    payments_worker: 'select, insert',
  },
  'payments.payouts': {
    finance: 'select, insert, update',
    payments_api: 'select',
    payments_worker: 'select, insert, update',
  },
  'payments.people': {
    finance: 'select',
    payments_api: 'select, insert',
    payments_worker: 'select, insert, update',
  },
  'payments.proofs': {
    finance: 'select, insert',
    ops: 'select',
    payments_worker: 'select, insert',
  },
  'payments.provider_customers': {
    finance: 'select, insert, update',
    payments_api: 'select, insert, update',
    payments_worker: 'select, insert, update',
  },
  'payments.provider_events': {
    finance: 'select, insert, update',
    ops: 'select',
    payments_api: 'select, insert',
    payments_worker: 'select, insert, update',
  },
  'payments.provider_polls': {
    finance: 'select, insert, update',
    ops: 'select',
    payments_worker: 'select, insert, update',
  },
  'payments.refunds': {
    finance: 'select, insert, update',
    payments_api: 'select',
    payments_worker: 'select, insert, update',
  },
  'payments.request_keys': {
    payments_api: 'select, insert, update, delete',
    payments_worker: 'select, delete',
  },
  'payments.rule_versions': { finance: 'select', payments_worker: 'select, insert' },
  'payments.runs': { finance: 'select, insert, update', payments_worker: 'select, insert, update' },
  'platform.job_runs': {
    ops: 'select, insert, update',
    payments_worker: 'select, insert, update, delete',
  },
  'platform.migrations': {
    api: 'select',
    betting: 'select',
    catalog: 'select',
    finance: 'select',
    hiring: 'select',
    ops: 'select',
    payments_api: 'select',
    payments_worker: 'select',
    quality: 'select',
    stream_reader: 'select',
    supplies: 'select',
    worker: 'select',
  },
  'sandbox.accounts': {
    finance: 'select, insert, update',
    payments_api: 'select, insert, update',
    payments_worker: 'select, insert, update',
  },
  'sandbox.balance': {
    finance: 'select, insert, update',
    payments_api: 'select, insert, update',
    payments_worker: 'select, insert, update',
  },
  'sandbox.charges': {
    finance: 'select, insert, update',
    payments_api: 'select, insert, update',
    payments_worker: 'select, insert, update',
  },
  'sandbox.customers': {
    finance: 'select, insert, update',
    payments_api: 'select, insert, update',
    payments_worker: 'select, insert, update',
  },
  'sandbox.disputes': {
    finance: 'select, insert, update',
    payments_api: 'select, insert, update',
    payments_worker: 'select, insert, update',
  },
  'sandbox.events': {
    finance: 'select, insert, update',
    payments_api: 'select, insert, update',
    payments_worker: 'select, insert, update',
  },
  'sandbox.keys': {
    finance: 'select, insert, update',
    payments_api: 'select, insert, update',
    payments_worker: 'select, insert, update',
  },
  'sandbox.methods': {
    finance: 'select, insert, update',
    payments_api: 'select, insert, update',
    payments_worker: 'select, insert, update',
  },
  'sandbox.pages': {
    finance: 'select, insert, update',
    payments_api: 'select, insert, update',
    payments_worker: 'select, insert, update',
  },
  'sandbox.refunds': {
    finance: 'select, insert, update',
    payments_api: 'select, insert, update',
    payments_worker: 'select, insert, update',
  },
  'sandbox.transfers': {
    finance: 'select, insert, update',
    payments_api: 'select, insert, update',
    payments_worker: 'select, insert, update',
  },
  'stream_consumers.cursors': {
    finance: 'select',
    ops: 'select, update (replay_xid, replay_position, replay_requested_at, replay_requested_by)',
    payments_worker: 'select, insert, update, delete',
  },
  'stream_consumers.parked_events': {
    finance: 'select',
    ops: 'select',
    payments_worker: 'select, insert, update, delete',
  },
  'stream_consumers.parked_orders': {
    finance: 'select',
    ops: 'select, update (retry_requested_at, retry_requested_by)',
    payments_worker: 'select, insert, update, delete',
  },
  'stream_consumers.skipped_events': {
    finance: 'select',
    ops: 'select, insert',
    payments_worker: 'select, insert',
  },
};
const FUNCTIONS: Record<string, string> = {
  'ledger.check_open': '',
  'ledger.check_postings': '',
  'ledger.close_after_booking': '',
  'ledger.refuse_change': '',
  'payments.keep_facts': '',
  'payments.refuse_delete': '',
  'payments.sign_credit': '',
};
const WITH_RIGHTS_OF_OWNER = [
  'ledger.check_open',
  'ledger.check_postings',
  'ledger.close_after_booking',
];
const SCHEMAS: Record<string, string> = {
  bullmq: 'ops, payments_worker',
  ledger: 'finance, ops, payments_api, payments_worker',
  mail: 'finance, ops, payments_worker',
  payments: 'finance, ops, payments_api, payments_worker',
  platform:
    'api, betting, catalog, finance, hiring, ops, payments_api, payments_worker, quality, stream_reader, supplies, worker',
  sandbox: 'finance, payments_api, payments_worker',
  stream_consumers: 'finance, ops, payments_worker',
};
const ALL = 'select, insert, update, delete';

describeRights('who may touch what in the payments database', {
  migrate: migratePayments,
  roles: [...Object.values(PAYMENTS_ROLES), ...Object.values(SERVICE_ROLES), ...GROUP_ROLES],
  tables: TABLES,
  queueTable: () => ({ payments_worker: ALL, ops: ALL }),
  functions: FUNCTIONS,
  withRightsOfOwner: WITH_RIGHTS_OF_OWNER,
  schemas: SCHEMAS,
});
