import type { Database, Transaction } from '../../platform/postgres/database.ts';
import type { AllTables } from './dependencies.ts';

/**
 * Does something in one transaction; as a rehearsal (`--dry-run`) the transaction is taken back, so
 * that what is told is what the database itself has made of it.
 */
export async function transactOrRehearse<T>(
  db: Database<AllTables>,
  rehearsal: boolean,
  work: (tx: Transaction<AllTables>) => Promise<T>,
): Promise<T> {
  if (!rehearsal) return db.transaction().execute(work);
  const tx = await db.startTransaction().execute();
  try {
    return await work(tx);
  } finally {
    await tx.rollback().execute();
  }
}
