import { sql } from 'kysely';
import { businessDay } from '../../../platform/business-time.ts';
import { type Period, periodOf } from '../../../platform/jobs/period.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { PersonStatement } from '../payments.ts';

type Deps = Pick<PaymentsDependencies, 'db' | 'clock' | 'timeZone' | 'currency'>;

/**
 * What a customer's next invoice comes to by now. It is the current week's, or the next week's
 * once that one is issued.
 */
export async function currentDue(
  deps: Deps,
  customerId: string | null,
): Promise<NonNullable<PersonStatement['due']>> {
  const week = periodOf('week', deps.clock.now(), deps.timeZone);
  const { rows } = await sql<{ orders: bigint; amount: bigint; issued: boolean }>`
    select count(*) as orders, coalesce(sum(net_minor), 0)::bigint as amount,
      exists (select from payments.invoices where customer_id = ${customerId}
        and period = ${week.key} and status <> 'void') as issued
    from payments.order_bookings
    where customer_id = ${customerId} and invoice_id is null
      and reversed_by is null`.execute(deps.db);
  const [row] = rows;
  const period = row?.issued ? periodOf('week', week.endsAt, deps.timeZone) : week;
  return {
    period: period.key,
    issuedOn: lastDay(period, deps.timeZone),
    orders: Number(row?.orders ?? 0n),
    amountMinor: row?.amount ?? 0n,
  };
}

function lastDay(period: Period, timeZone: string): string {
  return businessDay(new Date(period.endsAt.getTime() - 1), timeZone);
}

/**
 * How a worker's current month stands: carried over from before, plus earned and credited, minus
 * kept, minus what was paid out meanwhile, is what is payable.
 */
export async function currentMonth(
  deps: Deps,
  workerId: string | null,
): Promise<NonNullable<PersonStatement['month']>> {
  const month = periodOf('month', deps.clock.now(), deps.timeZone);
  const first = `${month.key}-01`;
  // A reversal counts against what it reverses. Debits were kept, credits earned.
  const { rows } = await sql<{ earned: bigint; kept: bigint; credits: bigint }>`
    select coalesce(sum(-amount) filter (where about = 'order' and not is_debit), 0)::bigint
        as earned,
      coalesce(sum(amount) filter (where about = 'order' and is_debit or about like '%claw-back'),
        0)::bigint as kept,
      coalesce(sum(-amount) filter (where about = 'credit'), 0)::bigint as credits
    from (
      select p.amount_minor as amount, coalesce(o.kind, t.kind) as about,
        (p.amount_minor > 0) = (t.reverses is null) as is_debit
      from ledger.accounts a
      join ledger.postings p on p.account_id = a.id and p.booked_on >= ${first}::date
      join ledger.transactions t on t.id = p.transaction_id
      left join ledger.transactions o on o.id = t.reverses
      where a.code = 'worker-payable' and a.owner = ${workerId} and a.currency = ${deps.currency}
    ) as moved`.execute(deps.db);
  const { rows: balances } = await sql<{ carried: bigint; payable: bigint }>`
    select coalesce(sum(d.credit_minor - d.debit_minor) filter (where d.day < ${first}::date), 0)
        ::bigint as carried,
      coalesce(sum(d.credit_minor - d.debit_minor), 0)::bigint as payable
    from ledger.accounts a join ledger.account_days d on d.account_id = a.id
    where a.code = 'worker-payable' and a.owner = ${workerId}
      and a.currency = ${deps.currency}`.execute(deps.db);
  return {
    period: month.key,
    earnedMinor: rows[0]?.earned ?? 0n,
    penaltiesMinor: rows[0]?.kept ?? 0n,
    creditsMinor: rows[0]?.credits ?? 0n,
    carriedMinor: balances[0]?.carried ?? 0n,
    payableMinor: balances[0]?.payable ?? 0n,
  };
}
