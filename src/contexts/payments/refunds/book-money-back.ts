import { sql } from 'kysely';
import { businessDay } from '../../../platform/business-time.ts';
import type { Transaction } from '../../../platform/postgres/database.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import { type NewPosting, postTransactions } from '../ledger/post-transactions.ts';
import type { ClawBack } from '../payments.ts';

type Deps = Pick<PaymentsDependencies, 'ids' | 'clock' | 'timeZone'>;
type Tx = Transaction<AllTables>;

/** Money that goes back to a customer: a refund, or a dispute. */
export interface MoneyBack {
  kind: 'refund' | 'dispute';
  id: string;
  amountMinor: bigint;
  currency: string;
  provider: string;
  /** The customer, where the money was never owed: then nothing is given up. */
  owedTo: string | null;
}

/** Books that the money has left our balance with the provider. @returns the transaction */
export function bookMoneyBack(deps: Deps, tx: Tx, back: MoneyBack): Promise<string> {
  const expense = back.kind === 'refund' ? 'refunds' : 'disputes';
  const debit =
    back.owedTo === null
      ? { code: expense, amountMinor: back.amountMinor }
      : { code: 'customer-receivable', owner: back.owedTo, amountMinor: back.amountMinor };
  return post(deps, tx, back, back.kind, `${back.kind}:${back.id}`, [
    debit,
    { code: 'provider-clearing', owner: back.provider, amountMinor: -back.amountMinor },
  ]);
}

/** Takes an amount back from a worker for it. */
export function bookClawBack(
  deps: Deps,
  tx: Tx,
  back: Pick<MoneyBack, 'kind' | 'id' | 'currency'>,
  clawBack: ClawBack,
): Promise<string> {
  const kind = `${back.kind}-claw-back`;
  return post(deps, tx, back, kind, `${kind}:${back.id}`, [
    { code: 'worker-payable', owner: clawBack.workerId, amountMinor: clawBack.amountMinor },
    { code: 'penalties', amountMinor: -clawBack.amountMinor },
  ]);
}

/** Books the opposite of all that stands of it: it has come to nothing, or was won back. */
export async function reverseMoneyBack(
  deps: Deps,
  tx: Tx,
  back: Pick<MoneyBack, 'kind' | 'id' | 'currency'>,
  reason: string,
): Promise<void> {
  const keys = [`${back.kind}:${back.id}`, `${back.kind}-claw-back:${back.id}`];
  const { rows } = await sql<{ id: string; code: string; owner: string; amount: bigint }>`
    select t.id, a.code, a.owner, p.amount_minor as amount
    from ledger.transactions t
    join ledger.postings p on p.transaction_id = t.id
    join ledger.accounts a on a.id = p.account_id
    where t.idempotency_key = any(${keys}::text[])
      and not exists (select from ledger.transactions r where r.reverses = t.id)
    order by t.id, p.line`.execute(tx);
  const now = deps.clock.now();
  await postTransactions(
    tx,
    back.currency,
    [...Map.groupBy(rows, (row) => row.id)].map(([id, lines]) => ({
      id: deps.ids.next(),
      idempotencyKey: `reversal:${id}`,
      kind: 'reversal',
      bookedOn: businessDay(now, deps.timeZone),
      occurredAt: now,
      subjectKind: back.kind,
      subjectId: back.id,
      reverses: id,
      reason,
      postings: lines.map(({ code, owner, amount }) => ({ code, owner, amountMinor: -amount })),
    })),
  );
}

async function post(
  deps: Deps,
  tx: Tx,
  back: Pick<MoneyBack, 'kind' | 'id' | 'currency'>,
  kind: string,
  idempotencyKey: string,
  postings: NewPosting[],
): Promise<string> {
  const now = deps.clock.now();
  const posted = await postTransactions(tx, back.currency, [
    {
      id: deps.ids.next(),
      idempotencyKey,
      kind,
      bookedOn: businessDay(now, deps.timeZone),
      occurredAt: now,
      subjectKind: back.kind,
      subjectId: back.id,
      postings,
    },
  ]);
  const transaction = posted.get(idempotencyKey);
  if (!transaction) throw new Error(`${kind} ${back.id} of nothing cannot be booked.`);
  return transaction.id;
}
