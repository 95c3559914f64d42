import { sql } from 'kysely';
import { conflict } from '../../platform/errors.ts';
import type { OrdersDependencies } from './dependencies.ts';
import { type Change, changeOrder } from './move-order.ts';
import type { OrderAnswer } from './orders.ts';
import { addPersonal } from './store.ts';

/** stars and words of the customer, once, after completion. */
export function rateOrder(
  deps: OrdersDependencies,
  change: Change & { stars: number; comment?: string },
): Promise<OrderAnswer> {
  return changeOrder(deps, change, async (tx, order, now) => {
    if (order.status !== 'completed') {
      throw conflict(
        'not_completed',
        `The order is ${order.status}: only work done can be rated.`,
        {
          status: order.status,
        },
      );
    }
    if (order.stars !== null) {
      throw conflict('already_rated', `This order was rated already, with ${order.stars} stars.`);
    }
    await tx
      .updateTable('orders.orders')
      .set({
        stars: change.stars,
        comment: change.comment ?? null,
        rated_at: now,
        updated_at: now,
        version: order.version + 1,
      })
      .where('id', '=', order.id)
      .execute();
    const { stars, ratings } = deps.rules.standingPrior;
    await tx
      .updateTable('orders.workers')
      .set((eb) => ({
        stars_sum: eb('stars_sum', '+', change.stars),
        stars_count: eb('stars_count', '+', 1),
        // Bayesian mean: (prior mean × prior weight + sum of stars) / (prior weight + their number)
        standing: sql<number>`(${stars * ratings}::float8 + stars_sum + ${change.stars}::int)
          / (${ratings}::int + stars_count + 1)`,
      }))
      .where('id', '=', order.workerId)
      .execute();
    if (change.comment) await addPersonal(tx, order.id, { comment: change.comment }, now);
    return 'order.rated';
  });
}
