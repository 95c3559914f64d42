import { sql } from 'kysely';
import type { Transaction } from '../../../platform/postgres/database.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import { type NewTransaction, postTransactions } from '../ledger/post-transactions.ts';
import { bookingDay } from './booking-day.ts';
import { type LockedPayout, payoutKey } from './payout-store.ts';

type Deps = Pick<PaymentsDependencies, 'ids' | 'timeZone'>;

/** The key of the movement from in transit to wherever the money really went. */
function paidKey(payoutId: string, generation: number): string {
  return `payout-paid:${payoutId}:${generation}`;
}

/** What all movements of a payout have in common. */
function movement(payout: LockedPayout, kind: string, bookedOn: string, at: Date) {
  return { kind, bookedOn, occurredAt: at, subjectKind: 'payout', subjectId: payout.id };
}

/** From in transit out of the house: through the provider, or by the bank. */
export async function bookPaid(
  deps: Deps,
  tx: Transaction<AllTables>,
  payout: LockedPayout,
  at: Date,
): Promise<void> {
  const out =
    payout.method === 'bank'
      ? { code: 'bank' }
      : { code: 'provider-clearing', owner: payout.provider ?? '' };
  await postTransactions(tx, payout.currency, [
    {
      ...movement(payout, 'payout-paid', await bookingDay(tx, at, deps.timeZone), at),
      id: deps.ids.next(),
      idempotencyKey: paidKey(payout.id, payout.generation),
      postings: [
        { code: 'payouts-in-transit', amountMinor: payout.amount_minor },
        { ...out, amountMinor: -payout.amount_minor },
      ],
    },
  ]);
}

/**
 * Back into the worker's payable: reverses what was booked of this attempt, its payment too if
 * there was one.
 */
export async function bookReturned(
  deps: Deps,
  tx: Transaction<AllTables>,
  payout: LockedPayout,
  reason: string,
  at: Date,
): Promise<void> {
  const bookedOn = await bookingDay(tx, at, deps.timeZone);
  await postTransactions(
    tx,
    payout.currency,
    await reversals(deps, tx, payout, reason, bookedOn, at),
  );
}

/** The same, and out of the payable again under the next attempt's key. */
export async function bookNextGeneration(
  deps: Deps,
  tx: Transaction<AllTables>,
  payout: LockedPayout,
  reason: string,
  at: Date,
): Promise<void> {
  const bookedOn = await bookingDay(tx, at, deps.timeZone);
  await postTransactions(tx, payout.currency, [
    ...(await reversals(deps, tx, payout, reason, bookedOn, at)),
    {
      ...movement(payout, 'payout', bookedOn, at),
      id: deps.ids.next(),
      idempotencyKey: payoutKey(payout.id, payout.generation + 1),
      postings: [
        { code: 'worker-payable', owner: payout.worker_id, amountMinor: payout.amount_minor },
        { code: 'payouts-in-transit', amountMinor: -payout.amount_minor },
      ],
    },
  ]);
}

/** Exact opposites of what stands in the ledger of this attempt and is not reversed yet. */
async function reversals(
  deps: Deps,
  tx: Transaction<AllTables>,
  payout: LockedPayout,
  reason: string,
  bookedOn: string,
  at: Date,
): Promise<NewTransaction[]> {
  const keys = [payoutKey(payout.id, payout.generation), paidKey(payout.id, payout.generation)];
  const { rows } = await sql<{ id: string; code: string; owner: string; amount: bigint }>`
    select t.id, a.code, a.owner, p.amount_minor as amount
    from ledger.transactions t
    join ledger.postings p on p.transaction_id = t.id
    join ledger.accounts a on a.id = p.account_id
    where t.idempotency_key = any(${keys}::text[])
      and not exists (select from ledger.transactions r where r.reverses = t.id)
    order by t.id, p.line`.execute(tx);
  return [...Map.groupBy(rows, (row) => row.id)].map(([id, lines]) => ({
    ...movement(payout, 'reversal', bookedOn, at),
    id: deps.ids.next(),
    idempotencyKey: `reversal:${id}`,
    reverses: id,
    reason,
    postings: lines.map(({ code, owner, amount }) => ({ code, owner, amountMinor: -amount })),
  }));
}

/** What is payable to a worker by now, of everything that is booked. */
export async function readPayable(
  tx: Transaction<AllTables>,
  workerId: string,
  currency: string,
): Promise<bigint> {
  const { rows } = await sql<{ payable: bigint }>`
    select coalesce(sum(d.credit_minor - d.debit_minor), 0)::bigint as payable
    from ledger.accounts a join ledger.account_days d on d.account_id = a.id
    where a.code = 'worker-payable' and a.owner = ${workerId} and a.currency = ${currency}`.execute(
    tx,
  );
  return rows[0]?.payable ?? 0n;
}
