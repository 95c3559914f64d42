import type { Migration } from '../../../platform/postgres/migrations.ts';

export const ledger: Migration = {
  id: '2026-11-25-ledger',
  sql: `
    create schema ledger;

    create table ledger.chart (
      code text primary key,
      kind text not null check (kind in ('asset', 'liability', 'income', 'expense')),
      -- Whether there is one account per customer, worker or provider, or a single one.
      owned boolean not null,
      description text not null
    );
    insert into ledger.chart (code, kind, owned, description) values
      ('customer-receivable', 'asset', true, 'What a customer owes us, invoiced or not'),
      ('provider-clearing', 'asset', true, 'Our balance with a payment provider'),
      ('bank', 'asset', false, 'Our bank account'),
      ('worker-payable', 'liability', true, 'What we owe a worker; negative: carried over'),
      ('payouts-in-transit', 'liability', false, 'Taken from workers'' payable, not yet paid'),
      ('revenue', 'income', false, 'Orders at their price before discount'),
      ('discounts', 'expense', false, 'Discounts to customers (R-21)'),
      ('work-cost', 'expense', false, 'Workers'' shares of completed orders (R-23)'),
      ('penalties', 'income', false, 'Kept from workers for failed orders, and clawed back'),
      ('credits', 'expense', false, 'Credits to workers (R-24)'),
      ('refunds', 'expense', false, 'Paid back to customers (R-28)'),
      ('disputes', 'expense', false, 'Taken back by customers'' banks; won ones are reversed'),
      ('provider-fees', 'expense', false, 'What providers keep'),
      ('rounding', 'expense', false, 'What an amount lacks to one that a provider can charge');

    create table ledger.accounts (
      id bigint generated always as identity primary key,
      code text not null references ledger.chart,
      -- Id of the customer or worker, name of the provider, or empty.
      owner text not null default '',
      currency text not null check (currency ~ '^[A-Z]{3}$'),
      unique (code, owner, currency)
    );

    create table ledger.transactions (
      id uuid primary key,
      -- The same key is the same movement, booked once.
      idempotency_key text not null unique,
      kind text not null,
      -- The business day that it counts for.
      booked_on date not null,
      occurred_at timestamptz not null,
      -- What it is about: an order, a charge, a payout, …
      subject_kind text not null,
      subject_id text not null,
      rules_version text,
      reverses uuid unique references ledger.transactions,
      reason text,
      -- The person or service that did it: the login, whatever the program says.
      recorded_by text not null default session_user,
      recorded_at timestamptz not null default clock_timestamp(),
      first_line smallint not null default 1 check (first_line = 1),
      check (reverses is null or (kind = 'reversal' and reason <> ''))
    );
    create index transactions_by_subject on ledger.transactions (subject_kind, subject_id);
    create index transactions_by_day on ledger.transactions (booked_on, id);

    -- Debits are positive, credits negative.
    create table ledger.postings (
      transaction_id uuid not null,
      line smallint not null check (line > 0),
      account_id bigint not null,
      booked_on date not null,
      amount_minor bigint not null check (amount_minor <> 0),
      currency text not null,
      primary key (transaction_id, line)
    );
    create index postings_of_account on ledger.postings (account_id, booked_on, transaction_id, line);
    -- With its one posting at least: at commit there is no transaction without postings.
    alter table ledger.transactions add foreign key (id, first_line)
      references ledger.postings (transaction_id, line) deferrable initially deferred;

    -- Sums per account and day, so that a balance costs the same after ten million postings.
    -- Derived: "payments prove" compares them with the postings.
    create table ledger.account_days (
      account_id bigint not null,
      day date not null,
      debit_minor bigint not null,
      credit_minor bigint not null,
      postings int not null,
      primary key (account_id, day)
    );

    create table ledger.closed_months (
      month date primary key check (extract(day from month) = 1),
      proof_id uuid,
      closed_by text not null default session_user,
      closed_at timestamptz not null default clock_timestamp()
    );

    create function ledger.refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception '% is never changed or deleted; book a reversal instead',
        tg_table_schema || '.' || tg_table_name using errcode = 'restrict_violation';
    end $$;
    do $$ declare v_table text; begin
      foreach v_table in array array['chart', 'accounts', 'transactions', 'postings', 'closed_months']
      loop
        execute format('create trigger append_only before update or delete on ledger.%I
          for each row execute function ledger.refuse_change()', v_table);
        execute format('create trigger no_truncate before truncate on ledger.%I
          for each statement execute function ledger.refuse_change()', v_table);
      end loop;
    end $$;

    -- Closing waits for those who are booking, and those who book then wait for it.
    create function ledger.check_open() returns trigger language plpgsql
      security definer set search_path = '' as $$
    declare
      v_found record;
    begin
      perform pg_catalog.pg_advisory_xact_lock_shared(7233173, 1);
      select t.id, t.booked_on, c.month into v_found
        from added t join ledger.closed_months c
          on t.booked_on < (c.month + interval '1 month') order by c.month desc limit 1;
      if found then
        raise exception 'transaction % is booked on %, but % is closed', v_found.id,
          v_found.booked_on, to_char(v_found.month, 'YYYY-MM')
          using errcode = 'check_violation', constraint = 'period_closed';
      end if;
      select t.id into v_found from added t
        join ledger.transactions o on o.id = t.reverses where o.kind = 'reversal' limit 1;
      if found then
        raise exception 'transaction % reverses a reversal', v_found.id
          using errcode = 'check_violation', constraint = 'reverses_reversal';
      end if;
      return null;
    end $$;
    create trigger open_period after insert on ledger.transactions
      referencing new table as added for each statement execute function ledger.check_open();

    create function ledger.close_after_booking() returns trigger language plpgsql
      security definer set search_path = '' as $$
    begin
      perform pg_catalog.pg_advisory_xact_lock(7233173, 1);
      return new;
    end $$;
    create trigger close_after_booking before insert on ledger.closed_months
      for each row execute function ledger.close_after_booking();

    -- All postings of a transaction come in one statement; what comes must fit and balance.
    create function ledger.check_postings() returns trigger language plpgsql
      security definer set search_path = '' as $$
    declare v_found record;
    begin
      select a.transaction_id, a.currency, sum(a.amount_minor) as rest into v_found
        from added a group by a.transaction_id, a.currency having sum(a.amount_minor) <> 0 limit 1;
      if found then
        raise exception 'transaction % does not balance: % % are left over',
          v_found.transaction_id, v_found.rest, v_found.currency
          using errcode = 'check_violation', constraint = 'unbalanced';
      end if;

      select a.transaction_id into v_found
        from (select transaction_id, count(*) as lines from added group by 1) a
        where (select count(*) from ledger.postings p where p.transaction_id = a.transaction_id)
          <> a.lines limit 1;
      if found then
        raise exception 'transaction % has its postings already', v_found.transaction_id
          using errcode = 'check_violation', constraint = 'complete';
      end if;

      select a.transaction_id, a.line into v_found
        from added a
        left join ledger.transactions t on t.id = a.transaction_id
        left join ledger.accounts c on c.id = a.account_id
        where t.id is null or c.id is null or t.booked_on <> a.booked_on
          or c.currency <> a.currency limit 1;
      if found then
        raise exception 'posting % of transaction % has no transaction or account, or another day or currency than they',
          v_found.line, v_found.transaction_id
          using errcode = 'check_violation', constraint = 'misfit';
      end if;

      select t.id into v_found
        from (select distinct transaction_id from added) a
        join ledger.transactions t on t.id = a.transaction_id and t.reverses is not null
        where exists (
          (select account_id, -amount_minor, line from ledger.postings
             where transaction_id = t.reverses
           except all
           select account_id, amount_minor, line from ledger.postings where transaction_id = t.id)
          union all
          (select account_id, amount_minor, line from ledger.postings where transaction_id = t.id
           except all
           select account_id, -amount_minor, line from ledger.postings
             where transaction_id = t.reverses)) limit 1;
      if found then
        raise exception 'transaction % is not the exact opposite of what it reverses', v_found.id
          using errcode = 'check_violation', constraint = 'not_opposite';
      end if;

      -- In one order, so that two writers never wait for each other.
      insert into ledger.account_days as d (account_id, day, debit_minor, credit_minor, postings)
        select account_id, booked_on, sum(greatest(amount_minor, 0)),
          sum(greatest(-amount_minor, 0)), count(*)
        from added group by 1, 2 order by 1, 2
        on conflict (account_id, day) do update set
          debit_minor = d.debit_minor + excluded.debit_minor,
          credit_minor = d.credit_minor + excluded.credit_minor,
          postings = d.postings + excluded.postings;
      return null;
    end $$;
    create trigger balanced after insert on ledger.postings
      referencing new table as added for each statement execute function ledger.check_postings();

    revoke execute on all functions in schema ledger from public;
    grant usage on schema ledger to steward_payments_api, steward_payments_worker,
      steward_finance, steward_ops;
    grant select on all tables in schema ledger to steward_payments_api, steward_payments_worker,
      steward_finance;
    grant insert (code, owner, currency) on ledger.accounts
      to steward_payments_worker, steward_finance;
    grant insert (id, idempotency_key, kind, booked_on, occurred_at, subject_kind, subject_id,
      rules_version, reverses, reason) on ledger.transactions
      to steward_payments_worker, steward_finance;
    grant insert on ledger.postings to steward_payments_worker, steward_finance;
    grant insert (month, proof_id) on ledger.closed_months to steward_finance;
  `,
};
