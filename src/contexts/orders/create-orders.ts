import { cookiesConsumer, createCookies } from './cookies/cookies.ts';
import { createCustomers } from './customers/customers.ts';
import type { OrdersDependencies } from './dependencies.ts';
import { failNoShows } from './fail-no-shows.ts';
import { createMailConsumer } from './mails/order-mails-consumer.ts';
import {
  assertStep,
  type Change,
  cancelOrder,
  completeOrder,
  failOrder,
  issueSupplies,
  startOrder,
} from './move-order.ts';
import type { Orders, OrdersContext } from './orders.ts';
import { createSearchTurns, placeOrder } from './place-order.ts';
import { quoteOrder } from './quote-order.ts';
import { rateOrder } from './rate-order.ts';
import { explainOrder, getOrder, listOrders, readTimeline } from './read-orders.ts';
import { rebookOrder } from './rebook-order.ts';
import { createServiceMemory } from './service-memory.ts';
import { listSupplies } from './supplies/list-supplies.ts';
import { takePhoto } from './take-photo.ts';
import { createWorkers } from './workers/workers.ts';

/** Order execution, ready to work. */
export function createOrders(deps: OrdersDependencies): OrdersContext {
  return {
    orders: ordersOf({
      ...deps,
      services: createServiceMemory(deps.catalog),
      searches: createSearchTurns(),
    }),
    supplies: {
      list: (status, page) => listSupplies(deps, status, page),
      issue: (actor, orderId, idempotency) => issueSupplies(deps, { actor, orderId, idempotency }),
    },
    customers: createCustomers(deps),
    workers: createWorkers(deps),
    cookies: createCookies(deps),
  };
}

/** The consumers of the order stream that belong to order execution. */
export function orderConsumers(deps: Pick<OrdersDependencies, 'ids'>) {
  return [createMailConsumer(deps.ids), cookiesConsumer] as const;
}

function ordersOf(deps: Parameters<typeof placeOrder>[0]): Orders {
  return {
    quote: (service) => quoteOrder(deps, service),
    place: (actor, customerId, request, idempotency) =>
      placeOrder(deps, { actor, customerId, request, idempotency, copyOf: null }),
    rebook: (actor, orderId, scheduledAt, idempotency) =>
      rebookOrder(deps, { actor, orderId, scheduledAt, idempotency }),
    cancel: (actor, orderId, reason, idempotency) =>
      cancelOrder(deps, { actor, orderId, reason, idempotency }),
    checkIn: async (actor, orderId, photo, idempotency) => {
      const change = { actor, orderId, idempotency };
      await foresee(deps, change, 'check-in');
      const photoKey = await takePhoto(deps.photos, orderId, 'check-in', photo);
      return startOrder(deps, { ...change, photoKey });
    },
    complete: async (actor, orderId, report, idempotency) => {
      const change = { actor, orderId, idempotency };
      await foresee(deps, change, 'complete');
      const photoKey = await takePhoto(deps.photos, orderId, 'report', report);
      return completeOrder(deps, { ...change, photoKey });
    },
    fail: (actor, orderId, reason, idempotency) =>
      failOrder(deps, { actor, orderId, reason, idempotency }),
    rate: (actor, orderId, rating, idempotency) =>
      rateOrder(deps, { actor, orderId, ...rating, idempotency }),
    failNoShows: () => failNoShows(deps),
    get: (viewer, orderId) => getOrder(deps, viewer, orderId),
    list: (viewer, filter, page) => listOrders(deps, viewer, filter, page),
    timeline: (viewer, orderId) => readTimeline(deps, viewer, orderId),
    why: (orderId, workerId) => explainOrder(deps, orderId, workerId),
    purge: () => purgeIdempotencyKeys(deps),
  };
}

/**
 * Looks before a photo is stored: no photo is kept for a request that will be refused. What counts
 * is decided again under the lock.
 */
async function foresee(
  deps: OrdersDependencies,
  change: Change,
  step: 'check-in' | 'complete',
): Promise<void> {
  const { order } = await getOrder(deps, change.actor, change.orderId);
  // The same request again is answered from its key, whatever state the order is in by now.
  if (!change.idempotency) assertStep(order, step);
}

const DAY_MS = 86_400_000;

async function purgeIdempotencyKeys(deps: OrdersDependencies): Promise<number> {
  const before = new Date(deps.clock.now().getTime() - deps.rules.idempotencyKeyDays * DAY_MS);
  const result = await deps.db
    .deleteFrom('orders.idempotency_keys')
    .where('created_at', '<', before)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
