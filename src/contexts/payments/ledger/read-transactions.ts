import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import { notFound } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/ids.ts';
import { decodeCursor, toPage } from '../../../platform/paging.ts';
import type { Executor } from '../../../platform/postgres/database.ts';
import type { Ledger, LedgerPosting, LedgerTransaction } from '../payments.ts';
import type { PaymentsTables } from '../tables.ts';
import { checkDay } from './days.ts';

/**
 * One transaction with its postings.
 * @throws StewardError `transaction_not_found`
 */
export async function readTransaction<Tables extends PaymentsTables>(
  db: Executor<Tables>,
  id: string,
): Promise<LedgerTransaction> {
  const [found] = isUuid(id) ? await read(db, sql`t.id = ${id}`, 1) : [];
  if (!found) throw notFound('transaction', id);
  return found;
}

/** See {@link Ledger.transactions}: newest first. */
export async function listTransactions<Tables extends PaymentsTables>(
  db: Executor<Tables>,
  filter: Parameters<Ledger['transactions']>[0],
  page: Parameters<Ledger['transactions']>[1],
): ReturnType<Ledger['transactions']> {
  const after = decodeCursor(page.cursor, [z.iso.date(), z.uuid()]);
  const { subjectKind, subjectId, kind, from, to } = filter;
  const conditions = [
    subjectKind === undefined ? undefined : sql`t.subject_kind = ${subjectKind}`,
    subjectId === undefined ? undefined : sql`t.subject_id = ${subjectId}`,
    kind === undefined ? undefined : sql`t.kind = ${kind}`,
    from === undefined ? undefined : sql`t.booked_on >= ${checkDay(from, 'from')}::date`,
    to === undefined ? undefined : sql`t.booked_on <= ${checkDay(to, 'to')}::date`,
    after && sql`(t.booked_on, t.id) < (${after[0]}::date, ${after[1]}::uuid)`,
  ].filter((condition) => condition !== undefined);
  const where = conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `);
  return toPage(
    await read(db, where, page.limit + 1),
    page.limit,
    (one) => [one.bookedOn, one.id],
    (one) => one,
  );
}

async function read<Tables extends PaymentsTables>(
  db: Executor<Tables>,
  where: RawBuilder<unknown>,
  limit: number,
): Promise<LedgerTransaction[]> {
  const { rows } = await sql<Omit<LedgerTransaction, 'postings'>>`
    select t.id, t.idempotency_key as "idempotencyKey", t.kind, t.booked_on as "bookedOn",
      t.occurred_at as "occurredAt", t.subject_kind as "subjectKind", t.subject_id as "subjectId",
      t.rules_version as "rulesVersion", t.reverses,
      (select r.id from ledger.transactions r where r.reverses = t.id) as "reversedBy",
      t.reason, t.recorded_by as "recordedBy", t.recorded_at as "recordedAt"
    from ledger.transactions t where ${where}
    order by t.booked_on desc, t.id desc limit ${limit}`.execute(db);
  const postings = await readPostings(
    db,
    rows.map((row) => row.id),
  );
  return rows.map((row) => ({ ...row, postings: postings.get(row.id) ?? [] }));
}

async function readPostings<Tables extends PaymentsTables>(
  db: Executor<Tables>,
  ids: readonly string[],
): Promise<Map<string, LedgerPosting[]>> {
  const byTransaction = new Map<string, LedgerPosting[]>(ids.map((id) => [id, []]));
  if (ids.length === 0) return byTransaction;
  const { rows } = await sql<{
    id: string;
    code: string;
    owner: string;
    currency: string;
    amountMinor: bigint;
  }>`
    select p.transaction_id as id, a.code, a.owner, a.currency, p.amount_minor as "amountMinor"
    from ledger.postings p join ledger.accounts a on a.id = p.account_id
    where p.transaction_id = any(${ids}::uuid[]) order by p.transaction_id, p.line`.execute(db);
  for (const { id, amountMinor, ...account } of rows) {
    byTransaction.get(id)?.push({ account, amountMinor });
  }
  return byTransaction;
}
