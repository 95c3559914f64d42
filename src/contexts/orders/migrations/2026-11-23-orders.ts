import type { Migration } from '../../../platform/postgres/migrations.ts';

export const orders: Migration = {
  id: '2026-11-23-orders',
  sql: `
    create extension if not exists btree_gist;
    create schema orders;

    create table orders.customers (
      id uuid primary key,
      -- "sub" of the token
      subject text not null unique,
      name text not null,
      email text,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );

    create table orders.workers (
      id uuid primary key,
      subject text not null unique,
      name text not null check (name <> ''),
      email text,
      phone text,
      city text not null check (city <> ''),
      skills text[] not null,
      strengths text[] not null default '{}',
      weaknesses text[] not null default '{}',
      notes text,
      active boolean not null default true,
      -- stars of rated orders (R-09)
      stars_sum int not null default 0,
      stars_count int not null default 0,
      -- what the short list sorts by: mean of the stars, pulled towards a prior while they are few
      standing real not null,
      completed_orders int not null default 0,
      version int not null default 1,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      deactivated_at timestamptz
    );

    -- One row per active worker and skill: the short list is a walk along this key.
    create table orders.worker_skills (
      city_key text not null,
      skill text not null,
      standing real not null,
      worker_id uuid not null references orders.workers,
      primary key (worker_id, skill)
    );
    create index worker_skills_short_list
      on orders.worker_skills (city_key, skill, standing desc, worker_id);

    create function orders.city_key(city text) returns text
      language sql immutable parallel safe
      return lower(normalize(btrim(regexp_replace(city, '\\s+', ' ', 'g')), NFC));

    -- '' stands for "any skill": a service that asks for none is found by it.
    create function orders.index_worker_skills() returns trigger
      language plpgsql security definer set search_path = '' as $$
    begin
      delete from orders.worker_skills where worker_id = new.id;
      if new.active then
        insert into orders.worker_skills (city_key, skill, standing, worker_id)
        select orders.city_key(new.city), skill, new.standing, new.id
        from (select distinct unnest(new.skills || '{""}'::text[]) as skill) as skills;
      end if;
      return null;
    end $$;
    create trigger index_skills after insert or update of city, skills, active, standing
      on orders.workers for each row execute function orders.index_worker_skills();

    create table orders.orders (
      id uuid primary key,
      customer_id uuid not null references orders.customers,
      worker_id uuid not null references orders.workers,
      -- as it was when ordered; a later change of the catalog does not touch an order
      service_id uuid not null,
      service jsonb not null,
      place jsonb not null,
      description text,
      status text not null
        check (status in ('assigned', 'supplied', 'started', 'completed', 'cancelled', 'failed')),
      scheduled_at timestamptz not null,
      ends_at timestamptz not null,
      -- of scheduled_at, in the business time zone at the time of ordering
      business_day date not null,
      -- the time that the worker is taken; shortened when the order ends early
      busy tstzrange not null,
      price_minor bigint not null check (price_minor >= 0),
      currency text not null,
      price_lines jsonb not null,
      copy_of uuid references orders.orders,
      supplied_at timestamptz,
      started_at timestamptz,
      ended_at timestamptz,
      -- 'completed', 'customer-cancelled', 'manager-cancelled', 'worker-failed', 'no-show'
      end_kind text,
      end_reason text,
      check_in_photo text,
      report_photo text,
      stars smallint check (stars between 1 and 5),
      comment text,
      rated_at timestamptz,
      version int not null default 1,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      check ((status in ('completed', 'cancelled', 'failed')) = (ended_at is not null)),
      check ((ended_at is null) = (end_kind is null)),
      check (ends_at > scheduled_at),
      -- R-03. Only live orders: the index stays small however many orders are stored.
      constraint worker_holds_one_order_at_a_time exclude using gist (worker_id with =, busy with &&)
        where (status in ('assigned', 'supplied', 'started'))
    );
    create index orders_by_customer on orders.orders (customer_id, id desc);
    create index orders_by_worker on orders.orders (worker_id, id desc);
    create index orders_awaiting_check_in on orders.orders (scheduled_at)
      where status in ('assigned', 'supplied');
    -- A failed order has one living copy (R-08): a double click makes no second one.
    create unique index orders_one_copy on orders.orders (copy_of)
      where copy_of is not null and status <> 'cancelled';

    create table orders.supplies (
      order_id uuid primary key references orders.orders,
      status text not null check (status in ('requested', 'issued', 'withdrawn')),
      items jsonb not null,
      -- when the worker is expected at the customer's
      needed_at timestamptz not null,
      requested_at timestamptz not null,
      issued_at timestamptz,
      issued_by text,
      check ((status = 'issued') = (issued_at is not null))
    );
    create index supplies_requested on orders.supplies (needed_at, order_id)
      where status = 'requested';

    create table orders.cookies (
      order_id uuid primary key references orders.orders,
      -- waiting: to be ordered; ordered: being baked; given-up: the order ended, or it never came
      status text not null check (status in ('waiting', 'ordered', 'delivered', 'given-up')),
      requested_at timestamptz not null,
      ordered_at timestamptz,
      -- ten minutes after it was ordered; a cookie not there by then is late
      due_at timestamptz,
      delivered_at timestamptz,
      attempts int not null default 0,
      next_attempt_at timestamptz not null,
      error text
    );
    create index cookies_to_attend on orders.cookies (next_attempt_at)
      where status in ('waiting', 'ordered');

    -- The receipt of a match, kept with the order: why this worker and why not another.
    create table orders.match_receipts (
      order_id uuid primary key references orders.orders,
      receipt jsonb not null
    );

    -- Orders given to a worker for a day: what an even load is measured by.
    create table orders.worker_days (
      worker_id uuid not null references orders.workers,
      day date not null,
      assigned int not null,
      last_assigned_at timestamptz not null,
      primary key (worker_id, day)
    ) with (fillfactor = 70);

    create table orders.worker_customers (
      worker_id uuid not null references orders.workers,
      customer_id uuid not null references orders.customers,
      completed int not null,
      primary key (worker_id, customer_id)
    );

    -- R-10: the request did its thing in the transaction that wrote this row. The answer is
    -- rendered again from the event that it points to.
    create table orders.idempotency_keys (
      principal text not null,
      key text not null,
      request_hash bytea not null,
      order_id uuid not null,
      version int not null,
      created_at timestamptz not null,
      primary key (principal, key)
    );
    create index idempotency_keys_by_age on orders.idempotency_keys (created_at);
  `,
};
