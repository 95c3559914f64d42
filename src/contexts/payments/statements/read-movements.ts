import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../../../platform/postgres/database.ts';
import type { AllTables } from '../dependencies.ts';

/** Something that moved money for a person, with what is needed to say it in words. */
export interface Movement {
  transactionId: string;
  line: number;
  bookedOn: string;
  at: Date;
  kind: string;
  /** Of what is reversed; otherwise the same as `kind`. */
  about: string;
  /** Debit minus credit on the person's account; 0 where it went past the account. */
  postedMinor: bigint;
  /** What moved, whatever the account says. */
  movedMinor: bigint;
  orderId: string | null;
  serviceCode: string | null;
  outcome: string | null;
  discountPercent: number | null;
  discountMinor: bigint | null;
  invoiceNumber: string | null;
  creditReason: string | null;
  payoutPeriod: string | null;
}

/** Up to where a page looks: days, the first movement of it, and how many there may be. */
interface Stretch {
  from: string;
  to: string;
  currency: string;
  begin: { bookedOn: string; transactionId: string; line: string } | undefined;
  limit: number;
}

/**
 * The person's postings, from one stretch of the index by account and day: a page costs the same,
 * whatever the account and the ledger hold besides.
 */
function onAccount(code: string, owner: string, of: Stretch): RawBuilder<unknown> {
  const onwards = of.begin
    ? sql`(p.booked_on, p.transaction_id, p.line) >= (${of.begin.bookedOn}::date,
        ${of.begin.transactionId}::uuid, ${of.begin.line}::smallint)`
    : sql`true`;
  return sql`
    select p.transaction_id, p.line, p.booked_on, p.amount_minor as posted,
      p.amount_minor as moved
    from ledger.postings p
    where p.account_id = (select a.id from ledger.accounts a
        where a.code = ${code} and a.owner = ${owner} and a.currency = ${of.currency})
      and p.booked_on between ${of.from}::date and ${of.to}::date and ${onwards}
    order by p.account_id, p.booked_on, p.transaction_id, p.line limit ${of.limit}`;
}

/**
 * Refunds and disputes are costs of ours: they leave what a customer owes as it is, but they are
 * the customer's money all the same.
 */
const pastAccount = (customerId: string) => sql`
  select t.id, 1::smallint, t.booked_on, 0::bigint,
    case when t.reverses is null then -r.amount_minor else r.amount_minor end
  from payments.invoices i
  join (select invoice_id, transaction_id, amount_minor from payments.refunds
    union all select invoice_id, transaction_id, amount_minor from payments.disputes) r
    on r.invoice_id = i.id
  join ledger.transactions t on t.id = r.transaction_id or t.reverses = r.transaction_id
  where i.customer_id = ${customerId}`;

/**
 * What moved for a person, oldest first, from this one on.
 * @param from the first one, where a page goes on
 */
export async function readMovements(
  db: Database<AllTables>,
  person: { kind: 'customer' | 'worker'; id: string },
  days: { from: string; to: string; currency: string },
  from: Stretch['begin'],
  limit: number,
): Promise<Movement[]> {
  const stretch: Stretch = { ...days, begin: from, limit };
  const code = person.kind === 'worker' ? 'worker-payable' : 'customer-receivable';
  const past =
    person.kind === 'worker'
      ? sql`select null::uuid, 0::smallint, null::date, 0::bigint, 0::bigint where false`
      : pastAccount(person.id);
  const onwards = from
    ? sql`(booked_on, transaction_id, line)
        >= (${from.bookedOn}::date, ${from.transactionId}::uuid, ${from.line}::smallint)`
    : sql`true`;
  const subject = (kind: string) =>
    sql`case when t.subject_kind = ${kind} then t.subject_id::uuid end`;
  // The page first, the words for it afterwards.
  const { rows } = await sql<Movement>`
    with past (transaction_id, line, booked_on, posted, moved) as materialized (${past}),
    moved as materialized (
      (${onAccount(code, person.id, stretch)})
      union all
      select * from past
      where booked_on between ${days.from}::date and ${days.to}::date and ${onwards}
      order by booked_on, transaction_id, line limit ${limit}),
    page as materialized (
      select t.*, m.line, m.posted, m.moved
      from moved m join ledger.transactions t on t.id = m.transaction_id)
    select t.id as "transactionId", t.line, t.booked_on as "bookedOn", t.occurred_at as at, t.kind,
      coalesce(o.kind, t.kind) as about, t.posted as "postedMinor", t.moved as "movedMinor",
      b.order_id as "orderId", b.service_code as "serviceCode", b.outcome,
      b.discount_percent as "discountPercent", b.discount_minor as "discountMinor",
      i.number as "invoiceNumber", k.reason as "creditReason", y.period as "payoutPeriod"
    from page t
    left join ledger.transactions o on o.id = t.reverses
    left join payments.order_bookings b on b.order_id = ${subject('order')}
    left join payments.charges c on c.id = ${subject('charge')}
    left join payments.refunds r on r.id = ${subject('refund')}
    left join payments.disputes d on d.id = ${subject('dispute')}
    left join payments.credits k on k.id = ${subject('credit')}
    left join payments.payouts y on y.id = ${subject('payout')}
    left join payments.invoices i on i.id = coalesce(b.invoice_id, c.invoice_id, r.invoice_id,
      d.invoice_id, ${subject('invoice')})
    order by t.booked_on, t.id, t.line`.execute(db);
  return rows;
}
