import { sql } from 'kysely';
import { conflict, forbidden, invalid, notFound } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/ids.ts';
import type { Transaction } from '../../../platform/postgres/database.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import type { Credit } from '../payments.ts';
import { transactOrRehearse } from '../rehearse.ts';
import { bookCredit } from './book-credit.ts';
import { CREDIT_COLUMNS, toCredit } from './credit-rows.ts';

type Deps = Pick<PaymentsDependencies, 'db' | 'clock' | 'ids' | 'currency' | 'timeZone'>;
type Decision = { outcome: 'booked' } | { outcome: 'rejected'; reason: string };

/**
 * Says yes or no to a credit that was asked for. A yes comes from somebody else than the one who
 * asked; taking one's own request back is a no. See `Credits.approve` and `Credits.reject`.
 */
export async function decideCredit(
  deps: Deps,
  id: string,
  decision: Decision,
  dryRun = false,
): Promise<Credit> {
  const reason = decision.outcome === 'rejected' ? decision.reason.trim() : null;
  if (reason === '') {
    const issues = [{ path: 'reason', message: 'expected why the credit is rejected' }];
    throw invalid('A credit is rejected with a reason.', issues);
  }
  if (!isUuid(id)) throw notFound('credit', id);
  return transactOrRehearse(deps.db, dryRun, async (tx) => {
    const credit = await lockRequested(tx, id);
    const at = deps.clock.now();
    let transactionId: string | null = null;
    if (decision.outcome === 'booked') {
      if (credit.is_own) throw sameManager(credit);
      transactionId = deps.ids.next();
      await bookCredit(deps, tx, {
        id: credit.id,
        workerId: credit.worker_id,
        amountMinor: credit.amount_minor,
        transactionId,
        at,
      });
    }
    const row = await tx
      .updateTable('payments.credits')
      .set({
        status: decision.outcome,
        decided_at: at,
        decision_reason: reason,
        transaction_id: transactionId,
      })
      .where('id', '=', credit.id)
      .returning(CREDIT_COLUMNS)
      .executeTakeFirstOrThrow();
    return toCredit(row);
  });
}

async function lockRequested(tx: Transaction<AllTables>, id: string) {
  const row = await tx
    .selectFrom('payments.credits')
    .select([
      'id',
      'worker_id',
      'amount_minor',
      'status',
      'requested_by',
      'decided_by',
      // The login, as the database will sign it: what a program says of itself does not count.
      sql<boolean>`requested_by = session_user`.as('is_own'),
    ])
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (!row) throw notFound('credit', id);
  if (row.status === 'requested') return row;
  throw conflict(
    'credit_decided',
    `Credit ${row.id} is ${row.status} already, by ${row.decided_by}.`,
    { status: row.status, decidedBy: row.decided_by },
  );
}

function sameManager({ id, requested_by }: { id: string; requested_by: string }) {
  return forbidden(
    'same_manager',
    `Credit ${id} was asked for by the login "${requested_by}", which is yours too: over the limit a second finance manager approves, with a login of their own. The owner of an embedded database is one login like any other; ops make another in PostgreSQL, as a member of steward_finance.`,
  );
}
