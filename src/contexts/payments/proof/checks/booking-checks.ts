import { sql } from 'kysely';
import type { Check } from './examine.ts';

const allBookings = sql`select count(*) as rows from payments.order_bookings`;

/** What was booked for an order is what its booking says, account by account. */
const bookingsPosted: Check = {
  name: 'bookings-posted',
  checked: allBookings,
  findings: sql`
    select case when e.order_id is null then 'stray' else 'differs' end,
      coalesce(e.order_id, a.subject_id), trim(coalesce(e.code, a.code)), a.amount, e.amount
    from (
      select b.order_id::text as order_id, b.transaction_id, v.code, v.owner, v.amount
      from payments.order_bookings b
      cross join lateral (values
        ('customer-receivable', b.customer_id::text, b.net_minor),
        ('discounts', '', b.discount_minor),
        ('revenue', '', -b.price_minor),
        ('work-cost', '', b.pay_minor),
        ('worker-payable', b.worker_id::text, b.penalty_minor - b.pay_minor),
        ('penalties', '', -b.penalty_minor)) as v (code, owner, amount)
      where v.amount <> 0) e
    full join (
      select t.id, t.subject_id, c.code, c.owner, sum(p.amount_minor) as amount
      from ledger.transactions t
      join ledger.postings p on p.transaction_id = t.id
      join ledger.accounts c on c.id = p.account_id
      where t.kind = 'order'
      group by t.id, c.code, c.owner having sum(p.amount_minor) <> 0) a
      on a.id = e.transaction_id and a.code = e.code and a.owner = e.owner
    where e.amount is distinct from a.amount
    union all
    select 'reversal', b.order_id::text, r.id::text, null, null
    from payments.order_bookings b
    left join ledger.transactions r on r.reverses = b.transaction_id
    where r.id is distinct from b.reversed_by`,
  sentences: {
    differs: ({ id, other }, { found, expected }) =>
      `Order ${id} has ${found} booked on ${other}, but its booking says ${expected}.`,
    stray: ({ id, other }, { found }) =>
      `The ledger has ${found} on ${other} for order ${id}, which has no booking that says so.`,
    reversal: ({ id, other }) =>
      `The booking of order ${id} names another reversal than the ledger, which has ${other ?? 'none'}.`,
  },
};

/**
 * what a customer "paid before" an order is the sum of the orders booked before it. The
 * bookings of a customer form a chain, each beginning where the one before ended; where an order
 * was reversed the chain has a step back, and only its bounds are checked.
 */
const paidBefore: Check = {
  name: 'paid-before',
  checked: allBookings,
  findings: sql`
    select 'chain', order_id::text, customer_id::text, paid_before_minor, coalesce(sum, 0)
    from (
      select order_id, customer_id, paid_before_minor, reversed_by,
        bool_or(reversed_by is not null) over (partition by customer_id) as has_reversal,
        sum(net_minor) over (partition by customer_id order by paid_before_minor, net_minor, order_id
          rows between unbounded preceding and 1 preceding) as sum,
        sum(net_minor) over (partition by customer_id) - net_minor as others
      from payments.order_bookings) b
    where case when has_reversal then paid_before_minor not between 0 and others
      else paid_before_minor <> coalesce(sum, 0) end
    union all
    select 'total', coalesce(t.customer_id, b.customer_id)::text,
      coalesce(t.orders, 0)::text, t.net_minor, b.net
    from payments.customer_totals t
    full join (
      select customer_id, sum(net_minor) filter (where reversed_by is null) as net
      from payments.order_bookings group by customer_id) b on b.customer_id = t.customer_id
    where coalesce(t.net_minor, 0) <> coalesce(b.net, 0)`,
  sentences: {
    chain: ({ id, other }, { found, expected }) =>
      `Order ${id} of customer ${other} says that ${found} were paid before it, but the customer's earlier orders come to ${expected}.`,
    total: ({ id }, { found, expected }) =>
      `Customer ${id} has a total of ${found}, but the customer's booked orders come to ${expected}.`,
  },
};

/** */
const creditsSigned: Check = {
  name: 'credits-signed',
  checked: sql`select count(*) as rows from payments.credits`,
  findings: sql`
    select 'alone', id::text, requested_by, amount_minor, null from payments.credits
      where needs_approval and status = 'booked'
        and (decided_by is null or decided_by = requested_by)
    union all
    select case when c.id is null then 'stray' else 'differs' end,
      coalesce(c.id::text, t.subject_id), t.id::text, -t.amount, c.amount_minor
    from (select * from payments.credits where status = 'booked') c
    full join (
      select t.id, t.subject_id, a.owner, sum(p.amount_minor) as amount
      from ledger.transactions t
      join ledger.postings p on p.transaction_id = t.id
      join ledger.accounts a on a.id = p.account_id and a.code = 'worker-payable'
      where t.kind = 'credit' group by t.id, a.owner) t
      on t.id = c.transaction_id and t.owner = c.worker_id::text
    where c.amount_minor is distinct from -t.amount`,
  sentences: {
    alone: ({ id, other }, { found }) =>
      `Credit ${id} over ${found} needs two people, but was requested and decided by ${other} alone.`,
    differs: ({ id }, { found, expected }) =>
      `Credit ${id} is booked with ${found} instead of ${expected}.`,
    stray: ({ id, other }, { found }) =>
      `Transaction ${other} books ${found} for credit ${id}, which is no booked credit.`,
  },
};

export const bookingChecks: readonly Check[] = [bookingsPosted, paidBefore, creditsSigned];
