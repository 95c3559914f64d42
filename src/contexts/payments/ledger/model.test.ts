import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { PaymentProvider } from '../provider/provider.ts';
import { openTestPayments } from '../testing.ts';
import { createLedger } from './create-ledger.ts';
import { type NewPosting, type NewTransaction, postTransactions } from './post-transactions.ts';

const NO_PROVIDER = {} as PaymentProvider;
const CLIENTS = 5;
const ACCOUNTS = [
  { code: 'bank', owner: '' },
  { code: 'revenue', owner: '' },
  { code: 'customer-receivable', owner: 'anna' },
  { code: 'customer-receivable', owner: 'boris' },
  { code: 'worker-payable', owner: 'clara' },
] as const;
const DAYS = ['2026-08-31', '2026-09-01', '2026-09-30', '2026-10-15', '2026-11-01', '2026-11-23'];
const MONTHS = ['2026-08', '2026-09'];

type Step =
  | { kind: 'post'; movements: { key: number; day: string; legs: [number, number, bigint][] }[] }
  | { kind: 'reverse'; pick: number }
  | { kind: 'close'; month: string };

const movement = fc.record({
  // Few keys: clients book the same movement at once.
  key: fc.nat(25),
  day: fc.constantFrom(...DAYS),
  legs: fc.array(
    fc.tuple(
      fc.nat(ACCOUNTS.length - 1),
      fc.nat(ACCOUNTS.length - 1),
      fc.bigInt({ min: -500n, max: 500n }),
    ),
    { minLength: 1, maxLength: 3 },
  ),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('post' as const),
      movements: fc.uniqueArray(movement, {
        selector: (one) => one.key,
        minLength: 1,
        maxLength: 4,
      }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('reverse' as const), pick: fc.nat(30) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('close' as const),
      month: fc.constantFrom(...MONTHS),
    }),
  },
);

/** What the ledger must hold: every movement that a client was told is booked, and no other. */
interface Model {
  booked: Map<string, { id: string; day: string; postings: readonly NewPosting[] }>;
  reversed: Map<string, { day: string }>;
  closed: Set<string>;
}

const REFUSALS = new Set([
  'month_closed',
  'earlier_month_open',
  'transaction_key_reused',
  'already_reversed',
]);

/** Does a step and, if it was done, writes it into the model. */
async function perform(deps: PaymentsDependencies, model: Model, one: Step): Promise<string> {
  const ledger = createLedger(deps);
  try {
    if (one.kind === 'post') await book(deps, model, one.movements);
    if (one.kind === 'close') {
      await ledger.closeMonth(one.month, {});
      model.closed.add(one.month);
    }
    if (one.kind === 'reverse') {
      const all = [...model.booked.values()];
      const chosen = all[one.pick % Math.max(all.length, 1)];
      if (!chosen) return 'nothing';
      const reversal = await ledger.reverse(chosen.id, { reason: 'as the test wants' });
      model.reversed.set(chosen.id, { day: reversal.bookedOn });
    }
    return 'done';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    // Clients who get into each other's way; nothing was done.
    if (REFUSALS.has(code) || code === '40P01') return code;
    throw error;
  }
}

async function book(
  deps: PaymentsDependencies,
  model: Model,
  movements: Extract<Step, { kind: 'post' }>['movements'],
): Promise<void> {
  const transactions = movements.map(({ key, day, legs }): NewTransaction => {
    const postings = legs.flatMap(([from, to, amountMinor]) => [
      { ...(ACCOUNTS[from] ?? ACCOUNTS[0]), amountMinor: -amountMinor },
      { ...(ACCOUNTS[to] ?? ACCOUNTS[0]), amountMinor },
    ]);
    return {
      id: deps.ids.next(),
      idempotencyKey: `model:${key}`,
      kind: 'credit',
      bookedOn: day,
      occurredAt: deps.clock.now(),
      subjectKind: 'test',
      subjectId: String(key),
      postings,
    };
  });
  const posted = await deps.db
    .transaction()
    .execute((tx) => postTransactions(tx, deps.currency, transactions));
  for (const { idempotencyKey, bookedOn, postings } of transactions) {
    const result = posted.get(idempotencyKey);
    if (result?.isNew) {
      expect(model.booked.has(idempotencyKey)).toBe(false);
      model.booked.set(idempotencyKey, { id: result.id, day: bookedOn, postings });
    }
  }
}

/** Balance of an account at the end of a day, as the model has it. */
function expectedBalance(model: Model, account: { code: string; owner: string }, on: string) {
  let sum = 0n;
  for (const { id, day, postings } of model.booked.values()) {
    const amount = postings
      .filter((one) => one.code === account.code && (one.owner ?? '') === account.owner)
      .reduce((all, one) => all + one.amountMinor, 0n);
    if (day <= on) sum += amount;
    const reversal = model.reversed.get(id);
    if (reversal && reversal.day <= on) sum -= amount;
  }
  return sum;
}

async function compare(deps: PaymentsDependencies, model: Model): Promise<void> {
  const ledger = createLedger(deps);
  for (const on of DAYS) {
    expect((await ledger.trialBalance(on)).sumMinor).toBe(0n);
    for (const account of ACCOUNTS) {
      expect(await ledger.balance(account, on), `${account.code} ${account.owner} ${on}`).toBe(
        expectedBalance(model, account, on),
      );
    }
  }
  const { rows } = await sql<{ transactions: bigint; reversals: bigint; odd: bigint }>`
    select (select count(*) from ledger.transactions where reverses is null) as transactions,
      (select count(*) from ledger.transactions where reverses is not null) as reversals,
      (select count(*) from (
        select account_id, booked_on, sum(greatest(amount_minor, 0)) as debit,
          sum(greatest(-amount_minor, 0)) as credit, count(*) as postings
        from ledger.postings group by 1, 2) p
        full join ledger.account_days d on d.account_id = p.account_id and d.day = p.booked_on
        where (d.debit_minor, d.credit_minor, d.postings) is distinct from
          (p.debit, p.credit, p.postings)) as odd`.execute(deps.db);
  expect(rows[0]).toEqual({
    transactions: BigInt(model.booked.size),
    reversals: BigInt(model.reversed.size),
    odd: 0n,
  });
  const closed = (await ledger.closedMonths()).map((one) => one.month);
  expect(new Set(closed)).toEqual(model.closed);
}

test('clients who book, reverse and close at once leave exactly what each was told', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 4, maxLength: 12 }), {
        minLength: CLIENTS,
        maxLength: CLIENTS,
      }),
      async (scripts) => {
        const payments = await openTestPayments(NO_PROVIDER);
        await payments.asOwner.db
          .insertInto('payments.proofs')
          .values({
            id: payments.deps.ids.next(),
            day: '2026-11-23',
            kind: 'prove',
            green: true,
            checks: '[]',
            stream_xid: null,
            stream_position: null,
            ran_at: payments.clock.now(),
          })
          .execute();
        const model: Model = { booked: new Map(), reversed: new Map(), closed: new Set() };
        await Promise.all(
          scripts.map(async (script) => {
            for (const one of script) await perform(payments.asFinance, model, one);
          }),
        );
        await compare(payments.asFinance, model);
      },
    ),
    { numRuns: 8 },
  );
});
