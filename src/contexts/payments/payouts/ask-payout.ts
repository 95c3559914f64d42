import { sql } from 'kysely';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { PayoutStatus } from '../payments.ts';
import { lockPayout, type PayoutRow, readPayout } from './payout-store.ts';
import { planAgain, recordTransfer } from './settle-payout.ts';

/** The provider's clock may be this far behind ours. */
const CLOCK_LEEWAY_MS = 10 * 60_000;

/** Whether only the provider can tell how it stands, and nobody is at it. */
export function isInDoubt(payout: PayoutRow, now: Date): boolean {
  if (payout.status === 'unknown') return true;
  return payout.status === 'sending' && (payout.lease_until ?? now) <= now;
}

/**
 * Asks the provider after a payout in doubt and books what it says. Nothing found means never
 * received only when the request is too old to be still on its way.
 * @returns how it stands afterwards
 */
export async function askPayout(
  deps: PaymentsDependencies,
  payout: PayoutRow,
): Promise<PayoutStatus> {
  const { id, generation } = payout;
  const now = deps.clock.now();
  await deps.db
    .updateTable('payments.payouts')
    .set({ asks: sql<number>`asks + 1` })
    .where('id', '=', id)
    .execute();
  const since = new Date((payout.sent_at ?? payout.created_at).getTime() - CLOCK_LEEWAY_MS);
  const found = await deps.provider.findTransfer({ payoutId: id, generation, since });
  await deps.db.transaction().execute(async (tx) => {
    if (found) return recordTransfer(deps, tx, found);
    const locked = await lockPayout(tx, id);
    // Another has settled it while we asked, or sent it anew: what we heard is of before.
    const same =
      locked?.status === payout.status &&
      locked.generation === generation &&
      locked.due_at.getTime() === payout.due_at.getTime();
    if (same && locked.due_at <= now) await planAgain(deps, tx, locked, now);
  });
  return (await readPayout(deps.db, id)).status;
}

/** Asks after all that is in doubt; sends nothing. See `Payouts.settleDue`. */
export async function settleDue(
  deps: PaymentsDependencies,
  { signal }: { signal?: AbortSignal } = {},
): Promise<{ paid: number; failed: number; unknown: number }> {
  const report = { paid: 0, failed: 0, unknown: 0 };
  const now = deps.clock.now();
  const { rows } = await sql<{ id: string }>`
    select id from payments.payouts
    where method = 'provider' and provider = ${deps.provider.name}
      and (status = 'unknown' or (status = 'sending' and lease_until <= ${now}))
    order by due_at, id`.execute(deps.db);
  for (const { id } of rows) {
    if (signal?.aborted) break;
    const status = await askOne(deps, id);
    if (status === 'paid' || status === 'failed') report[status] += 1;
    else if (status !== 'planned') report.unknown += 1;
  }
  return report;
}

/** One that cannot be asked about now is asked about later, and keeps nobody else waiting. */
async function askOne(deps: PaymentsDependencies, id: string): Promise<PayoutStatus> {
  const payout = await readPayout(deps.db, id);
  if (!isInDoubt(payout, deps.clock.now())) return payout.status;
  try {
    return await askPayout(deps, payout);
  } catch (error) {
    deps.log.warn({ err: error, payoutId: id }, 'Nobody tells how a payout stands.');
    return 'unknown';
  }
}
