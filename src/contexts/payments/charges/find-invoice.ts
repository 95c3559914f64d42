import { notFound } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/ids.ts';
import type { Executor } from '../../../platform/postgres/database.ts';
import type { AllTables } from '../dependencies.ts';

/**
 * The id of an invoice from its id or number.
 * @throws StewardError `invoice_not_found`
 */
export async function findInvoiceId(db: Executor<AllTables>, idOrNumber: string): Promise<string> {
  const row = await db
    .selectFrom('payments.invoices')
    .select('id')
    .$if(isUuid(idOrNumber), (query) => query.where('id', '=', idOrNumber))
    .$if(!isUuid(idOrNumber), (query) => query.where('number', '=', idOrNumber))
    .executeTakeFirst();
  if (!row) throw notFound('invoice', idOrNumber);
  return row.id;
}
