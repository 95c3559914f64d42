import { type RawBuilder, sql } from 'kysely';
import { businessDay } from '../../../platform/business-time.ts';
import type { Transaction } from '../../../platform/postgres/database.ts';
import { firstChargeKey } from '../charges/charge-key.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import { firstOpenDay, postTransactions } from '../ledger/post-transactions.ts';
import { mailInvoicesIssued } from '../mails/enqueue.ts';
import type { Run } from '../payments.ts';
import { NOT_ASKED_FOR } from '../runs/plan-run.ts';
import type { RunKind, RunScope } from '../runs/run-kind.ts';
import { sortedId } from '../runs/sorted-id.ts';

/** Roundings booked at once: only currencies with an odd smallest charge have any. */
const ROUNDINGS_AT_ONCE = 2_000;

/** Weekly invoices as a kind of run (R-22). */
export function invoiceRuns(deps: PaymentsDependencies): RunKind {
  const { invoices } = deps.rules;
  const people = (scope: RunScope) => selectPeople(deps, scope);
  return {
    kind: 'invoices',
    person: 'customer',
    period: 'week',
    closesAt: invoices.closesAt,
    unusualTotalFactor: invoices.unusualTotalFactor,
    unusualPersonFactor: invoices.unusualCustomerFactor,
    mostOddities: invoices.mostOddities,
    comparedRuns: invoices.comparedRuns,
    people,
    known: (ids) => sql`
      select asked.id from unnest(${ids}) as asked (id) where exists (
        select from payments.order_bookings b where b.customer_id = asked.id)`,
    carryOut: async (tx, run, now) => {
      await insertInvoices(tx, people(run), run, now, deps.provider.chargeStep(run.currency));
      await takeOrders(tx, run);
      await bookRoundings(tx, deps, run, now);
      await insertCharges(tx, deps.provider.name, run, now);
      await mailInvoicesIssued(tx, run.id, now);
    },
    made: selectMade,
  };
}

/**
 * All orders not yet invoiced, also of earlier weeks, by customer. What is looked up per customer
 * is looked up by index in subqueries of its own: right after a run the statistics of the tables
 * know nothing of it yet, and a join would be planned as if it were for a handful.
 */
function selectPeople(deps: PaymentsDependencies, scope: RunScope): RawBuilder<unknown> {
  const step = deps.provider.chargeStep(scope.currency);
  const least = [deps.provider.leastCharge(scope.currency), step, 1n].reduce((most, one) =>
    one > most ? one : most,
  );
  return sql`
    select due.id, due.items, due.price_minor, due.discount_minor, due.amount_minor,
      (select avg(total_minor)::bigint from (
        select i.total_minor from payments.invoices i
        where i.customer_id = due.id and i.status <> 'void'
        order by i.issued_at desc, i.id desc
        limit ${deps.rules.invoices.comparedRuns}::int) as last) as usual_minor,
      ${line(
        {
          id: sql`due.id`,
          amount: sql`due.amount_minor`,
          items: sql`due.items`,
          price: sql`due.price_minor`,
          orders: sql`due.orders`,
        },
        scope.period,
      )} as line,
      case
        when ${scope.only !== null}::boolean
          and due.id <> all(${[...(scope.only ?? [])]}::uuid[]) then ${NOT_ASKED_FOR}::text
        when ex.reason is not null then 'left out: ' || ex.reason
        when exists (select from payments.invoices i where i.customer_id = due.id
          and i.period = ${scope.period} and i.status <> 'void')
          then 'invoiced already in this period'
        when due.amount_minor - due.amount_minor % ${step}::bigint < ${least}::bigint
          then 'below the least amount that can be charged'
      end as left_out
    from (
      select customer_id as id, count(*)::int as items, sum(price_minor)::bigint as price_minor,
        sum(discount_minor)::bigint as discount_minor, sum(net_minor)::bigint as amount_minor,
        ${ordersDigest} as orders
      from payments.order_bookings
      where invoice_id is null and reversed_by is null and ended_at < ${scope.cutoff}::timestamptz
        and currency = ${scope.currency}
      group by customer_id) as due
    left join jsonb_to_recordset(${JSON.stringify(scope.except)}::jsonb) as ex (id uuid, reason text)
      on ex.id = due.id`;
}

/** The same lines from the invoices of a run and the orders that stand on them. */
function selectMade(run: Run): RawBuilder<unknown> {
  return sql`
    select due.id, ${line(
      {
        id: sql`due.id`,
        amount: sql`due.total_minor`,
        items: sql`due.items`,
        price: sql`due.price_minor`,
        orders: sql`due.orders`,
      },
      run.period,
    )} as line
    from (
      select i.customer_id as id, i.total_minor, i.orders as items, i.price_minor,
        ${ordersDigest} as orders
      from payments.invoices i
      join payments.order_bookings b on b.invoice_id = i.id
      where i.run_id = ${run.id} group by i.id) as due`;
}

const ordersDigest = sql`
  md5(string_agg(order_id || ' ' || net_minor, ',' order by order_id))`;

/**
 * What must be the same at commit. With the number of invoices taken back: a week that is issued
 * again afterwards is another run. They are looked for by customer alone: statistics say that
 * nothing is in a period that has just begun, and then each look-up would read all of it.
 */
function line(
  of: Record<'id' | 'amount' | 'items' | 'price' | 'orders', RawBuilder<unknown>>,
  period: string,
): RawBuilder<string> {
  return sql<string>`${of.id} || ' ' || ${of.amount} || ' ' || ${of.items} || ' ' || ${of.price}
    || ' ' || (select count(*) filter (where v.period = ${period}) from payments.invoices v
      where v.customer_id = ${of.id} and v.status = 'void') || ' ' || ${of.orders}`;
}

/**
 * Numbers go on where the period's last run ended: invoices are never deleted, so that counting
 * them is enough.
 */
async function insertInvoices(
  tx: Transaction<AllTables>,
  people: RawBuilder<unknown>,
  run: Run,
  now: Date,
  step: bigint,
): Promise<void> {
  await sql`
    with people as materialized (${people}),
    numbered as (
      select *, row_number() over (order by id)
        + (select count(*) from payments.invoices where period = ${run.period}) as number
      from people where left_out is null)
    insert into payments.invoices (id, number, customer_id, period, run_id, currency, orders,
      price_minor, discount_minor, total_minor, rounding_minor, issued_at)
    select ${sortedId(now, sql`number`, sql`${run.id}::text || id || 'invoice'`)},
      ${run.period}::text || '-' || lpad(number::text, greatest(6, length(number::text)), '0'),
      id, ${run.period}, ${run.id}::uuid, ${run.currency}, items, price_minor, discount_minor,
      amount_minor, amount_minor % ${step}::bigint, ${now}::timestamptz
    from numbered order by number`.execute(tx);
}

/**
 * Takes the orders that are due. What came in between is taken too, and the comparison with the
 * plan's hash then finds it. Statistics know nothing of the invoices made just now: taken for a
 * handful, they would be searched through for every order, unless loops are ruled out.
 */
async function takeOrders(tx: Transaction<AllTables>, run: Run): Promise<void> {
  await sql`select set_config('enable_nestloop', 'off', true)`.execute(tx);
  await sql`
    update payments.order_bookings b set invoice_id = i.id
    from payments.invoices i
    where i.run_id = ${run.id} and b.customer_id = i.customer_id and b.invoice_id is null
      and b.reversed_by is null and b.ended_at < ${run.cutoff} and b.currency = i.currency`.execute(
    tx,
  );
  await sql`select set_config('enable_nestloop', 'on', true)`.execute(tx);
}

/** The first attempts, due at once, with the step that tells where they come from. */
async function insertCharges(
  tx: Transaction<AllTables>,
  provider: string,
  run: Run,
  now: Date,
): Promise<void> {
  const id = sortedId(now, sql`row_number() over (order by id)`, sql`id::text || 'charge'`);
  await sql`
    with made as (
      insert into payments.charges (id, invoice_id, generation, provider, idempotency_key,
        amount_minor, currency, status, due_at, created_at)
      select ${id}, id, 1, ${provider}::text, ${firstChargeKey(sql`id`)},
        total_minor - rounding_minor, currency, 'planned', ${now}::timestamptz,
        ${now}::timestamptz
      from payments.invoices where run_id = ${run.id}
      returning id)
    insert into payments.charge_steps (charge_id, step, status, at)
    select id, 1, 'planned', ${now}::timestamptz from made`.execute(tx);
}

/** Odd minor units that the provider cannot charge are let go, and the ledger says so. */
async function bookRoundings(
  tx: Transaction<AllTables>,
  deps: PaymentsDependencies,
  run: Run,
  now: Date,
): Promise<void> {
  if (deps.provider.chargeStep(run.currency) === 1n) return;
  const open = await firstOpenDay(tx);
  const today = businessDay(now, deps.timeZone);
  let last = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const invoices = await tx
      .selectFrom('payments.invoices')
      .select(['id', 'customer_id', 'rounding_minor'])
      .where('run_id', '=', run.id)
      .where('rounding_minor', '<>', 0n)
      .where('id', '>', last)
      .orderBy('id')
      .limit(ROUNDINGS_AT_ONCE)
      .execute();
    const bookings = invoices.map((invoice) => ({
      id: deps.ids.next(),
      idempotencyKey: `rounding:${invoice.id}`,
      kind: 'rounding',
      bookedOn: open !== null && open > today ? open : today,
      occurredAt: now,
      subjectKind: 'invoice',
      subjectId: invoice.id,
      postings: [
        { code: 'rounding', amountMinor: invoice.rounding_minor },
        {
          code: 'customer-receivable',
          owner: invoice.customer_id,
          amountMinor: -invoice.rounding_minor,
        },
      ],
    }));
    await postTransactions(tx, run.currency, bookings);
    const end = invoices.at(-1);
    if (!end) return;
    last = end.id;
  }
}
