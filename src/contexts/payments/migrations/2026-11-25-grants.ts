import type { Migration } from '../../../platform/postgres/migrations.ts';

/** Who may do what in payments' database. Nobody may delete; facts are kept by triggers. */
export const grants: Migration = {
  id: '2026-11-25-grants',
  sql: `
    grant usage on schema payments to steward_payments_api, steward_payments_worker,
      steward_finance, steward_ops;

    -- HTTP: reads what it shows, remembers customers and their methods, stores webhooks.
    grant select on payments.people, payments.order_bookings, payments.customer_totals,
      payments.invoices, payments.charges, payments.refunds, payments.disputes, payments.credits,
      payments.payouts, payments.payout_steps, payments.payout_holds,
      payments.payout_destinations, payments.provider_customers, payments.provider_events,
      payments.link_keys
      to steward_payments_api;
    grant insert on payments.people to steward_payments_api;
    grant insert, update on payments.provider_customers to steward_payments_api;
    -- A worker's account with the provider; bank accounts are a matter of finance.
    grant insert (worker_id, method, provider, account_key, updated_at),
      update (provider, account_key, account_ref, updated_at)
      on payments.payout_destinations to steward_payments_api;
    grant insert on payments.provider_events to steward_payments_api;

    -- Jobs: everything that happens by itself.
    grant select on all tables in schema payments to steward_payments_worker;
    grant insert on payments.people, payments.rule_versions, payments.order_bookings,
      payments.customer_totals, payments.runs, payments.invoices, payments.provider_customers,
      payments.charges, payments.charge_steps, payments.refunds, payments.disputes,
      payments.payouts, payments.payout_steps, payments.provider_events,
      payments.provider_polls, payments.balance_entries, payments.proofs,
      payments.payout_destinations
      to steward_payments_worker;
    grant update on payments.people, payments.customer_totals, payments.runs, payments.invoices,
      payments.provider_customers, payments.charges, payments.refunds, payments.disputes,
      payments.payouts, payments.provider_events, payments.provider_polls,
      payments.payout_destinations to steward_payments_worker;
    grant update (invoice_id) on payments.order_bookings to steward_payments_worker;

    -- Finance: plans and commits runs, credits, refunds, holds, reverses and closes.
    grant select on payments.people, payments.rule_versions, payments.order_bookings,
      payments.customer_totals, payments.runs, payments.invoices, payments.provider_customers,
      payments.charges, payments.charge_steps, payments.refunds, payments.disputes,
      payments.credits, payments.payout_destinations, payments.payout_holds, payments.payouts,
      payments.payout_steps, payments.bank_rows, payments.provider_events,
      payments.provider_polls, payments.balance_entries, payments.proofs
      to steward_finance;
    grant insert on payments.runs, payments.invoices, payments.charges, payments.charge_steps,
      payments.refunds, payments.payouts, payments.payout_steps, payments.bank_rows,
      payments.proofs, payments.balance_entries, payments.provider_customers,
      payments.payout_destinations, payments.provider_events, payments.provider_polls,
      payments.disputes
      to steward_finance;
    grant insert (id, worker_id, amount_minor, currency, reason, needs_approval, status,
      requested_at, decided_at, transaction_id, idempotency_key)
      on payments.credits to steward_finance;
    grant insert (id, worker_id, reason, held_at) on payments.payout_holds to steward_finance;
    grant update (released_by, released_at) on payments.payout_holds to steward_finance;
    grant update (status, decided_at, decision_reason, transaction_id)
      on payments.credits to steward_finance;
    grant update on payments.runs, payments.invoices, payments.charges, payments.refunds,
      payments.disputes, payments.payouts, payments.provider_customers,
      payments.payout_destinations, payments.provider_events, payments.provider_polls
      to steward_finance;
    grant update (invoice_id, reversed_by) on payments.order_bookings to steward_finance;
    -- A reversed order counts no more for the discounts of later ones.
    grant update (net_minor, orders) on payments.customer_totals to steward_finance;

    -- Ops: whether it runs, not what is in it.
    grant select on payments.provider_events, payments.proofs, payments.provider_polls
      to steward_ops;
  `,
};
