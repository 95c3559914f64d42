import { sql } from 'kysely';
import { businessDay } from '../../../platform/business-time.ts';
import { conflict, invalid } from '../../../platform/errors.ts';
import type { Transaction } from '../../../platform/postgres/database.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import type { LedgerTransaction } from '../payments.ts';
import { transactOrRehearse } from '../rehearse.ts';
import { alreadyReversed } from './ledger-errors.ts';
import { firstOpenDay, postTransactions } from './post-transactions.ts';
import { readTransaction } from './read-transactions.ts';

type Deps = Pick<PaymentsDependencies, 'db' | 'clock' | 'ids' | 'timeZone' | 'currency'>;

/** See {@link Ledger.reverse}. */
export async function reverseTransaction(
  deps: Deps,
  id: string,
  options: { reason: string; dryRun?: boolean },
): Promise<LedgerTransaction> {
  const reason = options.reason.trim();
  if (reason === '') {
    throw invalid('Say why the transaction is reversed.', [
      { path: 'reason', message: 'expected a reason' },
    ]);
  }
  return transactOrRehearse(deps.db, options.dryRun ?? false, async (tx) => {
    const original = await readTransaction(tx, id);
    await checkReversible(tx, original);
    const reversalId = await post(deps, tx, original, reason);
    if (original.kind === 'order') await takeOrderOut(tx, original.subjectId, reversalId);
    return readTransaction(tx, reversalId);
  });
}

async function checkReversible(
  tx: Transaction<AllTables>,
  original: LedgerTransaction,
): Promise<void> {
  const { id, kind, reversedBy } = original;
  if (kind !== 'order' && kind !== 'credit') {
    throw notReversible(
      original,
      kind === 'reversal'
        ? 'a reversal stands; book what is right anew'
        : `a movement of the kind "${kind}" is undone where it was made (refund, void, payout mark)`,
    );
  }
  if (reversedBy !== null) throw alreadyReversed(id, reversedBy);
  if (kind === 'credit') return;
  // Locked, so that no run puts the order onto an invoice meanwhile. The invoice is read afterwards:
  // joined to what is locked it would be as it was before we waited for the lock.
  const { rows } = await sql<{ invoice_id: string | null; reversed_by: string | null }>`
    select invoice_id, reversed_by from payments.order_bookings
    where order_id = ${original.subjectId} for update`.execute(tx);
  const [booking] = rows;
  if (booking?.reversed_by) throw alreadyReversed(id, booking.reversed_by);
  if (booking?.invoice_id) {
    const { number } = await tx
      .selectFrom('payments.invoices')
      .select('number')
      .where('id', '=', booking.invoice_id)
      .executeTakeFirstOrThrow();
    throw notReversible(
      original,
      `order ${original.subjectId} stands on invoice ${number}; void or refund that`,
      { invoice: number },
    );
  }
}

function notReversible(
  original: LedgerTransaction,
  why: string,
  data: Record<string, unknown> = {},
) {
  return conflict('not_reversible', `Transaction ${original.id} cannot be reversed: ${why}.`, {
    id: original.id,
    kind: original.kind,
    ...data,
  });
}

/** Books the opposite for today, or for the first day that is open. */
async function post(
  deps: Deps,
  tx: Transaction<AllTables>,
  original: LedgerTransaction,
  reason: string,
): Promise<string> {
  const now = deps.clock.now();
  const today = businessDay(now, deps.timeZone);
  const open = await firstOpenDay(tx);
  const key = `reversal:${original.id}`;
  const posted = await postTransactions(tx, deps.currency, [
    {
      id: deps.ids.next(),
      idempotencyKey: key,
      kind: 'reversal',
      bookedOn: open !== null && open > today ? open : today,
      occurredAt: now,
      subjectKind: original.subjectKind,
      subjectId: original.subjectId,
      reverses: original.id,
      reason,
      postings: original.postings.map(({ account, amountMinor }) => ({
        code: account.code,
        owner: account.owner,
        amountMinor: -amountMinor,
      })),
    },
  ]);
  const result = posted.get(key);
  if (!result) throw new Error(`The reversal of ${original.id} came to nothing.`);
  // Somebody else did the same a moment ago.
  if (!result.isNew) throw alreadyReversed(original.id, result.id);
  return result.id;
}

/** The order is not invoiced any more, and counts no more for the discounts of later ones. */
async function takeOrderOut(
  tx: Transaction<AllTables>,
  orderId: string,
  reversalId: string,
): Promise<void> {
  await sql`
    update payments.order_bookings set reversed_by = ${reversalId}
    where order_id = ${orderId}`.execute(tx);
  await sql`
    update payments.customer_totals t
    set net_minor = t.net_minor - b.net_minor, orders = t.orders - 1
    from payments.order_bookings b
    where b.order_id = ${orderId} and t.customer_id = b.customer_id`.execute(tx);
}
