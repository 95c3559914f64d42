import { type RawBuilder, sql } from 'kysely';
import { businessDay } from '../../../platform/business-time.ts';
import type { Transaction } from '../../../platform/postgres/database.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import type { Run } from '../payments.ts';
import { NOT_ASKED_FOR } from '../runs/plan-run.ts';
import type { RunKind, RunScope } from '../runs/run-kind.ts';
import { sortedId } from '../runs/sorted-id.ts';
import { bookingDay } from './booking-day.ts';

/** Payouts of a month (R-23), as a kind of run. */
export function payoutRun(deps: PaymentsDependencies): RunKind {
  const { rules } = deps;
  return {
    kind: 'payouts',
    person: 'worker',
    period: 'month',
    closesAt: rules.payouts.closesAt,
    unusualTotalFactor: rules.payouts.unusualTotalFactor,
    unusualPersonFactor: rules.payouts.unusualWorkerFactor,
    mostOddities: rules.payouts.mostOddities,
    comparedRuns: rules.payouts.comparedRuns,
    people: (scope) => payableWorkers(deps, scope),
    known: (ids) => sql`
      select w.id from unnest(${ids}) as w (id)
      where exists (select from ledger.accounts a
          where a.code = 'worker-payable' and a.owner = w.id::text)
        or exists (select from payments.order_bookings b where b.worker_id = w.id)`,
    carryOut: (tx, run, now) => carryOut(deps, tx, run, now),
    made: (run) => sql`
      select worker_id as id, worker_id || ' ' || amount_minor as line
      from payments.payouts where run_id = ${run.id}`,
  };
}

/**
 * What is payable to each worker: all that was booked for days before the cutoff's, on that day
 * what happened before the cutoff, and every payout and its return, whenever that was. So what
 * comes in after the cutoff changes no plan, and nothing is paid twice, in whatever order the months
 * are run. Workers with nothing payable and nothing new are not mentioned. Odd minor units that the
 * provider cannot move stay payable.
 */
function payableWorkers(deps: PaymentsDependencies, scope: RunScope): RawBuilder<unknown> {
  const day = businessDay(scope.cutoff, deps.timeZone);
  const only = scope.only === null ? null : [...scope.only];
  const step = deps.provider.chargeStep(scope.currency);
  return sql`
    select w.id, w.items, w.amount as price_minor, 0::bigint as discount_minor,
      w.amount as amount_minor, u.usual as usual_minor, w.id || ' ' || w.amount as line,
      case
        when ${only}::uuid[] is not null and w.id <> all(${only}::uuid[]) then ${NOT_ASKED_FOR}
        when e.reason is not null then e.reason
        when w.has_payout then 'has a payout of ' || ${scope.period}::text || ' already'
        when h.reason is not null then 'held: ' || h.reason
        when w.amount < 0 then 'negative: carried over'
        when w.amount = 0 then 'nothing to pay'
      end as left_out
    from (
      select a.owner::uuid as id, (s.amount - greatest(s.amount, 0) % ${step}::bigint)::bigint as amount,
        (coalesce(b.items, 0) + coalesce(t.items, 0))::int as items,
        exists (select from payments.payouts p
          where p.worker_id = a.owner::uuid and p.period = ${scope.period}) as has_payout
      from ledger.accounts a
      cross join lateral (
        select coalesce(max((p.created_at at time zone ${deps.timeZone})::date), '-infinity') as day
        from payments.payouts p
        where p.worker_id = a.owner::uuid and p.status <> 'failed') as last
      left join lateral (
        select sum(d.credit_minor - d.debit_minor) as amount,
          sum(d.postings) filter (where d.day > last.day) as items
        from ledger.account_days d
        where d.account_id = a.id and d.day < ${day}::date) as b on true
      left join lateral (
        select -sum(p.amount_minor) as amount,
          count(*) filter (where t.subject_kind <> 'payout' and p.booked_on > last.day) as items
        from ledger.postings p join ledger.transactions t on t.id = p.transaction_id
        where p.account_id = a.id and p.booked_on >= ${day}::date
          and (t.subject_kind = 'payout'
            or (p.booked_on = ${day}::date and t.occurred_at < ${scope.cutoff}))) as t on true
      cross join lateral (select coalesce(b.amount, 0) + coalesce(t.amount, 0) as amount) as s
      where a.code = 'worker-payable' and a.currency = ${scope.currency}) as w
    left join jsonb_to_recordset(${JSON.stringify(scope.except)}::jsonb) as e (id uuid, reason text)
      on e.id = w.id
    left join payments.payout_holds h on h.worker_id = w.id and h.released_at is null
    left join lateral (
      select avg(amount_minor)::bigint as usual from (
        select p.amount_minor from payments.payouts p
        where p.worker_id = w.id and p.status <> 'failed'
        order by p.period desc limit ${deps.rules.payouts.comparedRuns}) as earlier) as u on true
    where w.amount <> 0 or w.items > 0`;
}

/** Payouts with their first attempt's booking, from payable to in transit, set by set. */
async function carryOut(
  deps: PaymentsDependencies,
  tx: Transaction<AllTables>,
  run: Run,
  now: Date,
): Promise<void> {
  const { defaultMethod } = deps.rules.payouts;
  await preferIndexes(tx);
  const ordinal = sql`row_number() over (order by w.id)`;
  const payoutId = sortedId(now, ordinal, sql`w.id::text || ${`${run.id} payout`}`);
  await sql`
    insert into payments.payouts (id, worker_id, period, run_id, amount_minor, currency, method,
      provider, idempotency_key, status, due_at, created_at)
    select w.id, w.worker_id, ${run.period}, ${run.id}, w.amount_minor, ${run.currency}, w.method,
      case when w.method = 'provider' then ${deps.provider.name} end, 'payout:' || w.id || ':1',
      'planned', ${now}, ${now}
    from (
      select ${payoutId} as id, w.id as worker_id, w.amount_minor,
        coalesce(d.method, ${defaultMethod}::text) as method
      from (${payableWorkers(deps, run)}) as w
      left join payments.payout_destinations d on d.worker_id = w.id
      where w.left_out is null) as w`.execute(tx);
  await sql`
    insert into payments.payout_steps (payout_id, step, generation, status, detail, at)
    select id, 1, generation, status, ${`run ${run.hash.slice(0, 12)}`}, ${now}
    from payments.payouts where run_id = ${run.id}`.execute(tx);
  await bookRun(deps, tx, run, now);
}

/**
 * The table of payouts grows while it is read, and was empty or small when the plan for reading it
 * was made: looking through all of it for each worker would take minutes. Where that costs a plan
 * as much as anything, the compiler of plans would set in.
 */
async function preferIndexes(tx: Transaction<AllTables>): Promise<void> {
  await sql`
    select set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)`.execute(tx);
}

async function bookRun(
  deps: PaymentsDependencies,
  tx: Transaction<AllTables>,
  run: Run,
  now: Date,
): Promise<void> {
  const day = await bookingDay(tx, now, deps.timeZone);
  await sql`
    insert into ledger.accounts (code, owner, currency)
    values ('payouts-in-transit', '', ${run.currency})
    on conflict (code, owner, currency) do nothing`.execute(tx);
  const ordinal = sql`row_number() over (order by p.id)`;
  const transactionId = sortedId(now, ordinal, sql`p.id::text || 'payout transaction'`);
  await sql`
    insert into ledger.transactions
      (id, idempotency_key, kind, booked_on, occurred_at, subject_kind, subject_id)
    select ${transactionId}, p.idempotency_key, 'payout', ${day}::date, ${now}, 'payout', p.id
    from payments.payouts p where p.run_id = ${run.id}`.execute(tx);
  // The same ids once more, and accounts looked up one by one: nobody has counted the new rows
  // yet, and a join that expects a few of them compares each with each.
  await sql`
    insert into ledger.postings (transaction_id, line, account_id, booked_on, amount_minor, currency)
    select w.id, l.line, case l.line when 1 then w.payable else w.transit end, ${day}::date,
      case l.line when 1 then w.amount_minor else -w.amount_minor end, w.currency
    from (
      select ${transactionId} as id, p.amount_minor, p.currency,
        (select a.id from ledger.accounts a where a.code = 'worker-payable'
          and a.owner = p.worker_id::text and a.currency = p.currency) as payable,
        (select a.id from ledger.accounts a where a.code = 'payouts-in-transit'
          and a.owner = '' and a.currency = ${run.currency}) as transit
      from payments.payouts p where p.run_id = ${run.id} offset 0) as w
    cross join (values (1::smallint), (2::smallint)) as l (line)`.execute(tx);
}
