import { StewardError } from '../../platform/errors.ts';
import type { OrdersDependencies } from './dependencies.ts';
import { failOrder } from './move-order.ts';

/** Orders looked at in one go; the job runs every minute and goes on until none is left. */
const BATCH = 200;
const MINUTE_MS = 60_000;

/**
 * fails every order that nobody checked in to within the no-show time. Each in its own
 * transaction; one that was moved on meanwhile is left as it is.
 */
export async function failNoShows(deps: OrdersDependencies): Promise<{ failed: string[] }> {
  const latest = deps.clock.now().getTime() - deps.rules.noShowAfterMinutes * MINUTE_MS;
  const failed: string[] = [];
  const faults: unknown[] = [];
  let after = new Date(0);
  let afterId = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const due = await deps.db
      .selectFrom('orders.orders')
      .select(['id', 'scheduled_at'])
      .where('status', 'in', ['assigned', 'supplied'])
      .where('scheduled_at', '<', new Date(latest))
      .where(({ eb, refTuple, tuple }) =>
        eb(refTuple('scheduled_at', 'id'), '>', tuple(after, afterId)),
      )
      .orderBy('scheduled_at')
      .orderBy('id')
      .limit(BATCH)
      .execute();
    for (const { id } of due) {
      try {
        await failOrder(deps, { actor: SYSTEM, orderId: id, noShow: true });
        failed.push(id);
      } catch (error) {
        // Moved on meanwhile: not a no-show any more. Anything else must not keep the others.
        if (!(error instanceof StewardError) || error.kind !== 'conflict') faults.push(error);
      }
    }
    const last = due.at(-1);
    if (!last || due.length < BATCH) break;
    after = last.scheduled_at;
    afterId = last.id;
  }
  if (faults.length > 0) throw faults[0];
  return { failed };
}

const SYSTEM = { kind: 'system', id: 'orders.fail-no-shows' } as const;
