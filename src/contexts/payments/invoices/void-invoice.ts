import { sql } from 'kysely';
import { businessDay } from '../../../platform/business-time.ts';
import { conflict, invalid } from '../../../platform/errors.ts';
import type { Transaction } from '../../../platform/postgres/database.ts';
import { changeCharge } from '../charges/charge-store.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import { firstOpenDay, postTransactions } from '../ledger/post-transactions.ts';
import type { Invoice } from '../payments.ts';
import { transactOrRehearse } from '../rehearse.ts';
import { findInvoice, lockInvoice } from './invoice-store.ts';

/** See {@link Invoices.void}. What was booked for the orders stays: they are only billed anew. */
export function voidInvoice(
  deps: PaymentsDependencies,
  idOrNumber: string,
  options: { reason: string; dryRun?: boolean },
): Promise<Invoice> {
  const reason = options.reason.trim();
  if (reason === '') {
    throw invalid('Say why the invoice is taken back.', [
      { path: 'reason', message: 'expected a reason' },
    ]);
  }
  return transactOrRehearse(deps.db, options.dryRun ?? false, async (tx) => {
    const invoice = await lockInvoice(tx, idOrNumber);
    if (invoice.status === 'void') return invoice;
    const now = deps.clock.now();
    const planned = await lockPlannedCharge(tx, invoice);
    if (planned !== null) {
      const change = { status: 'cancelled', settled_at: now } as const;
      await changeCharge(tx, planned, change, 'The invoice was taken back.', now);
    }
    await sql`
      update payments.invoices set status = 'void', needs_method = false, settled_at = ${now},
        void_reason = ${reason}, void_by = session_user
      where id = ${invoice.id}`.execute(tx);
    await sql`
      update payments.order_bookings set invoice_id = null
      where invoice_id = ${invoice.id}`.execute(tx);
    await takeRoundingBack(tx, deps, invoice, now);
    return findInvoice(tx, invoice.id);
  });
}

/** @returns the charge that is planned and has not left, if there is one */
async function lockPlannedCharge(
  tx: Transaction<AllTables>,
  invoice: Invoice,
): Promise<string | null> {
  const charges = await tx
    .selectFrom('payments.charges')
    .select(['id', 'status'])
    .where('invoice_id', '=', invoice.id)
    .where('status', 'not in', ['failed', 'cancelled'])
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
  const underWay = charges.find((charge) => charge.status !== 'planned');
  if (invoice.status === 'paid' || underWay) {
    const why =
      invoice.status === 'paid' || underWay?.status === 'succeeded'
        ? 'it is paid; refund it instead'
        : `charge ${underWay?.id} is under way (${underWay?.status})`;
    throw conflict(
      'invoice_not_voidable',
      `Invoice ${invoice.number} cannot be taken back: ${why}.`,
      { id: invoice.id, status: invoice.status, chargeId: underWay?.id ?? null },
    );
  }
  return charges[0]?.id ?? null;
}

async function takeRoundingBack(
  tx: Transaction<AllTables>,
  deps: PaymentsDependencies,
  invoice: Invoice,
  now: Date,
): Promise<void> {
  const { rows } = await sql<{ id: string; code: string; owner: string; amountMinor: bigint }>`
    select t.id, a.code, a.owner, p.amount_minor as "amountMinor"
    from ledger.transactions t
    join ledger.postings p on p.transaction_id = t.id
    join ledger.accounts a on a.id = p.account_id
    where t.idempotency_key = ${`rounding:${invoice.id}`} order by p.line`.execute(tx);
  const [first] = rows;
  if (!first) return;
  const open = await firstOpenDay(tx);
  const today = businessDay(now, deps.timeZone);
  await postTransactions(tx, invoice.currency, [
    {
      id: deps.ids.next(),
      idempotencyKey: `reversal:${first.id}`,
      kind: 'reversal',
      bookedOn: open !== null && open > today ? open : today,
      occurredAt: now,
      subjectKind: 'invoice',
      subjectId: invoice.id,
      reverses: first.id,
      reason: `Invoice ${invoice.number} was taken back.`,
      postings: rows.map(({ code, owner, amountMinor }) => ({
        code,
        owner,
        amountMinor: -amountMinor,
      })),
    },
  ]);
}
