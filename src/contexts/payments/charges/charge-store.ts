import { sql } from 'kysely';
import type { Executor, Transaction } from '../../../platform/postgres/database.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import type { ChargeStatus, InvoiceStatus } from '../payments.ts';
import { chargeKey } from './charge-key.ts';

/** A charge with what decides over it. */
export interface ChargeRecord {
  id: string;
  invoiceId: string;
  invoiceNumber: string;
  customerId: string;
  generation: number;
  provider: string;
  idempotencyKey: string;
  amountMinor: bigint;
  currency: string;
  status: ChargeStatus;
  customerRef: string | null;
  methodRef: string | null;
  providerRef: string | null;
  sentAt: Date | null;
  asks: number;
  /** Also the sign of whoever works on it: a later worker has another one. */
  leaseUntil: Date | null;
  transactionId: string | null;
  invoice: InvoiceStatus;
  failingSince: Date | null;
  needsMethod: boolean;
  /** Another attempt of the same invoice has succeeded. */
  paidByAnother: boolean;
  /** Another attempt of the same invoice can still take money. */
  hasNext: boolean;
}

/** The same, with charge and invoice locked: what is decided on it holds until the commit. */
export type LockedCharge = ChargeRecord & { locked: true };

const LIVE = sql`('planned', 'sending', 'unknown', 'processing', 'requires_action')`;

const select = (db: Executor<AllTables>) =>
  db
    .selectFrom('payments.charges as c')
    .innerJoin('payments.invoices as i', 'i.id', 'c.invoice_id')
    .select([
      'c.id',
      'c.invoice_id as invoiceId',
      'i.number as invoiceNumber',
      'i.customer_id as customerId',
      'c.generation',
      'c.provider',
      'c.idempotency_key as idempotencyKey',
      'c.amount_minor as amountMinor',
      'c.currency',
      'c.status',
      'c.customer_ref as customerRef',
      'c.method_ref as methodRef',
      'c.provider_ref as providerRef',
      'c.sent_at as sentAt',
      'c.asks',
      'c.lease_until as leaseUntil',
      'c.transaction_id as transactionId',
      'i.status as invoice',
      'i.failing_since as failingSince',
      'i.needs_method as needsMethod',
      sql<boolean>`exists (select from payments.charges o where o.invoice_id = c.invoice_id
        and o.id <> c.id and o.status = 'succeeded')`.as('paidByAnother'),
      sql<boolean>`exists (select from payments.charges o where o.invoice_id = c.invoice_id
        and o.id <> c.id and o.status in ${LIVE})`.as('hasNext'),
    ]);

/** Locks a charge, its invoice before it: everybody who locks both does so in this order. */
export async function lockCharge(
  tx: Transaction<AllTables>,
  id: string,
): Promise<LockedCharge | undefined> {
  await sql`select from payments.invoices
    where id = (select invoice_id from payments.charges where id = ${id}) for no key update`.execute(
    tx,
  );
  await sql`select from payments.charges where id = ${id} for no key update`.execute(tx);
  const row = await select(tx).where('c.id', '=', id).executeTakeFirst();
  return row && { ...row, locked: true };
}

/** Without a lock: to ask the provider with. */
export async function findCharge(
  db: Executor<AllTables>,
  id: string,
): Promise<ChargeRecord | undefined> {
  return select(db).where('c.id', '=', id).executeTakeFirst();
}

/**
 * Takes charges whose next step is due, for as long as the lease: nobody else gets them until then,
 * also when this process dies.
 */
export async function claimCharges(
  deps: Pick<PaymentsDependencies, 'db' | 'provider' | 'rules'>,
  now: Date,
  limit: number,
): Promise<ChargeRecord[]> {
  const leaseUntil = new Date(now.getTime() + deps.rules.charging.leaseSeconds * 1_000);
  const { rows } = await sql<{ id: string }>`
    update payments.charges set lease_until = ${leaseUntil}
    where id in (
      select id from payments.charges
      where status in ${LIVE} and due_at <= ${now} and provider = ${deps.provider.name}
        and (lease_until is null or lease_until <= ${now})
      order by due_at limit ${limit} for update skip locked)
    returning id`.execute(deps.db);
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  return select(deps.db)
    .where(({ eb, fn, val }) => eb('c.id', '=', fn.any(val(ids))))
    .execute();
}

/** What a move writes into the row of a charge. */
export interface ChargeChange {
  status: ChargeStatus;
  failure_kind?: 'soft' | 'hard' | null;
  failure_code?: string | null;
  customer_ref?: string;
  method_ref?: string;
  provider_ref?: string;
  due_at?: Date;
  sent_at?: Date | null;
  asked_at?: Date;
  asks?: number;
  lease_until?: Date | null;
  settled_at?: Date;
  transaction_id?: string;
}

/** Writes the change and the step that tells of it. */
export async function changeCharge(
  tx: Transaction<AllTables>,
  id: string,
  change: ChargeChange,
  detail: string | null,
  at: Date,
): Promise<void> {
  await tx.updateTable('payments.charges').set(change).where('id', '=', id).execute();
  await sql`
    insert into payments.charge_steps (charge_id, step, status, detail, at)
    select ${id}, coalesce(max(step), 0) + 1, ${change.status}, ${detail}, ${at}
    from payments.charge_steps where charge_id = ${id}`.execute(tx);
}

/** How often a charge has left, and when last; its invoice is locked. */
export async function readSends(
  tx: Transaction<AllTables>,
  id: string,
): Promise<{ sends: number; lastAt: Date | null }> {
  const { rows } = await sql<{ sends: number; lastAt: Date | null }>`
    select count(*)::int as sends, max(at) as "lastAt" from payments.charge_steps
    where charge_id = ${id} and status = 'sending'`.execute(tx);
  return rows[0] ?? { sends: 0, lastAt: null };
}

/** What the next attempt is made of. */
export interface NewGeneration {
  invoiceId: string;
  amountMinor: bigint;
  currency: string;
  dueAt: Date;
  detail: string;
}

/** Plans the next attempt of an invoice, which is locked and has no live one. */
export async function planGeneration(
  tx: Transaction<AllTables>,
  deps: Pick<PaymentsDependencies, 'ids' | 'provider'>,
  next: NewGeneration,
  now: Date,
): Promise<string> {
  const generation = (await readGeneration(tx, next.invoiceId)) + 1;
  const id = deps.ids.next();
  await tx
    .insertInto('payments.charges')
    .values({
      id,
      invoice_id: next.invoiceId,
      generation,
      provider: deps.provider.name,
      idempotency_key: chargeKey(next.invoiceId, generation),
      amount_minor: next.amountMinor,
      currency: next.currency,
      status: 'planned',
      due_at: next.dueAt,
      created_at: now,
    })
    .execute();
  await changeCharge(tx, id, { status: 'planned' }, next.detail, now);
  return id;
}

/** The highest generation so far; 0 without any. */
export async function readGeneration(
  tx: Transaction<AllTables>,
  invoiceId: string,
): Promise<number> {
  const { rows } = await sql<{ generation: number }>`
    select coalesce(max(generation), 0)::int as generation from payments.charges
    where invoice_id = ${invoiceId}`.execute(tx);
  return rows[0]?.generation ?? 0;
}
