import type { Executor, Transaction } from '../platform/postgres/database.ts';
import type { PersonalData } from './extended-order.ts';
import type { StreamTables } from './tables.ts';

/** What identifies a person or the place of an order; `data` is null once erased. */
export type Person = {
  [Kind in keyof PersonalData]: { kind: Kind; data: PersonalData[Kind] | null };
}[keyof PersonalData];

/**
 * Names, addresses and the like by the ids of customers, workers and orders. Ids that nothing is
 * known of are missing in the answer; erased ones have `data: null`.
 */
export async function readPersonal(
  db: Executor<StreamTables>,
  subjectIds: readonly string[],
): Promise<Map<string, Person>> {
  if (subjectIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('stream.personal')
    .select(['subject_id', 'kind', 'data', 'erased_at'])
    // One parameter, however many ids: one prepared statement.
    .where(({ eb, fn, val }) => eb('subject_id', '=', fn.any(val([...new Set(subjectIds)]))))
    .execute();
  return new Map(
    rows.map((row) => [
      row.subject_id,
      { kind: row.kind, data: row.erased_at === null ? row.data : null } as Person,
    ]),
  );
}

/**
 * Forgets what identifies a person, or an order's place and texts. The log stays as it is: its
 * events carry ids only.
 * @param at when it was asked for
 * @returns false if nothing is known of the id, or it was erased before
 */
export async function erasePersonal(
  tx: Transaction<StreamTables>,
  subjectId: string,
  at: Date,
): Promise<boolean> {
  const result = await tx
    .updateTable('stream.personal')
    .set({ data: '{}', erased_at: at, updated_at: at })
    .where('subject_id', '=', subjectId)
    .where('erased_at', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
