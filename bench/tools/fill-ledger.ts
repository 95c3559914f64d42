import type pg from 'pg';

/** What one customer orders in a week of theirs; nobody ever reaches a discount. */
export const ORDERS_PER_WEEK = 5;
/** Weeks of the year in which a customer orders. */
export const WEEKS_PER_CUSTOMER = 4;
const WEEKS = 52;
const WORKER_SHARE_PERCENT = 60;
const PENALTY_MINOR = 4_000;

const CUSTOMERS_PER_BATCH = 10_000;
const CUSTOMERS_PER_WORKER = 20;

/** Customers and workers are known by their number. */
export const customerId = (number: number) =>
  `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;
export const workerId = (number: number) =>
  `00000000-0000-7000-9000-${String(number).padStart(12, '0')}`;
export const countWorkers = (customers: number) => Math.ceil(customers / CUSTOMERS_PER_WORKER);

/** Opens the accounts of so many customers and their workers, and makes the tables of the filling. */
export async function openAccounts(client: pg.Client, customers: number): Promise<void> {
  await client.query("set work_mem = '256MB'");
  await client.query(`
    create temp table bench_orders (order_id uuid, transaction_id uuid, customer_id uuid,
      worker_id uuid, ended_at timestamptz, price bigint, outcome text, pay bigint, penalty bigint,
      paid_before bigint, invoice_id uuid);
    create temp table bench_invoices (id uuid, charge_id uuid, transaction_id uuid,
      customer_id uuid, number bigint, issued_at timestamptz, orders int, total bigint);
    insert into payments.rule_versions (version, rules, first_used_at)
      values ('bench', '{}', '2025-01-01')`);
  await client.query(
    `insert into ledger.accounts (code, owner, currency)
     select code, owner, 'USD' from (
       select 'customer-receivable' as code, ${person(8, 'n')}::text as owner
         from generate_series(0, $1::bigint - 1) as n
       union all select 'worker-payable', ${person(9, 'n')}::text
         from generate_series(0, $2::bigint - 1) as n
       union all select 'provider-clearing', 'sandbox'
       union all select unnest(array['revenue', 'work-cost', 'penalties']), '') as a
     order by code, owner`,
    [customers, countWorkers(customers)],
  );
  await client.query('analyze ledger.accounts');
}

/**
 * Books a week of these customers' orders as the consumer of the stream does, with the ledger's
 * triggers on, but set-based: transactions, postings, sums of days, bookings, customers' totals.
 * @param of.monday of that week, as `YYYY-MM-DD`
 * @param of.paid whether the invoice of the week is issued and paid too, at its end
 */
export async function fillWeek(
  client: pg.Client,
  of: {
    monday: string;
    customers: number;
    first: number;
    step: number;
    paid: boolean;
  },
): Promise<void> {
  const last = of.customers - 1;
  for (let from = of.first; from <= last; from += CUSTOMERS_PER_BATCH * of.step) {
    const to = Math.min(last, from + CUSTOMERS_PER_BATCH * of.step - 1);
    await client.query('begin');
    await client.query('truncate bench_orders, bench_invoices');
    await client.query(ORDERS_SQL, [from, to, of.step, of.monday, countWorkers(of.customers)]);
    if (of.paid) await client.query(INVOICES_SQL, [of.monday]);
    await client.query(BOOKING_SQL);
    if (of.paid) await client.query(PAYING_SQL);
    await client.query('commit');
  }
}

/**
 * A ledger of a year: every week another thirteenth of the customers orders, and pays.
 * @returns how many postings there are
 */
export async function fillYear(
  client: pg.Client,
  customers: number,
  firstMonday: string,
  tell: (line: string) => void,
): Promise<number> {
  await openAccounts(client, customers);
  const apart = WEEKS / WEEKS_PER_CUSTOMER;
  for (let week = 0; week < WEEKS; week++) {
    const monday = new Date(Date.parse(firstMonday) + week * 7 * 86_400_000);
    const text = monday.toISOString().slice(0, 10);
    await fillWeek(client, {
      monday: text,
      customers,
      first: week % apart,
      step: apart,
      paid: true,
    });
    // As autovacuum keeps them in life: plans of the triggers go by them.
    if (week === 0 || (week + 1) % apart === 0) {
      await client.query('analyze');
      const postings = await countPostings(client);
      if (week > 0) tell(`${postings.toLocaleString('en-US')} postings booked`);
    }
  }
  await settle(client);
  return countPostings(client);
}

/** Leaves the tables as autovacuum and checkpoints would in time. */
export async function settle(client: pg.Client): Promise<void> {
  await client.query('vacuum analyze');
  await client.query('checkpoint');
}

async function countPostings(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ postings: string }>(
    'select coalesce(sum(postings), 0) as postings from ledger.account_days',
  );
  return Number(rows[0]?.postings);
}

function person(digit: number, number: string): string {
  return `('00000000-0000-7000-${digit}000-' || lpad((${number})::text, 12, '0'))::uuid`;
}

/** Customers $1, $1 + $3, … to $2, in the week that begins on $4; $5 workers. */
const ORDERS_SQL = `
with drawn as (
  select c, k, $4::date + k + time '08:00' + c % 600 * interval '1 min' as at,
    2000 + (c * 31 + k * 6007 + extract(week from $4::date)::bigint * 211) % 30000 as price,
    case when (c + k) % 20 = 0 then 'failed' when (c + k) % 16 = 0 then 'cancelled'
      else 'completed' end as outcome
  from generate_series($1::bigint, $2::bigint, $3::bigint) as c,
    generate_series(0, ${ORDERS_PER_WEEK - 1}) as k
)
insert into bench_orders
select uuidv7(at at time zone 'UTC' - now()), uuidv7(at at time zone 'UTC' - now()),
  ${person(8, 'c')}, ${person(9, '(c * 7 + k * 104729) % $5::bigint')},
  at at time zone 'UTC', price, outcome,
  case outcome when 'completed' then (price * ${WORKER_SHARE_PERCENT} + 50) / 100 else 0 end,
  case outcome when 'failed' then ${PENALTY_MINOR} else 0 end,
  coalesce(t.net_minor, 0)
    + coalesce(sum(price) over (partition by c order by k rows between unbounded preceding
      and 1 preceding), 0)
from drawn left join payments.customer_totals t on t.customer_id = ${person(8, 'c')}
order by at, c`;

/** The invoices of these orders in a run of the week that begins on $1. */
const INVOICES_SQL = `
with run as (
  insert into payments.runs (id, kind, period, cutoff, hash, people, items, total_minor, currency,
    status, planned_at, committed_at)
  select gen_random_uuid(), 'invoices', to_char($1::date, 'IYYY-"W"IW'), closing, gen_random_uuid(),
    1, 1, 1, 'USD', 'committed', closing, closing
  from (select ($1::date + 6 + time '18:00') at time zone 'UTC' as closing) as c
  returning id, period, cutoff
), due as (
  insert into bench_invoices
  select uuidv7(cutoff - now()), uuidv7(cutoff - now()), uuidv7(cutoff - now()), customer_id,
    right(customer_id::text, 12)::bigint + 1, cutoff, count(*), sum(price)
  from bench_orders, run group by customer_id, cutoff order by customer_id
  returning *
)
insert into payments.invoices (id, number, customer_id, period, run_id, currency, orders,
  price_minor, discount_minor, total_minor, status, issued_at, settled_at)
select due.id, run.period || '-' || lpad(number::text, 6, '0'), customer_id, run.period, run.id,
  'USD', orders, total, 0, total, 'paid', issued_at, issued_at
from due, run`;

const BOOKING_SQL = `
update bench_orders o set invoice_id = i.id from bench_invoices i
  where i.customer_id = o.customer_id;
insert into ledger.transactions (id, idempotency_key, kind, booked_on, occurred_at, subject_kind,
    subject_id, rules_version)
  select transaction_id, 'order:' || order_id, 'order', (ended_at at time zone 'UTC')::date,
    ended_at, 'order', order_id, 'bench'
  from bench_orders order by transaction_id;
insert into ledger.postings (transaction_id, line, account_id, booked_on, amount_minor, currency)
  select transaction_id, line, a.id, (ended_at at time zone 'UTC')::date, amount, 'USD'
  from bench_orders o cross join lateral (values
      (1, 'customer-receivable', o.customer_id::text, o.price), (2, 'revenue', '', -o.price),
      (3, 'work-cost', '', o.pay), (4, 'worker-payable', o.worker_id::text, -o.pay),
      (3, 'worker-payable', o.worker_id::text, o.penalty), (4, 'penalties', '', -o.penalty)
    ) as p (line, code, owner, amount)
    join ledger.accounts a on a.code = p.code and a.owner = p.owner and a.currency = 'USD'
  where amount <> 0 order by 1, 2;
insert into payments.order_bookings (order_id, event_id, transaction_id, customer_id, worker_id,
    service_code, service_name, outcome, end_kind, ended_at, ended_on, booked_on, currency,
    price_minor, paid_before_minor, discount_percent, discount_minor, net_minor, pay_minor,
    penalty_minor, rules_version, invoice_id)
  select order_id, gen_random_uuid(), transaction_id, customer_id, worker_id, 'CLEAN-STD',
    'Cleaning', outcome, case outcome when 'completed' then 'completed'
      when 'failed' then 'worker-failed' else 'customer-cancelled' end,
    ended_at, (ended_at at time zone 'UTC')::date, (ended_at at time zone 'UTC')::date, 'USD',
    price, paid_before, 0, 0, price, pay, penalty, 'bench', invoice_id
  from bench_orders order by order_id;
insert into payments.customer_totals (customer_id, net_minor, orders)
  select customer_id, sum(price), count(*) from bench_orders group by 1 order by 1
  on conflict (customer_id) do update set net_minor = customer_totals.net_minor
    + excluded.net_minor, orders = customer_totals.orders + excluded.orders`;

const PAYING_SQL = `
insert into ledger.transactions (id, idempotency_key, kind, booked_on, occurred_at, subject_kind,
    subject_id)
  select transaction_id, 'charge:' || charge_id, 'charge', (issued_at at time zone 'UTC')::date,
    issued_at, 'charge', charge_id
  from bench_invoices order by transaction_id;
insert into ledger.postings (transaction_id, line, account_id, booked_on, amount_minor, currency)
  select transaction_id, line, a.id, (issued_at at time zone 'UTC')::date, amount, 'USD'
  from bench_invoices i cross join lateral (values (1, 'provider-clearing', 'sandbox', i.total),
      (2, 'customer-receivable', i.customer_id::text, -i.total)) as p (line, code, owner, amount)
    join ledger.accounts a on a.code = p.code and a.owner = p.owner and a.currency = 'USD'
  order by 1, 2;
insert into payments.charges (id, invoice_id, generation, provider, idempotency_key, amount_minor,
    currency, status, provider_ref, due_at, sent_at, settled_at, transaction_id, created_at)
  select charge_id, id, 1, 'sandbox', 'bench:' || charge_id, total, 'USD', 'succeeded',
    'pi_' || charge_id, issued_at, issued_at, issued_at, transaction_id, issued_at
  from bench_invoices order by charge_id`;
