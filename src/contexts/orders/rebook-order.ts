import { conflict, notFound } from '../../platform/errors.ts';
import { isUuid } from '../../platform/ids.ts';
import type { Actor } from '../../stream/index.ts';
import type { Idempotency, OrderAnswer } from './orders.ts';
import { placeOrder } from './place-order.ts';

/** The unique index that somebody else's copy was first in. */
const ONE_COPY = 'orders_one_copy';

/** a copy of a failed order at another time. See `Orders.rebook` for the errors. */
export async function rebookOrder(
  deps: Parameters<typeof placeOrder>[0],
  wish: { actor: Actor; orderId: string; scheduledAt: Date; idempotency?: Idempotency },
): Promise<OrderAnswer> {
  const failed = isUuid(wish.orderId)
    ? await deps.db
        .selectFrom('orders.orders')
        .select(['customer_id', 'service_id', 'place', 'description', 'status'])
        .where('id', '=', wish.orderId)
        .executeTakeFirst()
    : undefined;
  if (!failed || (wish.actor.kind === 'customer' && failed.customer_id !== wish.actor.id)) {
    throw notFound('order', wish.orderId);
  }
  if (failed.status !== 'failed') {
    throw conflict('not_failed', 'Only a failed order can be booked again at another time.', {
      status: failed.status,
    });
  }
  try {
    return await placeOrder(deps, {
      actor: wish.actor,
      customerId: failed.customer_id,
      request: {
        service: failed.service_id,
        place: failed.place,
        description: failed.description ?? undefined,
        scheduledAt: wish.scheduledAt,
      },
      idempotency: wish.idempotency,
      copyOf: wish.orderId,
    });
  } catch (error) {
    if (!brokeOneCopy(error)) throw error;
    const copy = await deps.db
      .selectFrom('orders.orders')
      .select('id')
      .where('copy_of', '=', wish.orderId)
      .where('status', '!=', 'cancelled')
      .executeTakeFirst();
    throw conflict('already_rebooked', 'This order has been booked again already.', {
      orderId: copy?.id,
    });
  }
}

function brokeOneCopy(error: unknown): boolean {
  return error instanceof Error && 'constraint' in error && error.constraint === ONE_COPY;
}
