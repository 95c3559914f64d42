import { sql } from 'kysely';
import { conflict, invalid } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/ids.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { Payouts } from '../payments.ts';
import { requireWorker } from './require-worker.ts';

/** Keeps a worker's money back, from runs and from what is planned already. See `Payouts.hold`. */
export async function holdWorker(
  deps: PaymentsDependencies,
  workerId: string,
  reason: string,
): Promise<void> {
  const words = reason.trim();
  if (words === '') {
    const issues = [{ path: 'reason', message: 'expected why the money is held back' }];
    throw invalid("A worker's money is held back with a reason.", issues);
  }
  const id = await requireWorker(deps, workerId);
  const made = await deps.db
    .insertInto('payments.payout_holds')
    .values({ id: deps.ids.next(), worker_id: id, reason: words, held_at: deps.clock.now() })
    .onConflict((one) => one.column('worker_id').where('released_at', 'is', null).doNothing())
    .executeTakeFirst();
  if (made.numInsertedOrUpdatedRows) return;
  const held = (await readHolds(deps)).find((one) => one.workerId === id);
  throw conflict(
    'already_held',
    `The money of worker ${id} is held back already${held ? `, by ${held.heldBy}: ${held.reason}` : ''}.`,
    { workerId: id },
  );
}

/** Lets it go again: the next run takes it. See `Payouts.release`. */
export async function releaseWorker(deps: PaymentsDependencies, workerId: string): Promise<void> {
  const released = isUuid(workerId)
    ? await deps.db
        .updateTable('payments.payout_holds')
        .set({ released_at: deps.clock.now(), released_by: sql<string>`session_user` })
        .where('worker_id', '=', workerId)
        .where('released_at', 'is', null)
        .executeTakeFirst()
    : undefined;
  if (released?.numUpdatedRows) return;
  throw conflict('not_held', `The money of worker ${workerId} is not held back.`, { workerId });
}

/** Whose money is held back now, the latest first. */
export async function readHolds(
  deps: Pick<PaymentsDependencies, 'db'>,
): ReturnType<Payouts['holds']> {
  return deps.db
    .selectFrom('payments.payout_holds')
    .select(['worker_id as workerId', 'reason', 'held_by as heldBy', 'held_at as heldAt'])
    .where('released_at', 'is', null)
    .orderBy('held_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
}
