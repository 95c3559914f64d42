import { sql } from 'kysely';
import type { Check } from './examine.ts';

const allInvoices = sql`select count(*) as rows from payments.invoices`;

/** Each order stands on one invoice at most, of its own customer, which is the sum of its orders. */
const invoicesAddUp: Check = {
  name: 'invoices-add-up',
  checked: allInvoices,
  findings: sql`
    select 'sum', i.id::text, i.number, i.total_minor, coalesce(b.net, 0)
    from payments.invoices i
    left join (
      select invoice_id, count(*) as orders, sum(price_minor) as price,
        sum(discount_minor) as discount, sum(net_minor) as net
      from payments.order_bookings where invoice_id is not null group by invoice_id) b
      on b.invoice_id = i.id
    where i.status <> 'void' and (i.orders, i.price_minor, i.discount_minor, i.total_minor)
      is distinct from (b.orders::int, b.price, b.discount, b.net)
    union all
    select case when i.id is null then 'unknown' when i.status = 'void' then 'void'
        when b.reversed_by is not null then 'reversed' else 'other-customer' end,
      b.order_id::text, b.invoice_id::text, b.net_minor, null
    from payments.order_bookings b
    left join payments.invoices i on i.id = b.invoice_id
    where b.invoice_id is not null and (i.id is null or i.status = 'void'
      or b.reversed_by is not null or i.customer_id <> b.customer_id or i.currency <> b.currency)
    union all
    select 'twice', order_id::text, null, count(*), 1 from payments.order_bookings
    group by order_id having count(*) > 1
    union all
    select 'period', min(id::text), customer_id::text || ' in ' || period, count(*), 1
    from payments.invoices where status <> 'void' group by customer_id, period having count(*) > 1`,
  sentences: {
    sum: ({ id, other }, { found, expected }) =>
      `Invoice ${other} (${id}) is over ${found}, but its orders come to ${expected}, or to other prices, discounts or numbers.`,
    unknown: ({ id, other }) => `Order ${id} stands on invoice ${other}, which there is not.`,
    void: ({ id, other }) => `Order ${id} stands on invoice ${other}, which is void.`,
    reversed: ({ id, other }) => `Order ${id} stands on invoice ${other}, but is reversed.`,
    'other-customer': ({ id, other }) =>
      `Order ${id} stands on invoice ${other}, which is another customer's or in another currency.`,
    twice: ({ id, found }) => `Order ${id} is booked and can be invoiced ${found} times.`,
    period: ({ other, found }) => `Customer ${other} has ${found} invoices.`,
  },
};

/** What the ledger has for each charge. */
const chargedInLedger = sql`
  select t.id, t.subject_id, sum(p.amount_minor) as amount
  from ledger.transactions t
  join ledger.postings p on p.transaction_id = t.id
  join ledger.accounts a on a.id = p.account_id and a.code = 'provider-clearing'
  where t.kind = 'charge' group by t.id`;

/** what is paid was charged once, with the amount, and nothing else was charged. */
const invoicesPaidOnce: Check = {
  name: 'invoices-paid-once',
  checked: allInvoices,
  findings: sql`
    select case when c.charges > 1 then 'twice' when i.status = 'paid' then 'unpaid'
        else 'not-paid' end,
      i.id::text, i.number || ' (' || i.status || ')', coalesce(c.charges, 0), null
    from payments.invoices i
    left join (select invoice_id, count(*) as charges from payments.charges
      where status = 'succeeded' group by invoice_id) c on c.invoice_id = i.id
    where coalesce(c.charges, 0) <> case when i.status = 'paid' then 1 else 0 end
    union all
    select 'amount', c.id::text, i.number, c.amount_minor, i.total_minor - i.rounding_minor
    from payments.charges c join payments.invoices i on i.id = c.invoice_id
    where c.status = 'succeeded' and c.amount_minor <> i.total_minor - i.rounding_minor
    union all
    select case when c.id is null then 'stray' when t.id is null then 'unbooked' else 'booked' end,
      coalesce(c.id::text, t.subject_id), t.id::text, t.amount, c.amount_minor
    from (select * from payments.charges
      where status = 'succeeded' or transaction_id is not null) c
    full join (${chargedInLedger}) t on t.id = c.transaction_id
    where c.amount_minor is distinct from t.amount
    union all
    select 'surplus', c.id::text, c.invoice_id::text, c.amount_minor, null
    from payments.charges c
    where c.transaction_id is not null and c.status <> 'succeeded'
      and not exists (select from payments.refunds r where r.charge_id = c.id)`,
  sentences: {
    twice: ({ id, other, found }) =>
      `Invoice ${other}, ${id}, has ${found} charges that succeeded: the customer was charged more than once.`,
    unpaid: ({ id, other }) => `Invoice ${other}, ${id}, has no charge that succeeded.`,
    'not-paid': ({ id, other }) =>
      `Invoice ${other}, ${id}, has a charge that succeeded, but is not paid.`,
    amount: ({ id, other }, { found, expected }) =>
      `Charge ${id} took ${found} for invoice ${other}, of which ${expected} were due.`,
    booked: ({ id, other }, { found, expected }) =>
      `Charge ${id} took ${expected}, but transaction ${other} books ${found}.`,
    unbooked: ({ id }, { expected }) => `Charge ${id} took ${expected} that are not booked.`,
    stray: ({ id, other }, { found }) =>
      `Transaction ${other} books ${found} for charge ${id}, which has not taken it.`,
    surplus: ({ id, other }, { found }) =>
      `Charge ${id} took ${found} beyond what was due for invoice ${other}, and no refund of it is planned.`,
  },
};

/** never more goes back than came. */
const refundsWithinCharges: Check = {
  name: 'refunds-within-charges',
  checked: sql`select count(*) as rows from payments.refunds`,
  findings: sql`
    select 'too-much', c.id::text, c.invoice_id::text, r.amount, c.amount_minor
    from (select charge_id, sum(amount_minor) as amount from payments.refunds
      where status <> 'failed' group by charge_id) r
    join payments.charges c on c.id = r.charge_id
    where r.amount > c.amount_minor
    union all
    select 'unbooked', r.id::text, r.status, coalesce(t.amount, 0), r.amount_minor
    from payments.refunds r
    left join (
      select t.id, -sum(p.amount_minor) as amount
      from ledger.transactions t
      join ledger.postings p on p.transaction_id = t.id
      join ledger.accounts a on a.id = p.account_id and a.code = 'provider-clearing'
      where t.kind <> 'reversal'
        and not exists (select from ledger.transactions v where v.reverses = t.id)
      group by t.id) t on t.id = r.transaction_id
    where coalesce(t.amount, 0)
      <> case when r.status in ('pending', 'succeeded') then r.amount_minor else 0 end`,
  sentences: {
    'too-much': ({ id, other }, { found, expected }) =>
      `Of charge ${id} for invoice ${other} ${found} are refunded, but it took only ${expected}.`,
    unbooked: ({ id, other }, { found, expected }) =>
      `Refund ${id} over ${expected} is ${other}, but ${found} are booked for it.`,
  },
};

export const invoiceChecks: readonly Check[] = [
  invoicesAddUp,
  invoicesPaidOnce,
  refundsWithinCharges,
];
