import type { Migration } from '../../../platform/postgres/migrations.ts';

export const payments: Migration = {
  id: '2026-11-25-payments',
  sql: `
    create schema payments;

    -- Who the tokens' subjects are. Hashed: names and mail stay with the order stream. A customer
    -- may give a payment method before the first order, when the id is not known yet.
    create table payments.people (
      kind text not null check (kind in ('customer', 'worker')),
      subject_key text not null,
      person_id uuid,
      primary key (kind, subject_key),
      unique (kind, person_id)
    );

    -- The rules by their content, so that a booking of last year can be recomputed.
    create table payments.rule_versions (
      version text primary key,
      rules jsonb not null,
      first_used_at timestamptz not null
    );

    -- One row per ended order (R-20, R-21, R-23): what was booked, and why so much.
    create table payments.order_bookings (
      order_id uuid primary key,
      event_id uuid not null,
      -- Null where nothing moves: an order for nothing.
      transaction_id uuid unique,
      customer_id uuid not null,
      worker_id uuid not null,
      service_code text not null,
      service_name text not null,
      outcome text not null check (outcome in ('completed', 'cancelled', 'failed')),
      end_kind text not null,
      ended_at timestamptz not null,
      -- Business days of the end, and of the booking where that day's month was closed already.
      ended_on date not null,
      booked_on date not null,
      currency text not null,
      price_minor bigint not null check (price_minor >= 0),
      -- What the customer's ended orders before this one came to: decides the discount.
      paid_before_minor bigint not null,
      discount_percent int not null check (discount_percent between 0 and 100),
      discount_minor bigint not null,
      net_minor bigint not null,
      pay_minor bigint not null default 0,
      penalty_minor bigint not null default 0,
      rules_version text not null references payments.rule_versions,
      invoice_id uuid,
      reversed_by uuid,
      check (net_minor = price_minor - discount_minor)
    );
    create index bookings_to_invoice on payments.order_bookings (customer_id, ended_at)
      where invoice_id is null and reversed_by is null;
    create index bookings_of_invoice on payments.order_bookings (invoice_id);
    create index bookings_of_customer on payments.order_bookings (customer_id, ended_at);
    create index bookings_of_worker on payments.order_bookings (worker_id, booked_on);

    -- Sum of net_minor of a customer's orders, without reversed ones; locked while the next orders
    -- are booked.
    create table payments.customer_totals (
      customer_id uuid primary key,
      net_minor bigint not null,
      orders int not null
    );

    -- Runs of invoices and of payouts: a plan, then its commit.
    create table payments.runs (
      id uuid primary key,
      kind text not null check (kind in ('invoices', 'payouts')),
      -- 2026-W48 or 2026-11
      period text not null,
      cutoff timestamptz not null,
      -- Of the whole content; a commit computes it anew and compares.
      hash text not null,
      only_ids uuid[],
      -- [{"id": "…", "reason": "…"}]
      except_ids jsonb not null default '[]',
      people int not null,
      items int not null,
      total_minor bigint not null,
      currency text not null,
      -- [{"gate", "passed", "detail"}] and people whose amount is unusual
      gates jsonb not null default '[]',
      oddities jsonb not null default '[]',
      status text not null check (status in ('planned', 'stopped', 'committed')),
      -- One line per person, what the hash is made of: tells what differs when a plan is outdated.
      content text,
      despite_reason text,
      planned_by text not null default session_user,
      planned_at timestamptz not null,
      committed_by text,
      committed_at timestamptz
    );
    create index runs_by_period on payments.runs (kind, period, planned_at);
    create unique index runs_by_hash on payments.runs (kind, hash);

    create table payments.invoices (
      id uuid primary key,
      number text not null unique,
      customer_id uuid not null,
      period text not null,
      run_id uuid not null references payments.runs,
      currency text not null,
      orders int not null check (orders > 0),
      price_minor bigint not null,
      discount_minor bigint not null,
      -- Price minus discount; rounding_minor less of it is charged (see the chart of accounts).
      total_minor bigint not null check (total_minor = price_minor - discount_minor),
      rounding_minor bigint not null default 0,
      status text not null default 'open' check (status in ('open', 'paid', 'past_due', 'void')),
      -- A hard failure, or no payment method at all: waits for the customer.
      needs_method boolean not null default false,
      issued_at timestamptz not null,
      -- When the first attempt failed: the dunning schedule counts from here.
      failing_since timestamptz,
      settled_at timestamptz,
      void_reason text,
      void_by text
    );
    -- One invoice per customer and period; a voided one makes room.
    create unique index one_invoice on payments.invoices (customer_id, period)
      where status <> 'void';
    create index invoices_taken_back on payments.invoices (customer_id, period)
      where status = 'void';
    create index invoices_of_period on payments.invoices (period, issued_at desc, id desc);
    create index invoices_of_run on payments.invoices (run_id);
    create index invoices_of_customer on payments.invoices (customer_id, issued_at desc, id desc);
    create index invoices_by_time on payments.invoices (issued_at desc, id desc);
    create index invoices_unpaid on payments.invoices (status, issued_at)
      where status in ('open', 'past_due');

    create table payments.provider_customers (
      provider text not null,
      subject_key text not null,
      -- Stored before the provider is asked to make the customer.
      idempotency_key text not null unique,
      customer_ref text,
      -- What charges go to, as last seen; no card number, only brand and last four digits.
      method jsonb,
      method_seen_at timestamptz,
      created_at timestamptz not null,
      primary key (provider, subject_key),
      unique (provider, customer_ref)
    );

    create table payments.charges (
      id uuid primary key,
      invoice_id uuid not null references payments.invoices,
      -- Counts the attempts of the invoice.
      generation int not null check (generation > 0),
      provider text not null,
      -- Made of invoice and generation.
      idempotency_key text not null unique,
      amount_minor bigint not null check (amount_minor > 0),
      currency text not null,
      status text not null check (status in
        ('planned', 'sending', 'unknown', 'processing', 'requires_action', 'succeeded', 'failed',
         'cancelled')),
      failure_kind text check (failure_kind in ('soft', 'hard')),
      failure_code text,
      customer_ref text,
      method_ref text,
      provider_ref text,
      -- When the next step is due: sending a planned one, asking after one in doubt.
      due_at timestamptz not null,
      -- First time that it may have left.
      sent_at timestamptz,
      asked_at timestamptz,
      asks int not null default 0,
      -- Whoever works on it, and until when it is left alone.
      lease_until timestamptz,
      settled_at timestamptz,
      transaction_id uuid,
      created_at timestamptz not null,
      unique (invoice_id, generation),
      unique (provider, provider_ref),
      check ((status = 'failed') = (failure_kind is not null)),
      check (status <> 'succeeded' or (provider_ref is not null and transaction_id is not null))
    );
    -- R-27: at most one can still take money, and at most one has.
    create unique index one_live_charge on payments.charges (invoice_id)
      where status in ('planned', 'sending', 'unknown', 'processing', 'requires_action');
    create unique index one_success on payments.charges (invoice_id) where status = 'succeeded';
    create index charges_due on payments.charges (due_at)
      where status in ('planned', 'sending', 'unknown', 'processing', 'requires_action');
    create index charges_by_time on payments.charges (created_at desc, id desc);

    create table payments.charge_steps (
      charge_id uuid not null references payments.charges,
      step int not null,
      status text not null,
      detail text,
      at timestamptz not null,
      recorded_by text not null default session_user,
      primary key (charge_id, step)
    );

    create table payments.refunds (
      id uuid primary key,
      invoice_id uuid not null references payments.invoices,
      charge_id uuid not null references payments.charges,
      provider text not null,
      -- Null for a refund that somebody made at the provider.
      idempotency_key text unique,
      amount_minor bigint not null check (amount_minor > 0),
      currency text not null,
      reason text not null check (reason <> ''),
      status text not null check (status in
        ('planned', 'sending', 'unknown', 'pending', 'succeeded', 'failed')),
      failure_code text,
      provider_ref text,
      -- What is taken back from a worker for it.
      claw_back_worker uuid,
      claw_back_minor bigint check (claw_back_minor > 0),
      due_at timestamptz not null,
      -- When it left last, and how often under its key.
      sent_at timestamptz,
      sends int not null default 0,
      asks int not null default 0,
      lease_until timestamptz,
      settled_at timestamptz,
      transaction_id uuid,
      requested_by text not null default session_user,
      requested_at timestamptz not null,
      unique (provider, provider_ref),
      check ((claw_back_worker is null) = (claw_back_minor is null))
    );
    create index refunds_of_invoice on payments.refunds (invoice_id);
    create index refunds_due on payments.refunds (due_at)
      where status in ('planned', 'sending', 'unknown', 'pending');

    create table payments.disputes (
      id uuid primary key,
      provider text not null,
      provider_ref text not null,
      invoice_id uuid references payments.invoices,
      charge_id uuid references payments.charges,
      amount_minor bigint not null,
      currency text not null,
      reason text not null,
      status text not null check (status in ('warning', 'open', 'won', 'lost')),
      evidence_due_at timestamptz,
      transaction_id uuid,
      opened_at timestamptz not null,
      closed_at timestamptz,
      claw_back_worker uuid,
      claw_back_minor bigint check (claw_back_minor > 0),
      unique (provider, provider_ref)
    );

    create table payments.credits (
      id uuid primary key,
      worker_id uuid not null,
      -- Negative: a correction of an earlier credit.
      amount_minor bigint not null check (amount_minor <> 0),
      currency text not null,
      reason text not null check (reason <> ''),
      needs_approval boolean not null,
      status text not null check (status in ('requested', 'booked', 'rejected')),
      requested_by text not null default session_user,
      requested_at timestamptz not null,
      decided_by text,
      decided_at timestamptz,
      decision_reason text,
      transaction_id uuid,
      -- The caller's: the same key asks for the same credit once.
      idempotency_key text unique check (idempotency_key <> ''),
      check ((status = 'booked') = (transaction_id is not null)),
      -- R-24: two people.
      check (not (needs_approval and status = 'booked' and decided_by = requested_by)),
      check (not (needs_approval and status = 'booked' and decided_by is null))
    );
    create index credits_by_time on payments.credits (requested_at desc, id desc);
    create index credits_of_worker on payments.credits (worker_id);

    create table payments.payout_destinations (
      worker_id uuid primary key,
      method text not null check (method in ('provider', 'bank')),
      provider text,
      account_ref text,
      account_key text,
      account_holder text,
      iban text,
      updated_by text not null default session_user,
      updated_at timestamptz not null,
      check (method <> 'bank' or (account_holder is not null and iban is not null))
    );

    create table payments.payout_holds (
      id uuid primary key,
      worker_id uuid not null,
      reason text not null check (reason <> ''),
      held_by text not null default session_user,
      held_at timestamptz not null,
      released_by text,
      released_at timestamptz
    );
    create unique index one_hold on payments.payout_holds (worker_id) where released_at is null;

    create table payments.payouts (
      id uuid primary key,
      worker_id uuid not null,
      period text not null,
      run_id uuid not null references payments.runs,
      amount_minor bigint not null check (amount_minor > 0),
      currency text not null,
      method text not null check (method in ('provider', 'bank')),
      provider text,
      account_ref text,
      -- Counts the attempts; with the id it makes the key of a transfer.
      generation int not null default 1,
      idempotency_key text unique,
      status text not null check (status in
        ('planned', 'sending', 'unknown', 'exported', 'paid', 'failed')),
      failure_code text,
      provider_ref text,
      bank_file text,
      due_at timestamptz not null,
      sent_at timestamptz,
      asks int not null default 0,
      lease_until timestamptz,
      settled_at timestamptz,
      created_at timestamptz not null,
      unique (worker_id, period)
    );
    create unique index one_transfer on payments.payouts (provider, provider_ref)
      where provider_ref is not null;
    create index payouts_due on payments.payouts (due_at)
      where status in ('planned', 'sending', 'unknown');
    create index payouts_by_time on payments.payouts (created_at desc, id desc);

    -- What happened to each attempt, with the provider's id of its transfer, for ever.
    create table payments.payout_steps (
      payout_id uuid not null references payments.payouts,
      step int not null,
      generation int not null,
      status text not null,
      provider_ref text,
      detail text,
      at timestamptz not null,
      recorded_by text not null default session_user,
      primary key (payout_id, step)
    );
    create index payout_steps_by_ref on payments.payout_steps (provider_ref)
      where provider_ref is not null;

    -- What stands in each bank file, to whom it was to go then, so that the same name is for ever
    -- the same file.
    create table payments.bank_rows (
      bank_file text not null,
      payout_id uuid not null references payments.payouts,
      generation int not null,
      worker_id uuid not null,
      account_holder text not null,
      iban text not null,
      amount_minor bigint not null check (amount_minor > 0),
      currency text not null,
      reference text not null unique,
      exported_at timestamptz not null,
      exported_by text not null default session_user,
      primary key (bank_file, payout_id),
      unique (payout_id, generation)
    );

    -- Hints from the provider, stored before they are acknowledged, looked at later.
    create table payments.provider_events (
      provider text not null,
      id text not null,
      type text not null,
      about text not null,
      object_ref text,
      source text not null check (source in ('webhook', 'poll')),
      created_at timestamptz not null,
      received_at timestamptz not null,
      -- Emptied after a while: it may name people.
      payload jsonb,
      status text not null default 'waiting' check (status in ('waiting', 'done', 'failed')),
      attempts int not null default 0,
      due_at timestamptz not null,
      error text,
      done_at timestamptz,
      primary key (provider, id)
    );
    create index provider_events_waiting on payments.provider_events (due_at)
      where status = 'waiting';
    create table payments.provider_polls (
      provider text primary key,
      polled_until timestamptz not null
    );

    -- What the provider says moved, kept for the comparison with the ledger.
    create table payments.balance_entries (
      provider text not null,
      ref text not null,
      kind text not null,
      source_ref text,
      amount_minor bigint not null,
      fee_minor bigint not null,
      currency text not null,
      created_at timestamptz not null,
      primary key (provider, ref)
    );
    create index balance_entries_by_source on payments.balance_entries (provider, source_ref);

    create table payments.proofs (
      id uuid primary key,
      day date not null,
      kind text not null check (kind in ('prove', 'reconcile')),
      green boolean not null,
      checks jsonb not null,
      -- Up to where orders were compared with the stream.
      stream_xid text,
      stream_position bigint,
      run_by text not null default session_user,
      ran_at timestamptz not null
    );
    create index proofs_by_time on payments.proofs (kind, ran_at desc);

    -- For links in mails: signed with this, so that nothing secret has to be stored per mail.
    create table payments.link_keys (
      id int primary key,
      secret bytea not null,
      created_at timestamptz not null default clock_timestamp()
    );
    insert into payments.link_keys (id, secret)
      select 1, decode(replace(gen_random_uuid()::text || gen_random_uuid()::text
        || gen_random_uuid()::text, '-', ''), 'hex');

    create function payments.refuse_delete() returns trigger language plpgsql as $$
    begin
      raise exception '% keeps what happened; nothing is deleted',
        tg_table_schema || '.' || tg_table_name using errcode = 'restrict_violation';
    end $$;
    do $$ declare v_table text; begin
      foreach v_table in array array['order_bookings', 'runs', 'invoices', 'charges',
        'charge_steps', 'refunds', 'disputes', 'credits', 'payouts', 'payout_steps',
        'bank_rows', 'payout_holds', 'proofs']
      loop
        execute format('create trigger kept before delete on payments.%I
          for each row execute function payments.refuse_delete()', v_table);
        execute format('create trigger no_truncate before truncate on payments.%I
          for each statement execute function payments.refuse_delete()', v_table);
      end loop;
    end $$;

    -- Who asked and who decided are the logins, whatever a program says (R-24).
    create function payments.sign_credit() returns trigger language plpgsql as $$
    begin
      if tg_op = 'INSERT' then
        new.requested_by := session_user;
        if new.status <> 'requested' and not new.needs_approval then
          new.decided_by := session_user;
        elsif new.status <> 'requested' then
          raise exception 'a credit that needs an approval begins as requested'
            using errcode = 'check_violation';
        end if;
        return new;
      end if;
      if old.status <> 'requested' then
        raise exception 'credit % is % already', old.id, old.status
          using errcode = 'restrict_violation';
      end if;
      if (new.id, new.worker_id, new.amount_minor, new.currency, new.reason, new.needs_approval,
          new.requested_by, new.requested_at, new.idempotency_key)
        is distinct from (old.id, old.worker_id, old.amount_minor, old.currency, old.reason,
          old.needs_approval, old.requested_by, old.requested_at, old.idempotency_key) then
        raise exception 'what was asked for in credit % cannot be changed', old.id
          using errcode = 'restrict_violation';
      end if;
      new.decided_by := session_user;
      return new;
    end $$;
    create trigger signed before insert or update on payments.credits
      for each row execute function payments.sign_credit();

    -- What was booked and issued stands; only what happens to it afterwards is written into it.
    create function payments.keep_facts() returns trigger language plpgsql as $$
    declare
      v_free constant text[] := string_to_array(tg_argv[0], ',');
      v_old constant jsonb := to_jsonb(old) - v_free;
      v_new constant jsonb := to_jsonb(new) - v_free;
    begin
      if v_old is distinct from v_new then
        raise exception 'in % only % may change', tg_table_schema || '.' || tg_table_name,
          tg_argv[0] using errcode = 'restrict_violation';
      end if;
      return new;
    end $$;
    create trigger facts before update on payments.invoices for each row
      execute function payments.keep_facts(
        'status,needs_method,failing_since,settled_at,void_reason,void_by,rounding_minor');
    create trigger facts before update on payments.charges for each row
      execute function payments.keep_facts(
        'status,failure_kind,failure_code,customer_ref,method_ref,provider_ref,due_at,sent_at,asked_at,asks,lease_until,settled_at,transaction_id');
    create trigger facts before update on payments.payouts for each row
      execute function payments.keep_facts(
        'status,method,provider,account_ref,generation,idempotency_key,failure_code,provider_ref,bank_file,due_at,sent_at,asks,lease_until,settled_at');

    create trigger facts before update on payments.refunds for each row
      execute function payments.keep_facts(
        'status,failure_code,provider_ref,due_at,sent_at,sends,asks,lease_until,settled_at,transaction_id');

    revoke execute on all functions in schema payments from public;
  `,
};
