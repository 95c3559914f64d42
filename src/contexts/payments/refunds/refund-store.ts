import { sql } from 'kysely';
import type { Executor, Transaction } from '../../../platform/postgres/database.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import type { ClawBack, RefundStatus } from '../payments.ts';

/** A refund with what decides over it. */
export interface RefundRecord {
  id: string;
  invoiceId: string;
  chargeId: string;
  chargeRef: string | null;
  customerId: string;
  provider: string;
  idempotencyKey: string | null;
  amountMinor: bigint;
  currency: string;
  status: RefundStatus;
  providerRef: string | null;
  clawBackWorker: string | null;
  clawBackMinor: bigint | null;
  sentAt: Date | null;
  sends: number;
  asks: number;
  leaseUntil: Date | null;
  transactionId: string | null;
}

export type LockedRefund = RefundRecord & { locked: true };

const select = (db: Executor<AllTables>) =>
  db
    .selectFrom('payments.refunds as r')
    .innerJoin('payments.charges as c', 'c.id', 'r.charge_id')
    .innerJoin('payments.invoices as i', 'i.id', 'r.invoice_id')
    .select([
      'r.id',
      'r.invoice_id as invoiceId',
      'r.charge_id as chargeId',
      'c.provider_ref as chargeRef',
      'i.customer_id as customerId',
      'r.provider',
      'r.idempotency_key as idempotencyKey',
      'r.amount_minor as amountMinor',
      'r.currency',
      'r.status',
      'r.provider_ref as providerRef',
      'r.claw_back_worker as clawBackWorker',
      'r.claw_back_minor as clawBackMinor',
      'r.sent_at as sentAt',
      'r.sends',
      'r.asks',
      'r.lease_until as leaseUntil',
      'r.transaction_id as transactionId',
    ]);

/**
 * Locks a charge: whoever adds a refund to it, or finds one, waits for the others. Its invoice
 * before it, as whoever records charges does: a new refund refers to both.
 */
export async function lockChargeRow(tx: Transaction<AllTables>, chargeId: string): Promise<void> {
  await sql`select from payments.invoices
    where id = (select invoice_id from payments.charges where id = ${chargeId})
    for no key update`.execute(tx);
  await sql`select from payments.charges where id = ${chargeId} for no key update`.execute(tx);
}

/** Locks a refund, its invoice and charge before it. */
export async function lockRefund(
  tx: Transaction<AllTables>,
  id: string,
): Promise<LockedRefund | undefined> {
  const refund = await tx
    .selectFrom('payments.refunds')
    .select('charge_id')
    .where('id', '=', id)
    .executeTakeFirst();
  if (!refund) return undefined;
  await lockChargeRow(tx, refund.charge_id);
  await sql`select from payments.refunds where id = ${id} for update`.execute(tx);
  const row = await select(tx).where('r.id', '=', id).executeTakeFirst();
  return row && { ...row, locked: true };
}

/** Takes refunds whose next step is due, for as long as the lease. */
export async function claimRefunds(
  deps: Pick<PaymentsDependencies, 'db' | 'provider' | 'rules'>,
  now: Date,
  limit: number,
): Promise<RefundRecord[]> {
  const leaseUntil = new Date(now.getTime() + deps.rules.charging.leaseSeconds * 1_000);
  const { rows } = await sql<{ id: string }>`
    update payments.refunds set lease_until = ${leaseUntil}
    where id in (
      select id from payments.refunds
      where status in ('planned', 'sending', 'unknown', 'pending') and due_at <= ${now}
        and provider = ${deps.provider.name} and (lease_until is null or lease_until <= ${now})
      order by due_at limit ${limit} for update skip locked)
    returning id`.execute(deps.db);
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  return select(deps.db)
    .where(({ eb, fn, val }) => eb('r.id', '=', fn.any(val(ids))))
    .execute();
}

/** What a move writes into the row of a refund. */
export interface RefundChange {
  status?: RefundStatus;
  failure_code?: string | null;
  provider_ref?: string;
  due_at?: Date;
  sent_at?: Date | null;
  sends?: number;
  asks?: number;
  lease_until?: Date | null;
  settled_at?: Date | null;
  transaction_id?: string;
}

export async function changeRefund(
  tx: Transaction<AllTables>,
  id: string,
  change: RefundChange,
): Promise<void> {
  await tx.updateTable('payments.refunds').set(change).where('id', '=', id).execute();
}

/**
 * What of a charge is not refunded, or about to be, nor taken back by the customer's bank; the
 * charge is locked. Otherwise a customer could be given back more than was paid.
 */
export async function readLeft(
  tx: Transaction<AllTables>,
  charge: { id: string; amountMinor: bigint },
): Promise<bigint> {
  const { rows } = await sql<{ back: bigint }>`
    select coalesce(sum(amount_minor), 0)::bigint as back from (
      select amount_minor from payments.refunds
      where charge_id = ${charge.id} and status <> 'failed'
      union all
      select amount_minor from payments.disputes
      where charge_id = ${charge.id} and status in ('open', 'lost')) as gone`.execute(tx);
  return charge.amountMinor - (rows[0]?.back ?? 0n);
}

export function clawBackOf(row: {
  clawBackWorker: string | null;
  clawBackMinor: bigint | null;
}): ClawBack | null {
  if (row.clawBackWorker === null || row.clawBackMinor === null) return null;
  return { workerId: row.clawBackWorker, amountMinor: row.clawBackMinor };
}
