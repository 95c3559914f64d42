import { type RawBuilder, sql } from 'kysely';
import { expect, test } from 'vitest';
import type { ProofReport } from '../payments.ts';
import { openPaidWeek } from './testing.ts';

type Week = Awaited<ReturnType<typeof openPaidWeek>>;

/** Something that must never happen, and the sentence of the check that finds it. */
interface Break {
  check: string;
  does: (week: Week) => RawBuilder<unknown>[];
  says: (week: Week) => RegExp;
}

function violations(report: ProofReport): string[] {
  return report.checks
    .filter((check) => !check.passed)
    .flatMap((check) => check.violations.map((text) => `${check.name}: ${text}`));
}

/** A balanced movement that nothing stands behind. */
const move = (key: string, from: [string, string], to: [string, string]) => [
  sql`insert into ledger.accounts (code, owner, currency)
    values (${from[0]}, ${from[1]}, 'USD'), (${to[0]}, ${to[1]}, 'USD') on conflict do nothing`,
  sql`with t as (
      insert into ledger.transactions (id, idempotency_key, kind, booked_on, occurred_at,
        subject_kind, subject_id)
      values (gen_random_uuid(), ${key}, 'other', '2026-11-30', '2026-11-30', 'none', 'none')
      returning id)
    insert into ledger.postings (transaction_id, line, account_id, booked_on, amount_minor, currency)
    select t.id, l.line, a.id, '2026-11-30', l.amount, 'USD'
    from t, (values (1, ${from[0]}, ${from[1]}, -1), (2, ${to[0]}, ${to[1]}, 1))
      as l (line, code, owner, amount)
    join ledger.accounts a on a.code = l.code and a.owner = l.owner`,
  sql`delete from ledger.account_days`,
  sql`insert into ledger.account_days
    select account_id, booked_on, sum(greatest(amount_minor, 0)), sum(greatest(-amount_minor, 0)),
      count(*) from ledger.postings group by 1, 2`,
];

const transactionOf = (key: string) =>
  sql`(select id from ledger.transactions where idempotency_key = ${key})`;
const chargeOf = (customerId: string) => sql`(select c.id from payments.charges c
  join payments.invoices i on i.id = c.invoice_id where i.customer_id = ${customerId})`;

/** Inserts a row's copy with some columns changed. */
const copy = (table: string, where: RawBuilder<unknown>, change: RawBuilder<unknown>) =>
  sql`insert into ${sql.table(table)}
    select (jsonb_populate_record(t, ${change})).* from ${sql.table(table)} t where ${where}`;

const LEDGER: Break[] = [
  {
    check: 'trial-balance',
    does: ({ first }) => [
      sql`update ledger.postings set amount_minor = amount_minor + 100
        where transaction_id = ${transactionOf(`order:${first.orderId}`)} and line = 1`,
    ],
    says: () => /The trial balance in USD comes to 1\.00 USD instead of 0/,
  },
  {
    check: 'transactions-balanced',
    does: ({ first }) => [
      sql`update ledger.postings set amount_minor = amount_minor + 100
        where transaction_id = ${transactionOf(`order:${first.orderId}`)} and line = 1`,
      sql`update ledger.postings set amount_minor = amount_minor - 100
        where transaction_id <> ${transactionOf(`order:${first.orderId}`)} and line = 1
          and transaction_id = (select id from ledger.transactions where kind = 'charge' limit 1)`,
    ],
    says: () => /Transaction [0-9a-f-]{36} does not balance: its postings come to -?1\.00 USD/,
  },
  {
    check: 'transactions-balanced',
    does: ({ first }) => [
      sql`delete from ledger.postings
        where transaction_id = ${transactionOf(`order:${first.orderId}`)}`,
    ],
    says: () => /Transaction [0-9a-f-]{36} has no postings/,
  },
  {
    check: 'transactions-balanced',
    does: ({ first }) => [
      sql`update ledger.postings set booked_on = booked_on + 1
        where transaction_id = ${transactionOf(`order:${first.orderId}`)} and line = 2`,
    ],
    says: () => /Posting 2 of transaction [0-9a-f-]{36} .* another day/,
  },
  {
    check: 'transactions-balanced',
    does: ({ first }) => [
      ...move('reversal:x', ['revenue', ''], ['discounts', '']),
      sql`update ledger.transactions set kind = 'reversal', reason = 'x',
        reverses = ${transactionOf(`order:${first.orderId}`)} where idempotency_key = 'reversal:x'`,
    ],
    says: () => /reverses [0-9a-f-]{36}, but is not its exact opposite/,
  },
  {
    check: 'transactions-balanced',
    does: ({ first }) => [
      sql`alter table ledger.transactions drop constraint if exists transactions_reverses_key`,
      ...['x', 'y'].flatMap((name) => [
        ...move(`reversal:${name}`, ['revenue', ''], ['discounts', '']),
        sql`update ledger.transactions set kind = 'reversal', reason = 'x',
          reverses = ${transactionOf(`order:${first.orderId}`)}
          where idempotency_key = ${`reversal:${name}`}`,
      ]),
    ],
    says: () => /Transaction [0-9a-f-]{36} is reversed 2 times/,
  },
  {
    check: 'account-days',
    does: () => [
      sql`update ledger.account_days set debit_minor = debit_minor + 1
        where (account_id, day) = (select account_id, day from ledger.account_days limit 1)`,
    ],
    says: () => /Account \d+ has .* in its sums of 2026-11-\d\d, but its postings/,
  },
];

const ORDERS: Break[] = [
  {
    check: 'orders-booked',
    does: ({ second }) => [
      sql`delete from payments.order_bookings where order_id = ${second.orderId}`,
    ],
    says: ({ second }) => new RegExp(`Order ${second.orderId} ended at .*, but is not booked`),
  },
  {
    check: 'orders-booked',
    does: ({ third }) => [
      sql`update payments.order_bookings set pay_minor = pay_minor + 1
        where order_id = ${third.orderId}`,
    ],
    says: ({ third }) =>
      new RegExp(`Order ${third.orderId} is booked with a share .* of 7201; .* it is 7200`),
  },
  {
    check: 'orders-booked',
    does: ({ third, first }) => [
      sql`update payments.order_bookings set customer_id = ${first.customerId}
        where order_id = ${third.orderId}`,
    ],
    says: ({ third, first }) =>
      new RegExp(`Order ${third.orderId} is booked with customer ${first.customerId}; .* it is`),
  },
  {
    check: 'orders-booked',
    does: () => [
      sql`update payments.rule_versions set rules = rules || '{"workerSharePercent": 61}'`,
    ],
    says: () => /booked by the rules [0-9a-f]{12}, which are not kept or were changed/,
  },
  {
    check: 'orders-booked',
    does: ({ third }) => [
      copy(
        'payments.order_bookings',
        sql`order_id = ${third.orderId}`,
        sql`jsonb_build_object('order_id', gen_random_uuid(), 'transaction_id', null,
          'event_id', gen_random_uuid())`,
      ),
    ],
    says: () => /Order [0-9a-f-]{36} is booked, but has not ended in the order stream/,
  },
  {
    check: 'bookings-posted',
    does: ({ third }) => [
      sql`update ledger.postings p set amount_minor = amount_minor + sign(amount_minor)::int
        from ledger.accounts a where a.id = p.account_id
          and a.code in ('work-cost', 'worker-payable')
          and transaction_id = ${transactionOf(`order:${third.orderId}`)}`,
    ],
    says: ({ third }) =>
      new RegExp(`Order ${third.orderId} has 72.01 USD booked on work-cost, .* says 72.00 USD`),
  },
  {
    check: 'bookings-posted',
    does: ({ second }) => [
      sql`delete from payments.order_bookings where order_id = ${second.orderId}`,
    ],
    says: ({ second }) =>
      new RegExp(`The ledger has 89.00 USD on customer-receivable for order ${second.orderId}`),
  },
  {
    check: 'bookings-posted',
    does: ({ second }) => [
      sql`update payments.order_bookings set reversed_by = gen_random_uuid()
        where order_id = ${second.orderId}`,
    ],
    says: ({ second }) => new RegExp(`booking of order ${second.orderId} names another reversal`),
  },
  {
    check: 'paid-before',
    does: ({ orders }) => [
      sql`update payments.order_bookings set paid_before_minor = 1
        where order_id = ${orders[3]?.orderId}`,
    ],
    says: ({ orders }) =>
      new RegExp(`Order ${orders[3]?.orderId} of customer .* says that 0.01 USD were paid before`),
  },
  {
    check: 'paid-before',
    does: ({ first }) => [
      sql`update payments.customer_totals set net_minor = net_minor + 1
        where customer_id = ${first.customerId}`,
    ],
    says: ({ first }) => new RegExp(`Customer ${first.customerId} has a total of`),
  },
  {
    check: 'credits-signed',
    does: ({ third }) => [
      sql`do $$ declare r record; begin for r in select conname from pg_constraint
        where conrelid = 'payments.credits'::regclass and contype = 'c'
        loop execute format('alter table payments.credits drop constraint %I', r.conname); end loop;
        end $$`,
      sql`insert into payments.credits (id, worker_id, amount_minor, currency, reason,
          needs_approval, status, requested_by, requested_at, decided_by, decided_at)
        values (gen_random_uuid(), ${third.workerId}, 100000, 'USD', 'x', true, 'booked', 'eve',
          '2026-11-30', 'eve', '2026-11-30')`,
    ],
    says: () => /Credit [0-9a-f-]{36} over 1000\.00 USD needs two people, .* by eve alone/,
  },
  {
    check: 'credits-signed',
    does: ({ third }) => [
      ...move('credit:x', ['worker-payable', third.workerId], ['credits', '']),
      sql`update ledger.transactions set kind = 'credit' where idempotency_key = 'credit:x'`,
    ],
    says: () => /books 0\.01 USD for credit none, which is no booked credit/,
  },
];

const MONEY: Break[] = [
  {
    check: 'invoices-add-up',
    does: ({ second }) => [
      sql`update payments.invoices set price_minor = price_minor + 1, total_minor = total_minor + 1
        where customer_id = ${second.customerId}`,
    ],
    says: () => /Invoice \S+ \([0-9a-f-]{36}\) is over 139\.01 USD, but its orders come to 139\.00/,
  },
  {
    check: 'invoices-add-up',
    does: ({ second, third }) => [
      sql`update payments.order_bookings set invoice_id = (
          select id from payments.invoices where customer_id = ${third.customerId})
        where order_id = ${second.orderId}`,
    ],
    says: ({ second }) =>
      new RegExp(`Order ${second.orderId} stands on invoice .*, which is another customer's`),
  },
  {
    check: 'invoices-add-up',
    does: ({ second }) => [
      sql`update payments.invoices set status = 'void' where customer_id = ${second.customerId}`,
    ],
    says: ({ second }) => new RegExp(`Order ${second.orderId} stands on invoice .*, which is void`),
  },
  {
    check: 'invoices-paid-once',
    does: ({ second }) => [
      sql`drop index if exists payments.one_success`,
      copy(
        'payments.charges',
        sql`id = ${chargeOf(second.customerId)}`,
        sql`jsonb_build_object('id', gen_random_uuid(), 'generation', 2, 'idempotency_key', 'x',
          'provider_ref', 'x')`,
      ),
    ],
    says: () => /Invoice \S+ \(paid\), [0-9a-f-]{36}, has 2 charges that succeeded/,
  },
  {
    check: 'invoices-paid-once',
    does: ({ second }) => [
      sql`update payments.charges set status = 'cancelled', transaction_id = null
        where id = ${chargeOf(second.customerId)}`,
    ],
    says: () => /Invoice \S+ \(paid\), [0-9a-f-]{36}, has no charge that succeeded/,
  },
  {
    check: 'invoices-paid-once',
    does: ({ second }) => [
      sql`update payments.charges set status = 'cancelled' where id = ${chargeOf(second.customerId)}`,
    ],
    says: () => /Charge [0-9a-f-]{36} took 139\.00 USD beyond what was due .* no refund/,
  },
  {
    check: 'invoices-paid-once',
    does: ({ second }) => [
      sql`update payments.invoices set status = 'open' where customer_id = ${second.customerId}`,
    ],
    says: () => /Invoice \S+ \(open\), [0-9a-f-]{36}, has a charge that succeeded, but is not paid/,
  },
  {
    check: 'invoices-paid-once',
    does: ({ second }) => [
      sql`update payments.charges set amount_minor = amount_minor - 1
        where id = ${chargeOf(second.customerId)}`,
    ],
    says: () =>
      /Charge [0-9a-f-]{36} took 138\.99 USD for invoice \S+, of which 139\.00 USD were due/,
  },
  {
    check: 'invoices-paid-once',
    does: () => [
      sql`update ledger.postings p set amount_minor = amount_minor + sign(amount_minor)::int
        from ledger.transactions t where t.id = p.transaction_id and t.kind = 'charge'`,
    ],
    says: () => /Charge [0-9a-f-]{36} took 139\.00 USD, but transaction \S+ books 139\.01 USD/,
  },
  {
    check: 'refunds-within-charges',
    does: ({ second }) => [
      sql`insert into payments.refunds (id, invoice_id, charge_id, provider, amount_minor, currency,
          reason, status, due_at, requested_at)
        select gen_random_uuid(), invoice_id, id, provider, amount_minor + 1, currency, 'x',
          'succeeded', created_at, created_at
        from payments.charges where id = ${chargeOf(second.customerId)}`,
    ],
    says: () => /139\.01 USD are refunded, but it took only 139\.00 USD/,
  },
  {
    check: 'workers-paid-once',
    does: ({ third }) => [
      sql`alter table payments.payouts drop constraint if exists payouts_worker_id_period_key`,
      copy(
        'payments.payouts',
        sql`worker_id = ${third.workerId}`,
        sql`jsonb_build_object('id', gen_random_uuid(), 'idempotency_key', 'x',
          'provider_ref', 'x')`,
      ),
    ],
    says: ({ third }) => new RegExp(`Worker ${third.workerId} has 2 payouts for 2026-11`),
  },
  {
    check: 'workers-paid-once',
    does: ({ third }) => [
      sql`update payments.payouts set status = 'failed' where worker_id = ${third.workerId}`,
    ],
    says: () => /Payout [0-9a-f-]{36} is failed: 0\.00 USD should be taken .*, but 72\.00 USD are/,
  },
  {
    check: 'workers-paid-once',
    does: ({ third }) =>
      move('refund-claw-back:x', ['penalties', ''], ['worker-payable', third.workerId]),
    says: () => /takes 0\.01 USD back from a worker for none none, which says 0\.00 USD/,
  },
  {
    check: 'customers-owe-what-is-unpaid',
    does: ({ third }) =>
      move('other:x', ['revenue', ''], ['customer-receivable', third.customerId]),
    says: ({ third }) =>
      new RegExp(`Customer ${third.customerId} owes 0.01 USD in the ledger, .* come to 0.00 USD`),
  },
  {
    check: 'workers-are-owed-what-is-unpaid',
    does: ({ third }) => move('other:x', ['worker-payable', third.workerId], ['work-cost', '']),
    says: ({ third }) => new RegExp(`Worker ${third.workerId} stands at -0.01 USD in the ledger`),
  },
  {
    check: 'money-is-where-it-should-be',
    does: () => move('other:x', ['bank', ''], ['provider-clearing', 'sandbox']),
    says: () => /The ledger has .* with provider sandbox, but charges, .* come to/,
  },
  {
    check: 'money-is-where-it-should-be',
    does: () => move('other:x', ['bank', ''], ['payouts-in-transit', '']),
    says: () => /Payouts in transit stand at 0\.01 USD, .* come to 0\.00 USD/,
  },
];

test.each([
  ['in the ledger', LEDGER],
  ['with orders and credits', ORDERS],
  ['with invoices, charges and payouts', MONEY],
])('whatever is wrong %s is found and named', { timeout: 120_000 }, async (_where, breaks) => {
  const week = await openPaidWeek();
  const restore = await week.saveBooks();
  const sound = await week.proof.prove();
  expect(violations(sound)).toEqual([]);
  expect(sound.green).toBe(true);
  for (const [index, broken] of breaks.entries()) {
    await week.tamper(...broken.does(week));
    const report = await week.proof.prove({ full: true });
    expect(report.green, `${broken.check} ${index}`).toBe(false);
    const found = report.checks.find((check) => check.name === broken.check);
    expect(found?.violations.join('\n'), `${broken.check} ${index}`).toMatch(broken.says(week));
    await restore();
  }
});
