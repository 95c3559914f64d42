import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import { notFound } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/ids.ts';
import { decodeCursor, toPage } from '../../../platform/paging.ts';
import type { Executor, Transaction } from '../../../platform/postgres/database.ts';
import { selectCharges } from '../charges/select-charges.ts';
import type { AllTables } from '../dependencies.ts';
import type {
  Charge,
  Dispute,
  Invoice,
  InvoiceDetail,
  InvoiceFilter,
  InvoiceLine,
  PageRequest,
  PageWithTotal,
  Refund,
} from '../payments.ts';

/** `2026-W48-000123` */
const NUMBER = /^\d{4}-W\d\d-\d{6,}$/;

/** A charge that waits for a payment method is due at the end of all times: nobody is told that. */
const NEVER_FROM = new Date('9000-01-01T00:00:00Z');

const columns = sql`
  i.id, i.number, i.customer_id as "customerId", i.period, i.currency, i.orders,
  i.price_minor as "priceMinor", i.discount_minor as "discountMinor",
  i.total_minor as "totalMinor", i.status, i.needs_method as "needsMethod",
  i.issued_at as "issuedAt", i.settled_at as "settledAt",
  (select coalesce(sum(r.amount_minor), 0)::bigint from payments.refunds r
    where r.invoice_id = i.id and r.status in ('pending', 'succeeded')) as "refundedMinor",
  (select coalesce(sum(d.amount_minor), 0)::bigint from payments.disputes d
    where d.invoice_id = i.id and d.status in ('open', 'lost')) as "disputedMinor",
  (select c.due_at from payments.charges c
    where c.invoice_id = i.id and c.status = 'planned' and c.due_at < ${NEVER_FROM}
    ) as "nextAttemptAt"`;

/** Invoices, newest first, with what all that fit come to. */
export async function listInvoices(
  db: Executor<AllTables>,
  filter: InvoiceFilter,
  page: PageRequest,
): Promise<PageWithTotal<Invoice>> {
  const place = decodeCursor(page.cursor, [z.iso.datetime(), z.uuid()]);
  const fits = fitting(filter);
  const from = place
    ? sql`${fits} and (i.issued_at, i.id) < (${place[0]}::timestamptz, ${place[1]}::uuid)`
    : fits;
  const { rows } = await sql<Invoice>`
    select ${columns} from payments.invoices i where ${from}
    order by i.issued_at desc, i.id desc limit ${page.limit + 1}`.execute(db);
  const { rows: totals } = await sql<{ count: bigint; amount: bigint }>`
    select count(*) as count, coalesce(sum(i.total_minor), 0)::bigint as amount
    from payments.invoices i where ${fits}`.execute(db);
  return {
    ...toPage(
      rows,
      page.limit,
      (row) => [row.issuedAt.toISOString(), row.id],
      (row) => row,
    ),
    total: { count: Number(totals[0]?.count ?? 0n), amountMinor: totals[0]?.amount ?? 0n },
  };
}

function fitting(filter: InvoiceFilter): RawBuilder<unknown> {
  const conditions: RawBuilder<unknown>[] = [sql`true`];
  if (filter.customerId !== undefined) {
    conditions.push(
      isUuid(filter.customerId) ? sql`i.customer_id = ${filter.customerId}` : sql`false`,
    );
  }
  if (filter.period !== undefined) conditions.push(sql`i.period = ${filter.period}`);
  if (filter.status !== undefined) conditions.push(sql`i.status = ${filter.status}`);
  if (filter.needsMethod !== undefined) {
    conditions.push(sql`i.needs_method = ${filter.needsMethod}`);
  }
  return sql.join(conditions, sql` and `);
}

/** @throws StewardError `invoice_not_found` */
export async function findInvoice(
  db: Executor<AllTables>,
  idOrNumber: string,
  customerId?: string,
): Promise<Invoice> {
  const { rows } = await sql<Invoice>`
    select ${columns} from payments.invoices i where ${named(idOrNumber)}`.execute(db);
  const [invoice] = rows;
  if (!invoice || (customerId !== undefined && invoice.customerId !== customerId)) {
    throw notFound('invoice', idOrNumber);
  }
  return invoice;
}

/** Locked until the transaction ends; before its charges, as everybody does who locks both. */
export async function lockInvoice(
  tx: Transaction<AllTables>,
  idOrNumber: string,
): Promise<Invoice> {
  await sql`select from payments.invoices i where ${named(idOrNumber)} for no key update`.execute(
    tx,
  );
  return findInvoice(tx, idOrNumber);
}

function named(idOrNumber: string): RawBuilder<unknown> {
  const text = idOrNumber.trim();
  if (isUuid(text)) return sql`i.id = ${text}`;
  return NUMBER.test(text.toUpperCase()) ? sql`i.number = ${text.toUpperCase()}` : sql`false`;
}

/** An invoice with its orders and everything that was tried and happened to its money. */
export async function readInvoiceDetail(
  db: Executor<AllTables>,
  invoice: Invoice,
): Promise<InvoiceDetail> {
  const [lines, charges, refunds, disputes] = [
    await readLines(db, invoice.id),
    await readCharges(db, invoice.id),
    await readRefunds(db, invoice.id),
    await readDisputes(db, invoice.id),
  ];
  return { ...invoice, lines, charges, refunds, disputes };
}

function readLines(db: Executor<AllTables>, invoiceId: string): Promise<InvoiceLine[]> {
  return db
    .selectFrom('payments.order_bookings')
    .select([
      'order_id as orderId',
      'service_code as serviceCode',
      'service_name as serviceName',
      'outcome',
      'ended_at as endedAt',
      'price_minor as priceMinor',
      'paid_before_minor as paidBeforeMinor',
      'discount_percent as discountPercent',
      'discount_minor as discountMinor',
      'net_minor as netMinor',
    ])
    .where('invoice_id', '=', invoiceId)
    .orderBy('ended_at')
    .orderBy('order_id')
    .execute();
}

function readCharges(db: Executor<AllTables>, invoiceId: string): Promise<Charge[]> {
  return selectCharges(db).where('c.invoice_id', '=', invoiceId).orderBy('c.generation').execute();
}

async function readRefunds(db: Executor<AllTables>, invoiceId: string): Promise<Refund[]> {
  const rows = await db
    .selectFrom('payments.refunds')
    .select([
      'id',
      'invoice_id as invoiceId',
      'charge_id as chargeId',
      'amount_minor as amountMinor',
      'currency',
      'reason',
      'status',
      'failure_code as failureCode',
      'provider_ref as providerRef',
      'claw_back_worker as workerId',
      'claw_back_minor as clawBackMinor',
      'requested_by as requestedBy',
      'requested_at as requestedAt',
      'settled_at as settledAt',
    ])
    .where('invoice_id', '=', invoiceId)
    .orderBy('requested_at')
    .orderBy('id')
    .execute();
  return rows.map(withClawBack);
}

async function readDisputes(db: Executor<AllTables>, invoiceId: string): Promise<Dispute[]> {
  const rows = await db
    .selectFrom('payments.disputes')
    .select([
      'id',
      'provider_ref as providerRef',
      'invoice_id as invoiceId',
      'amount_minor as amountMinor',
      'currency',
      'reason',
      'status',
      'evidence_due_at as evidenceDueAt',
      'opened_at as openedAt',
      'closed_at as closedAt',
      'claw_back_worker as workerId',
      'claw_back_minor as clawBackMinor',
    ])
    .where('invoice_id', '=', invoiceId)
    .orderBy('opened_at')
    .orderBy('id')
    .execute();
  return rows.map(withClawBack);
}

function withClawBack<Row extends { workerId: string | null; clawBackMinor: bigint | null }>({
  workerId,
  clawBackMinor,
  ...row
}: Row) {
  const known = workerId !== null && clawBackMinor !== null;
  return { ...row, clawBack: known ? { workerId, amountMinor: clawBackMinor } : null };
}
