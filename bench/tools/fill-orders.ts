import type pg from 'pg';
import type { Sample } from './sample-orders.ts';
import { CUSTOMER_ID_PREFIX, CUSTOMERS } from './town.ts';

const BATCH = 100_000;
/** One order in a hundred is still to be carried out. */
const LIVE_SHARE = 0.01;
/** A receipt has 4 kB, more than all the rest: one order in so many has one. */
const RECEIPT_EVERY = 10;

/**
 * Stores orders as years of business leave them: nearly all ended, live ones only in the days
 * ahead, with supplies, the last event, personal data, some receipts, and the workers' books.
 * Set-based and with triggers and foreign keys off: through the API it would take hours.
 */
export async function fillOrders(
  client: pg.Client,
  orders: number,
  samples: readonly Sample[],
  tell: (line: string) => void,
): Promise<void> {
  const live = Math.floor(orders * LIVE_SHARE);
  await client.query('set session_replication_role = replica');
  await client.query(`create temp table bench_workers as
    select row_number() over (order by id) - 1 as number, id, city from orders.workers`);
  await client.query('create index on bench_workers (number)');
  await client.query(
    `create temp table bench_samples as
     select row_number() over () - 1 as number, (sample -> 'service') as service,
       (sample ->> 'durationMinutes')::int as minutes, (sample ->> 'priceMinor')::bigint as price,
       sample -> 'priceLines' as lines, sample -> 'receipt' as receipt
     from jsonb_array_elements($1::jsonb) as sample`,
    [JSON.stringify(samples)],
  );
  await client.query('analyze bench_workers');
  for (let from = 0; from < orders; from += BATCH) {
    const to = Math.min(orders, from + BATCH) - 1;
    await client.query(BATCH_SQL, [from, to, orders - live, CUSTOMERS, CUSTOMER_ID_PREFIX]);
    tell(`${(to + 1).toLocaleString('en-US')} orders stored`);
  }
  await client.query(WORKERS_BOOKS_SQL);
  await client.query('set session_replication_role = origin');
  await client.query('vacuum analyze');
  await client.query('checkpoint');
}

/**
 * Orders $1 to $2, of which those from $3 on are live. A worker has one every three hours, so none
 * overlap; the live ones take every second worker, so that somebody is free at any time.
 */
const BATCH_SQL = `
with numbered as (
  select n, n >= $3::bigint as live, case when n < $3 then $3 - 1 - n else n - $3 end as k
  from generate_series($1::bigint, $2::bigint) as n
), drawn as materialized (
  select n, live, w.id as worker_id, w.city, s.*,
    ($5 || lpad((1 + n * 7919 % $4::bigint)::text, 12, '0'))::uuid as customer_id,
    date_trunc('hour', now()) + interval '3 hours' * case when live
      then 1 + k / (pool.size / 2) else -1 - k / pool.size end as at,
    case when live then 'assigned' when n % 20 = 0 then 'failed' when n % 16 = 0 then 'cancelled'
      else 'completed' end as status
  from numbered
    cross join (select count(*) as size from bench_workers) as pool
    join bench_workers w on w.number = case when live
      then k % (pool.size / 2) * 2 else k % pool.size end
    join bench_samples s on s.number = n % (select count(*) from bench_samples)
), stored as (
  insert into orders.orders (id, customer_id, worker_id, service_id, service, place, description,
    status, scheduled_at, ends_at, business_day, busy, price_minor, currency, price_lines,
    supplied_at, started_at, ended_at, end_kind, version, created_at, updated_at)
  select uuidv7(at - interval '3 days' - now()), customer_id, worker_id,
    (service ->> 'id')::uuid, service,
    jsonb_build_object('city', city, 'address', n || ' Elm Street'), null, status, at,
    at + interval '1 min' * minutes, (at at time zone 'UTC')::date,
    tstzrange(at, at + interval '1 min' * minutes), price, 'USD',
    lines, case when not live then at - interval '1 hour' end, case when not live then at end,
    case when not live then at + interval '1 min' * minutes end,
    case status when 'completed' then 'completed' when 'failed' then 'worker-failed'
      when 'cancelled' then 'manager-cancelled' end,
    case when live then 1 else 4 end, at - interval '3 days', at
  from drawn order by n
  returning *
), supplied as (
  insert into orders.supplies (order_id, status, items, needed_at, requested_at, issued_at, issued_by)
  select id, case when ended_at is null then 'requested' else 'issued' end, service -> 'supplies',
    scheduled_at, created_at, supplied_at, case when ended_at is not null then 'clerk' end
  from stored
  returning *
), told as (
  insert into stream.order_events (event_id, order_id, version, type, occurred_at, snapshot)
  select gen_random_uuid(), o.id, o.version, 'order.' || o.status, o.updated_at,
    orders.snapshot(o::text::orders.orders, s::text::orders.supplies)
      || '{"actor": {"kind": "worker", "id": "bench"}}'
  from stored o join supplied s on s.order_id = o.id
), explained as (
  insert into orders.match_receipts (order_id, receipt)
  select o.id, s.receipt || jsonb_build_object('chosenWorkerId', o.worker_id)
  from (select *, row_number() over () as number from stored) as o
    join bench_samples s on s.service ->> 'id' = o.service ->> 'id'
  where o.number % ${RECEIPT_EVERY} = 0
)
insert into stream.personal (subject_id, kind, data, updated_at)
select id, 'order', jsonb_build_object('place', place), created_at from stored`;

const WORKERS_BOOKS_SQL = `
with days as (
  insert into orders.worker_days (worker_id, day, assigned, last_assigned_at)
  select worker_id, (scheduled_at at time zone 'UTC')::date, count(*), max(created_at)
  from orders.orders where status in ('assigned', 'completed') group by 1, 2
  on conflict do nothing
)
insert into orders.worker_customers (worker_id, customer_id, completed)
select worker_id, customer_id, count(*) from orders.orders where status = 'completed' group by 1, 2`;
