import { sql } from 'kysely';
import { notFound } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/ids.ts';
import type { PaymentsDependencies } from '../dependencies.ts';

/**
 * Makes sure that there is such a worker: one who has money in the ledger, or whom the order
 * stream knows, from the day of being hired.
 * @returns the id as the database writes it
 * @throws StewardError `worker_not_found`
 */
export async function requireWorker(
  deps: Pick<PaymentsDependencies, 'db' | 'stream'>,
  workerId: string,
): Promise<string> {
  if (!isUuid(workerId)) throw notFound('worker', workerId);
  const id = workerId.toLowerCase();
  const { rows } = await sql<{ known: boolean }>`
    select exists (select from ledger.accounts
      where code = 'worker-payable' and owner = ${id})
      or exists (select from payments.order_bookings where worker_id = ${id}) as known`.execute(
    deps.db,
  );
  if (rows[0]?.known) return id;
  const person = await deps.stream
    .selectFrom('stream.personal')
    .select('kind')
    .where('subject_id', '=', id)
    .executeTakeFirst();
  if (person?.kind !== 'worker') throw notFound('worker', workerId);
  return id;
}
