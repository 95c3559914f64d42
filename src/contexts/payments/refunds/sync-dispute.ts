import { sql } from 'kysely';
import { conflict, notFound } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/ids.ts';
import type { Executor, Transaction } from '../../../platform/postgres/database.ts';
import { syncCharge } from '../charges/sync-charge.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import { mailDisputeOpened } from '../mails/enqueue.ts';
import type { ClawBack, Dispute, DisputeStatus } from '../payments.ts';
import type { ProviderDispute } from '../provider/provider.ts';
import { bookClawBack, bookMoneyBack, reverseMoneyBack } from './book-money-back.ts';
import { readDispute } from './read-refunds.ts';
import { lockChargeRow } from './refund-store.ts';
import { checkClawBack } from './request-refund.ts';

type Deps = Omit<PaymentsDependencies, 'stream' | 'publicUrl'>;
type Tx = Transaction<AllTables>;

const MOST_ROUNDS = 5;

/**
 * Something happened to a dispute: asks how it stands and writes that down. A warning moves no
 * money; an open one has taken it; a won one gives it back; a lost one leaves it as it is.
 * @param ref the provider's id
 */
export async function syncDispute(deps: Deps, ref: string): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const before = await readState(deps.db, deps, ref);
    const told = await deps.provider.getDispute(ref);
    if (!told) return;
    if (!(await findCharge(deps, told.chargeRef))) await syncCharge(deps, told.chargeRef);
    const charge = await findCharge(deps, told.chargeRef);
    const written = await deps.db.transaction().execute(async (tx) => {
      // In the same order as all who write about one invoice.
      if (charge) await lockChargeRow(tx, charge.id);
      // Somebody has written since we asked: their answer may be newer than ours.
      const same = (await readState(tx, deps, ref)) === before;
      if (same) await record(deps, tx, told, charge);
      return same;
    });
    if (written) return;
  }
  throw new Error(`Dispute ${ref} is written by others again and again.`);
}

/** The row's status, locked within a transaction; null without a row. */
async function readState(
  db: Executor<AllTables>,
  deps: Deps,
  ref: string,
): Promise<DisputeStatus | null> {
  const row = await db
    .selectFrom('payments.disputes')
    .select('status')
    .where('provider', '=', deps.provider.name)
    .where('provider_ref', '=', ref)
    .$if(db.isTransaction, (query) => query.forNoKeyUpdate())
    .executeTakeFirst();
  return row?.status ?? null;
}

function findCharge(deps: Deps, ref: string) {
  return deps.db
    .selectFrom('payments.charges')
    .select(['id', 'invoice_id as invoiceId'])
    .where('provider', '=', deps.provider.name)
    .where('provider_ref', '=', ref)
    .executeTakeFirst();
}

async function record(
  deps: Deps,
  tx: Tx,
  told: ProviderDispute,
  charge: { id: string; invoiceId: string } | undefined,
): Promise<void> {
  const id = await findOrOpen(deps, tx, told, charge);
  const row = await lockDispute(tx, id);
  if (row.status === told.state && row.booked === isTaken(told.state)) return;
  const now = deps.clock.now();
  const back = {
    kind: 'dispute' as const,
    id,
    amountMinor: row.amountMinor,
    currency: row.currency,
    provider: deps.provider.name,
    owedTo: null,
  };
  let transactionId = row.transactionId;
  if (isTaken(told.state) && !row.booked) {
    if (row.transactionId !== null) {
      deps.log.error({ disputeId: id, providerRef: told.ref }, 'a won dispute was taken up again');
      return;
    }
    transactionId = await bookMoneyBack(deps, tx, back);
  }
  if (!isTaken(told.state) && row.booked) {
    await reverseMoneyBack(deps, tx, back, 'The dispute was decided for us.');
  }
  const closed = told.state === 'won' || told.state === 'lost';
  await tx
    .updateTable('payments.disputes')
    .set({
      status: told.state,
      transaction_id: transactionId,
      evidence_due_at: told.evidenceDueAt,
      closed_at: closed ? now : null,
    })
    .where('id', '=', id)
    .execute();
}

/** Whether the money is with the customer's bank. */
function isTaken(status: DisputeStatus): boolean {
  return status === 'open' || status === 'lost';
}

async function findOrOpen(
  deps: Deps,
  tx: Tx,
  told: ProviderDispute,
  charge: { id: string; invoiceId: string } | undefined,
): Promise<string> {
  const id = deps.ids.next();
  const made = await tx
    .insertInto('payments.disputes')
    .values({
      id,
      provider: deps.provider.name,
      provider_ref: told.ref,
      invoice_id: charge?.invoiceId ?? null,
      charge_id: charge?.id ?? null,
      amount_minor: told.amountMinor,
      currency: told.currency,
      reason: told.reason,
      // Nothing is booked yet, whatever it is by now.
      status: 'warning',
      evidence_due_at: told.evidenceDueAt,
      opened_at: told.createdAt,
    })
    .onConflict((both) => both.columns(['provider', 'provider_ref']).doNothing())
    .returning('id')
    .executeTakeFirst();
  if (made) {
    await mailDisputeOpened(tx, deps, { disputeId: id });
    return id;
  }
  const known = await tx
    .selectFrom('payments.disputes')
    .select('id')
    .where('provider', '=', deps.provider.name)
    .where('provider_ref', '=', told.ref)
    .executeTakeFirstOrThrow();
  return known.id;
}

async function lockDispute(tx: Tx, id: string) {
  await sql`select from payments.disputes where id = ${id} for update`.execute(tx);
  return tx
    .selectFrom('payments.disputes as d')
    .select([
      'd.invoice_id as invoiceId',
      'd.status',
      'd.amount_minor as amountMinor',
      'd.currency',
      'd.transaction_id as transactionId',
      'd.claw_back_worker as clawBackWorker',
      sql<boolean>`d.transaction_id is not null and not exists
        (select from ledger.transactions r where r.reverses = d.transaction_id)`.as('booked'),
    ])
    .where('d.id', '=', id)
    .executeTakeFirstOrThrow();
}

/** See {@link Refunds.clawBackDispute}. */
export function clawBackDispute(deps: Deps, id: string, clawBack: ClawBack): Promise<Dispute> {
  return deps.db.transaction().execute(async (tx) => {
    const known = isUuid(id)
      ? await tx
          .selectFrom('payments.disputes')
          .select('id')
          .where('id', '=', id)
          .executeTakeFirst()
      : undefined;
    if (!known) throw notFound('dispute', id);
    const dispute = await lockDispute(tx, id);
    if (dispute.status !== 'lost') {
      const why = `Dispute ${id} is ${dispute.status}: only what is lost can be taken back from a worker.`;
      throw conflict('dispute_not_lost', why, { status: dispute.status });
    }
    if (dispute.clawBackWorker !== null) {
      throw conflict('already_clawed_back', `Dispute ${id} was taken back from a worker already.`, {
        workerId: dispute.clawBackWorker,
      });
    }
    if (dispute.invoiceId === null) throw notFound('worker', clawBack.workerId);
    await checkClawBack(tx, dispute.invoiceId, clawBack, dispute.amountMinor);
    const about = { kind: 'dispute' as const, id, currency: dispute.currency };
    await bookClawBack(deps, tx, about, clawBack);
    await tx
      .updateTable('payments.disputes')
      .set({ claw_back_worker: clawBack.workerId, claw_back_minor: clawBack.amountMinor })
      .where('id', '=', id)
      .execute();
    return readDispute(tx, id);
  });
}
