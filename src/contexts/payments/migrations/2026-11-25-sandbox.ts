import type { Migration } from '../../../platform/postgres/migrations.ts';

/**
 * What the built-in sandbox provider knows. It plays the outside world: nothing in the other schemas
 * refers to it, and payments reads it only through the provider's interface.
 */
export const sandbox: Migration = {
  id: '2026-11-25-sandbox',
  sql: `
    create schema sandbox;

    -- What was answered under an idempotency key; forgotten after a day, as Stripe does.
    create table sandbox.keys (
      key text primary key,
      fingerprint text not null,
      -- Null only while the first request is at work.
      answer jsonb,
      made_at timestamptz not null
    );

    create table sandbox.customers (
      ref text primary key,
      person_key text not null,
      created_at timestamptz not null
    );

    create table sandbox.methods (
      number bigint generated always as identity primary key,
      ref text not null unique,
      customer_ref text not null references sandbox.customers,
      -- Name of the test card.
      card text not null,
      created_at timestamptz not null
    );
    create index methods_of_customer on sandbox.methods (customer_ref, number);

    create table sandbox.charges (
      ref text primary key,
      charge_id text not null,
      invoice_id text not null,
      customer_ref text not null references sandbox.customers,
      method_ref text not null references sandbox.methods (ref),
      state text not null check (state in
        ('succeeded', 'failed', 'requires_action', 'processing', 'cancelled')),
      failure_kind text,
      failure_code text,
      amount_minor bigint not null check (amount_minor > 0),
      currency text not null,
      description text not null,
      created_at timestamptz not null
    );
    create index charges_by_id on sandbox.charges (charge_id, created_at);

    create table sandbox.refunds (
      ref text primary key,
      -- Null for one made by hand.
      refund_id text,
      charge_ref text not null references sandbox.charges,
      state text not null check (state in ('succeeded', 'pending', 'failed')),
      failure_code text,
      amount_minor bigint not null check (amount_minor > 0),
      currency text not null,
      created_at timestamptz not null
    );
    create index refunds_of_charge on sandbox.refunds (charge_ref, created_at);

    create table sandbox.disputes (
      ref text primary key,
      charge_ref text not null references sandbox.charges,
      state text not null check (state in ('warning', 'open', 'won', 'lost')),
      reason text not null,
      amount_minor bigint not null,
      currency text not null,
      created_at timestamptz not null,
      evidence_due_at timestamptz
    );

    create table sandbox.accounts (
      ref text primary key,
      person_key text not null,
      state text not null default 'new' check (state in ('new', 'ready', 'closed')),
      created_at timestamptz not null
    );

    create table sandbox.transfers (
      ref text primary key,
      payout_id text not null,
      generation int not null,
      account_ref text not null references sandbox.accounts,
      state text not null check (state in ('paid', 'reversed')),
      amount_minor bigint not null check (amount_minor > 0),
      currency text not null,
      created_at timestamptz not null
    );
    create index transfers_by_id on sandbox.transfers (payout_id, generation);

    create table sandbox.balance (
      number bigint generated always as identity primary key,
      ref text not null unique,
      kind text not null,
      source_ref text,
      amount_minor bigint not null,
      fee_minor bigint not null,
      currency text not null,
      created_at timestamptz not null
    );
    create index balance_by_time on sandbox.balance (created_at, number);

    create table sandbox.events (
      number bigint generated always as identity primary key,
      id text not null unique,
      type text not null,
      about text not null,
      object_ref text,
      created_at timestamptz not null
    );
    create index events_by_time on sandbox.events (created_at, number);

    create table sandbox.pages (
      token text primary key,
      kind text not null check (kind in ('method', 'account')),
      -- Customer or account.
      subject_ref text not null,
      return_url text not null,
      expires_at timestamptz not null,
      choice text,
      done_at timestamptz
    );

    grant usage on schema sandbox
      to steward_payments_api, steward_payments_worker, steward_finance;
    grant select, insert, update on all tables in schema sandbox
      to steward_payments_api, steward_payments_worker, steward_finance;
  `,
};
