import { sql } from 'kysely';
import { z } from 'zod';
import { notFound } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/ids.ts';
import { decodeCursor, toPage } from '../../../platform/paging.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { Charge, ChargeStatus, ChargeStep, PageRequest, PageWithTotal } from '../payments.ts';
import { findInvoiceId } from './find-invoice.ts';
import { selectCharges } from './select-charges.ts';

type Deps = Pick<PaymentsDependencies, 'db'>;

export interface ChargeFilter {
  status?: ChargeStatus;
  invoice?: string;
  customerId?: string;
}

/** Newest first. */
export async function listCharges(
  deps: Deps,
  filter: ChargeFilter,
  page: PageRequest,
): Promise<PageWithTotal<Charge>> {
  const after = decodeCursor(page.cursor, [z.iso.datetime(), z.uuid()]);
  const invoiceId = filter.invoice && (await findInvoiceId(deps.db, filter.invoice));
  const wanted = sql<boolean>`(${filter.status ?? null}::text is null or c.status = ${filter.status ?? null})
    and (${invoiceId ?? null}::uuid is null or c.invoice_id = ${invoiceId ?? null})
    and (${uuidOrNone(filter.customerId)}::uuid is null
      or i.customer_id = ${uuidOrNone(filter.customerId)})`;
  let query = selectCharges(deps.db)
    .where(wanted)
    .orderBy('c.created_at', 'desc')
    .orderBy('c.id', 'desc')
    .limit(page.limit + 1);
  if (after) {
    query = query.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('c.created_at', 'c.id'), '<', tuple(new Date(after[0]), after[1])),
    );
  }
  const [rows, total] = await Promise.all([
    query.execute(),
    deps.db
      .selectFrom('payments.charges as c')
      .innerJoin('payments.invoices as i', 'i.id', 'c.invoice_id')
      .select([
        sql<number>`count(*)::int`.as('count'),
        sql<bigint>`coalesce(sum(c.amount_minor), 0)::bigint`.as('amountMinor'),
      ])
      .where(wanted)
      .executeTakeFirstOrThrow(),
  ]);
  const shown = toPage(
    rows,
    page.limit,
    (row) => [row.createdAt.toISOString(), row.id],
    (row): Charge => row,
  );
  return { ...shown, total };
}

/** Somebody who cannot be there has no charges, rather than those of everybody. */
function uuidOrNone(id: string | undefined): string | null {
  if (id === undefined) return null;
  return isUuid(id) ? id : '00000000-0000-0000-0000-000000000000';
}

/** @throws StewardError `charge_not_found` */
export async function getCharge(deps: Deps, id: string): Promise<Charge & { steps: ChargeStep[] }> {
  const charge = isUuid(id)
    ? await selectCharges(deps.db).where('c.id', '=', id).executeTakeFirst()
    : undefined;
  if (!charge) throw notFound('charge', id);
  const steps = await deps.db
    .selectFrom('payments.charge_steps')
    .select(['status', 'detail', 'at', 'recorded_by as by'])
    .where('charge_id', '=', id)
    .orderBy('step')
    .execute();
  return { ...charge, steps };
}
