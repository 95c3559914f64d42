import { type RawBuilder, sql } from 'kysely';
import type { Check } from './examine.ts';

/** Sums of the accounts of a code, debit minus credit, by owner. */
const balances = (code: string): RawBuilder<unknown> => sql`
  select a.owner, sum(d.debit_minor - d.credit_minor) as amount
  from ledger.accounts a join ledger.account_days d on d.account_id = a.id
  where a.code = ${sql.lit(code)} group by a.owner`;

const notReversed = sql`not exists (select from ledger.transactions v where v.reverses = t.id)`;

/** Amounts on an account of movements whose keys begin so, those taken back left out. */
const booked = (code: string, ...prefixes: string[]): RawBuilder<unknown> => sql`
  select a.owner, p.amount_minor as amount
  from ledger.transactions t
  join ledger.postings p on p.transaction_id = t.id
  join ledger.accounts a on a.id = p.account_id and a.code = ${sql.lit(code)}
  where split_part(t.idempotency_key, ':', 1) in (${sql.join(prefixes.map((one) => sql.lit(one)))})
    and t.reverses is null and ${notReversed}`;

/** A finding for each owner whose balance is not the sum of what it should consist of. */
function compare(
  about: string,
  code: string,
  parts: RawBuilder<unknown>,
  label: RawBuilder<unknown> = sql`null`,
): RawBuilder<unknown> {
  return sql`
    select ${sql.lit(about)}, coalesce(b.owner, e.owner), ${label}, coalesce(b.amount, 0),
      coalesce(e.amount, 0)
    from (${balances(code)}) b
    full join (select owner, sum(amount) as amount from (${parts}) p (owner, amount)
      group by owner) e on e.owner = b.owner
    where coalesce(b.amount, 0) <> coalesce(e.amount, 0)`;
}

/** What each customer owes: orders not yet invoiced, and invoices not yet paid. */
const customersOwe: Check = {
  name: 'customers-owe-what-is-unpaid',
  checked: sql`select count(*) as rows from ledger.accounts where code = 'customer-receivable'`,
  findings: compare(
    'customer',
    'customer-receivable',
    sql`
      select customer_id::text, net_minor from payments.order_bookings
      where invoice_id is null and reversed_by is null
      union all
      select customer_id::text, total_minor - rounding_minor from payments.invoices
      where status in ('open', 'past_due')
      union all
      -- Taken although nothing was owed: the customer's until it is given back.
      select i.customer_id::text, -c.amount_minor
      from payments.charges c join payments.invoices i on i.id = c.invoice_id
      where c.transaction_id is not null and c.status <> 'succeeded'
      union all
      select i.customer_id::text, r.amount_minor
      from payments.refunds r join payments.invoices i on i.id = r.invoice_id
      where r.idempotency_key like 'refund:surplus:%' and r.status in ('pending', 'succeeded')`,
  ),
  sentences: {
    customer: ({ id }, { found, expected }) =>
      `Customer ${id} owes ${found} in the ledger, but orders not invoiced and invoices not paid come to ${expected}.`,
  },
};

/** What each worker is owed: earned, less penalties, plus credits, less what was paid. */
const workersAreOwed: Check = {
  name: 'workers-are-owed-what-is-unpaid',
  checked: sql`select count(*) as rows from ledger.accounts where code = 'worker-payable'`,
  findings: compare(
    'worker',
    'worker-payable',
    sql`
      select worker_id::text, penalty_minor - pay_minor from payments.order_bookings
      where reversed_by is null
      union all
      select worker_id::text, -amount_minor from payments.credits t
      where status = 'booked' and not exists (
        select from ledger.transactions v where v.reverses = t.transaction_id)
      union all
      ${booked('worker-payable', 'refund-claw-back', 'dispute-claw-back')}
      union all
      select worker_id::text, amount_minor from payments.payouts where status <> 'failed'`,
  ),
  sentences: {
    worker: ({ id }, { found, expected }) =>
      `Worker ${id} stands at ${found} in the ledger (negative: we owe it), but orders, credits and payouts come to ${expected}.`,
  },
};

/** What is with the provider, on its way and in the bank. */
const moneyInPlace: Check = {
  name: 'money-is-where-it-should-be',
  checked: sql`select count(*) as rows from ledger.accounts
    where code in ('provider-clearing', 'payouts-in-transit', 'bank')`,
  findings: sql`
    ${compare(
      'clearing',
      'provider-clearing',
      sql`
        select provider, amount_minor from payments.charges where transaction_id is not null
        union all
        select provider, -amount_minor from payments.refunds
        where status in ('pending', 'succeeded')
        union all
        select provider, -amount_minor from payments.disputes
        where status in ('open', 'lost') and transaction_id is not null
        union all
        select provider, -amount_minor from payments.payouts
        where status = 'paid' and method = 'provider'
        union all
        ${booked('provider-clearing', 'fee', 'provider-payout')}`,
    )}
    union all
    ${compare(
      'transit',
      'payouts-in-transit',
      sql`
        select '', -amount_minor from payments.payouts
        where status in ('planned', 'sending', 'unknown', 'exported')`,
    )}
    union all
    ${compare(
      'bank',
      'bank',
      sql`
        select '', -amount_minor from payments.payouts where status = 'paid' and method = 'bank'
        union all
        ${booked('bank', 'provider-payout')}`,
    )}`,
  sentences: {
    clearing: ({ id }, { found, expected }) =>
      `The ledger has ${found} with provider ${id}, but charges, refunds, disputes, payouts and fees come to ${expected}.`,
    transit: (_finding, { found, expected }) =>
      `Payouts in transit stand at ${found}, but payouts that are committed and not settled come to ${expected}.`,
    bank: (_finding, { found, expected }) =>
      `The bank account stands at ${found}, but the provider's payouts and our bank files come to ${expected}.`,
  },
};

export const balanceChecks: readonly Check[] = [customersOwe, workersAreOwed, moneyInPlace];
