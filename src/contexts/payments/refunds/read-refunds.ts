import { type SqlBool, sql } from 'kysely';
import { z } from 'zod';
import { notFound } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/ids.ts';
import { decodeCursor, toPage } from '../../../platform/paging.ts';
import type { Executor } from '../../../platform/postgres/database.ts';
import { findInvoiceId } from '../charges/find-invoice.ts';
import type { AllTables } from '../dependencies.ts';
import type {
  Dispute,
  DisputeStatus,
  PageRequest,
  PageWithTotal,
  Refund,
  RefundStatus,
} from '../payments.ts';
import { clawBackOf } from './refund-store.ts';

type Db = Executor<AllTables>;

export interface RefundFilter {
  status?: RefundStatus;
  customerId?: string;
  invoice?: string;
}

const selectRefunds = (db: Db) =>
  db
    .selectFrom('payments.refunds as r')
    .innerJoin('payments.invoices as i', 'i.id', 'r.invoice_id')
    .select([
      'r.id',
      'r.invoice_id as invoiceId',
      'r.charge_id as chargeId',
      'r.amount_minor as amountMinor',
      'r.currency',
      'r.reason',
      'r.status',
      'r.failure_code as failureCode',
      'r.provider_ref as providerRef',
      'r.claw_back_worker as clawBackWorker',
      'r.claw_back_minor as clawBackMinor',
      'r.requested_by as requestedBy',
      'r.requested_at as requestedAt',
      'r.settled_at as settledAt',
    ]);

const selectDisputes = (db: Db) =>
  db
    .selectFrom('payments.disputes as d')
    .select([
      'd.id',
      'd.provider_ref as providerRef',
      'd.invoice_id as invoiceId',
      'd.amount_minor as amountMinor',
      'd.currency',
      'd.reason',
      'd.status',
      'd.evidence_due_at as evidenceDueAt',
      'd.opened_at as openedAt',
      'd.closed_at as closedAt',
      'd.claw_back_worker as clawBackWorker',
      'd.claw_back_minor as clawBackMinor',
    ]);

type Clawed = { clawBackWorker: string | null; clawBackMinor: bigint | null };

function withClawBack<Row extends Clawed>({ clawBackWorker, clawBackMinor, ...rest }: Row) {
  return { ...rest, clawBack: clawBackOf({ clawBackWorker, clawBackMinor }) };
}

/** @throws StewardError `refund_not_found` */
export async function readRefund(db: Db, id: string): Promise<Refund> {
  const row = isUuid(id)
    ? await selectRefunds(db).where('r.id', '=', id).executeTakeFirst()
    : undefined;
  if (!row) throw notFound('refund', id);
  return withClawBack(row);
}

/** @throws StewardError `dispute_not_found` */
export async function readDispute(db: Db, id: string): Promise<Dispute> {
  const row = isUuid(id)
    ? await selectDisputes(db).where('d.id', '=', id).executeTakeFirst()
    : undefined;
  if (!row) throw notFound('dispute', id);
  return withClawBack(row);
}

/** Newest first. @throws StewardError `invoice_not_found` */
export async function listRefunds(
  db: Db,
  filter: RefundFilter,
  page: PageRequest,
): Promise<PageWithTotal<Refund>> {
  const after = decodeCursor(page.cursor, [z.iso.datetime(), z.uuid()]);
  const invoiceId = filter.invoice && (await findInvoiceId(db, filter.invoice));
  const { customerId } = filter;
  const wanted = sql<SqlBool>`(${filter.status ?? null}::text is null or r.status = ${filter.status ?? null})
    and (${invoiceId ?? null}::uuid is null or r.invoice_id = ${invoiceId ?? null})
    and (${customerId ?? null}::text is null or i.customer_id::text = lower(${customerId ?? null}))`;
  let query = selectRefunds(db)
    .where(wanted)
    .orderBy('r.requested_at', 'desc')
    .orderBy('r.id', 'desc')
    .limit(page.limit + 1);
  if (after) {
    query = query.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('r.requested_at', 'r.id'), '<', tuple(new Date(after[0]), after[1])),
    );
  }
  const [rows, total] = await Promise.all([
    query.execute(),
    db
      .selectFrom('payments.refunds as r')
      .innerJoin('payments.invoices as i', 'i.id', 'r.invoice_id')
      .select(totals('r'))
      .where(wanted)
      .executeTakeFirstOrThrow(),
  ]);
  const keys = (row: { requestedAt: Date; id: string }) => [row.requestedAt.toISOString(), row.id];
  return { ...toPage(rows, page.limit, keys, withClawBack), total };
}

/** Newest first. */
export async function listDisputes(
  db: Db,
  filter: { status?: DisputeStatus },
  page: PageRequest,
): Promise<PageWithTotal<Dispute>> {
  const after = decodeCursor(page.cursor, [z.iso.datetime(), z.uuid()]);
  const wanted = sql<SqlBool>`(${filter.status ?? null}::text is null or d.status = ${filter.status ?? null})`;
  let query = selectDisputes(db)
    .where(wanted)
    .orderBy('d.opened_at', 'desc')
    .orderBy('d.id', 'desc')
    .limit(page.limit + 1);
  if (after) {
    query = query.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('d.opened_at', 'd.id'), '<', tuple(new Date(after[0]), after[1])),
    );
  }
  const [rows, total] = await Promise.all([
    query.execute(),
    db
      .selectFrom('payments.disputes as d')
      .select(totals('d'))
      .where(wanted)
      .executeTakeFirstOrThrow(),
  ]);
  const keys = (row: { openedAt: Date; id: string }) => [row.openedAt.toISOString(), row.id];
  return { ...toPage(rows, page.limit, keys, withClawBack), total };
}

function totals(table: 'r' | 'd') {
  return [
    sql<number>`count(*)::int`.as('count'),
    sql<bigint>`coalesce(sum(${sql.ref(`${table}.amount_minor`)}), 0)::bigint`.as('amountMinor'),
  ] as const;
}
