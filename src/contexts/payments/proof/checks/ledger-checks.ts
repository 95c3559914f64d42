import { sql } from 'kysely';
import type { Check } from './examine.ts';

const allPostings = sql`select count(*) as rows from ledger.postings`;

/** All debits are all credits. */
const trialBalance: Check = {
  name: 'trial-balance',
  checked: allPostings,
  findings: sql`
    select 'rest', currency, null, sum(amount_minor), 0 from ledger.postings
    group by currency having sum(amount_minor) <> 0`,
  sentences: {
    rest: ({ id }, { found }) =>
      `The trial balance in ${id} comes to ${found} instead of 0: money was created or lost.`,
  },
};

/** Counted anew from the postings: the triggers that refuse this at booking are not believed. */
const transactionsBalanced: Check = {
  name: 'transactions-balanced',
  checked: sql`select count(*) as rows from ledger.transactions`,
  findings: sql`
    select 'unbalanced', transaction_id::text, null, sum(amount_minor), 0 from ledger.postings
      group by transaction_id, currency having sum(amount_minor) <> 0
    union all
    select 'empty', t.id::text, null, null, null from ledger.transactions t
      where not exists (select from ledger.postings p where p.transaction_id = t.id)
    union all
    select 'misfit', p.transaction_id::text, p.line::text, p.amount_minor, null
      from ledger.postings p
      left join ledger.transactions t on t.id = p.transaction_id
      left join ledger.accounts a on a.id = p.account_id
      where t.id is null or a.id is null or t.booked_on <> p.booked_on or a.currency <> p.currency
    union all
    select 'reversed-twice', reverses::text, null, count(*), 1 from ledger.transactions
      where reverses is not null group by reverses having count(*) > 1
    union all
    select 'not-opposite', t.id::text, t.reverses::text, null, null from ledger.transactions t
      where t.reverses is not null and exists (
        select from (select * from ledger.postings where transaction_id = t.id) n
        full join (select * from ledger.postings where transaction_id = t.reverses) o
          on o.line = n.line and o.account_id = n.account_id
        where n.amount_minor is distinct from -o.amount_minor)`,
  sentences: {
    unbalanced: ({ id }, { found }) =>
      `Transaction ${id} does not balance: its postings come to ${found} instead of 0.`,
    empty: ({ id }) => `Transaction ${id} has no postings.`,
    misfit: ({ id, other }, { found }) =>
      `Posting ${other} of transaction ${id} over ${found} has no transaction or account, or another day or currency than they have.`,
    'reversed-twice': ({ id, found }) => `Transaction ${id} is reversed ${found} times.`,
    'not-opposite': ({ id, other }) =>
      `Transaction ${id} reverses ${other}, but is not its exact opposite.`,
  },
};

/** What balances are read from is what the postings come to. */
const accountDays: Check = {
  name: 'account-days',
  checked: sql`select count(*) as rows from ledger.account_days`,
  findings: sql`
    select 'differs', coalesce(d.account_id, p.account_id)::text,
      coalesce(d.day, p.booked_on)::text, d.debit_minor - d.credit_minor, p.debit - p.credit
    from ledger.account_days d
    full join (
      select account_id, booked_on, sum(greatest(amount_minor, 0)) as debit,
        sum(greatest(-amount_minor, 0)) as credit, count(*) as postings
      from ledger.postings group by account_id, booked_on) p
      on p.account_id = d.account_id and p.booked_on = d.day
    where (d.debit_minor, d.credit_minor, d.postings)
      is distinct from (p.debit, p.credit, p.postings::int)`,
  sentences: {
    differs: ({ id, other }, { found, expected }) =>
      `Account ${id} has ${found} in its sums of ${other}, but its postings of that day come to ${expected}, or to other debits and credits.`,
  },
};

export const ledgerChecks: readonly Check[] = [trialBalance, transactionsBalanced, accountDays];
