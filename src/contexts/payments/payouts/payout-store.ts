import { type Selectable, type SqlBool, sql } from 'kysely';
import { z } from 'zod';
import { notFound } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/ids.ts';
import { decodeCursor, toPage } from '../../../platform/paging.ts';
import type { Executor, Transaction } from '../../../platform/postgres/database.ts';
import type { AllTables } from '../dependencies.ts';
import type {
  PageRequest,
  PageWithTotal,
  Payout,
  PayoutFilter,
  PayoutStatus,
} from '../payments.ts';
import type { PaymentsTables } from '../tables.ts';

export type PayoutRow = Selectable<PaymentsTables['payments.payouts']>;
/** The same, locked: what is decided on it holds until the commit. */
export type LockedPayout = PayoutRow & { locked: true };

export const PAYOUT_COLUMNS = [
  'id',
  'worker_id',
  'period',
  'run_id',
  'amount_minor',
  'currency',
  'method',
  'provider',
  'account_ref',
  'generation',
  'idempotency_key',
  'status',
  'failure_code',
  'provider_ref',
  'bank_file',
  'due_at',
  'sent_at',
  'asks',
  'lease_until',
  'settled_at',
  'created_at',
] as const satisfies (keyof PayoutRow)[];

/** A payout as the interface tells it. */
export function toPayout(row: PayoutRow): Payout {
  return {
    id: row.id,
    workerId: row.worker_id,
    period: row.period,
    amountMinor: row.amount_minor,
    currency: row.currency,
    method: row.method,
    status: row.status,
    generation: row.generation,
    failureCode: row.failure_code,
    providerRef: row.provider_ref,
    bankFile: row.bank_file,
    createdAt: row.created_at,
    settledAt: row.settled_at,
  };
}

/** The provider's idempotency key and the ledger's: of payout and attempt, made anew at will. */
export function payoutKey(payoutId: string, generation: number): string {
  return `payout:${payoutId}:${generation}`;
}

/** @throws StewardError `payout_not_found`, also for somebody else's payout */
export async function readPayout(
  db: Executor<AllTables>,
  id: string,
  workerId?: string,
): Promise<PayoutRow> {
  const row = isUuid(id)
    ? await db
        .selectFrom('payments.payouts')
        .select(PAYOUT_COLUMNS)
        .where('id', '=', id)
        .executeTakeFirst()
    : undefined;
  if (!row || (workerId !== undefined && row.worker_id !== workerId)) throw notFound('payout', id);
  return row;
}

/** Locks a payout; everything that changes one goes through here. */
export async function lockPayout(
  tx: Transaction<AllTables>,
  id: string,
): Promise<LockedPayout | undefined> {
  const row = await tx
    .selectFrom('payments.payouts')
    .select(PAYOUT_COLUMNS)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return row && { ...row, locked: true };
}

/** What a move writes into the row of a payout. */
export interface PayoutChange {
  status: PayoutStatus;
  generation?: number;
  idempotency_key?: string;
  provider?: string | null;
  account_ref?: string | null;
  failure_code?: string | null;
  provider_ref?: string | null;
  bank_file?: string | null;
  due_at?: Date;
  sent_at?: Date | null;
  asks?: number;
  lease_until?: Date | null;
  settled_at?: Date | null;
}

/** Writes the change and the step that tells of it. */
export async function changePayout(
  tx: Transaction<AllTables>,
  payout: LockedPayout,
  change: PayoutChange,
  detail: string | null,
  at: Date,
): Promise<PayoutRow> {
  const row = await tx
    .updateTable('payments.payouts')
    .set(change)
    .where('id', '=', payout.id)
    .returning(PAYOUT_COLUMNS)
    .executeTakeFirstOrThrow();
  await sql`
    insert into payments.payout_steps
      (payout_id, step, generation, status, provider_ref, detail, at)
    select ${row.id}, coalesce(max(step), 0) + 1, ${row.generation}, ${row.status},
      ${row.provider_ref}, ${detail}, ${at}
    from payments.payout_steps where payout_id = ${row.id}`.execute(tx);
  return row;
}

/** Whether a finance manager holds the worker's money back. SQL over the alias `p` of payouts. */
export const isHeld = sql<SqlBool>`exists (select from payments.payout_holds h
  where h.worker_id = p.worker_id and h.released_at is null)`;

/** Payouts, newest first. See `Payouts.list`. */
export async function listPayouts(
  db: Executor<AllTables>,
  { ids, workerId, period, status }: PayoutFilter,
  page: PageRequest,
): Promise<PageWithTotal<Payout>> {
  const after = decodeCursor(page.cursor, [z.iso.datetime(), z.uuid()]);
  if ([workerId ?? [], ids ?? []].flat().some((id) => !isUuid(id))) {
    return { data: [], nextCursor: null, total: { count: 0, amountMinor: 0n } };
  }
  let fitting = db.selectFrom('payments.payouts');
  if (ids !== undefined) {
    fitting = fitting.where(({ eb, fn, val }) => eb('id', '=', fn.any(val([...ids]))));
  }
  if (workerId !== undefined) fitting = fitting.where('worker_id', '=', workerId);
  if (period !== undefined) fitting = fitting.where('period', '=', period);
  if (status !== undefined) fitting = fitting.where('status', '=', status);
  const total = await fitting
    .select(({ fn }) => [
      fn.countAll<bigint>().as('count'),
      sql<string>`coalesce(sum(amount_minor), 0)`.as('amount'),
    ])
    .executeTakeFirstOrThrow();
  let query = fitting
    .select(PAYOUT_COLUMNS)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1);
  if (after) {
    query = query.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('created_at', 'id'), '<', tuple(new Date(after[0]), after[1])),
    );
  }
  const rows = await query.execute();
  return {
    ...toPage(rows, page.limit, (row) => [row.created_at.toISOString(), row.id], toPayout),
    total: { count: Number(total.count), amountMinor: BigInt(total.amount) },
  };
}
