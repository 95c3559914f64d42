import type { OrderEvent } from './extended-order.ts';
import type { ReadEvent } from './read-events.ts';

/** What a consumer's books say about the orders of a batch. */
export interface OrderBooks {
  /** Orders whose events wait until somebody mends the first of them. */
  parked: ReadonlySet<string>;
  /** Events read before an earlier version of their order; none of a parked order. */
  waiting: readonly OrderEvent[];
  /** Ids of events that are left out for ever. */
  skipped: ReadonlySet<string>;
}

export interface BatchPlan {
  /** What to apply now: the order of the stream, but versions of an order ascending. */
  apply: OrderEvent[];
  /** Events of the batch that wait. */
  wait: OrderEvent[];
  /** Waiting events whose turn has come; part of `apply`, unless skipped. */
  released: OrderEvent[];
}

/**
 * Decides what of a batch takes effect. Stream order is version order of an order except where two
 * transactions got their ids in the other order than the lock on the order; then the later version
 * waits for the earlier one.
 */
export function planBatch(batch: readonly ReadEvent[], books: OrderBooks): BatchPlan {
  const plan: BatchPlan = { apply: [], wait: [], released: [] };
  const queues = new Map<string, OrderEvent[]>();
  for (const [orderId, events] of groupByOrder(batch)) {
    const waiting = books.waiting.filter((event) => event.orderId === orderId);
    queues.set(orderId, planOrder(events, waiting, books, plan));
  }
  const slots = new Map<string, number>();
  for (const event of batch) slots.set(event.orderId, (slots.get(event.orderId) ?? 0) + 1);
  for (const { orderId } of batch) {
    const queue = queues.get(orderId) ?? [];
    const slotsLeft = (slots.get(orderId) ?? 1) - 1;
    slots.set(orderId, slotsLeft);
    // The order's last slot takes all that is left: released events had no slot of their own.
    plan.apply.push(...queue.splice(0, slotsLeft === 0 ? queue.length : 1));
  }
  return plan;
}

/** Returns what of one order is applied; puts the rest into the plan. */
function planOrder(
  events: readonly ReadEvent[],
  waiting: readonly OrderEvent[],
  books: OrderBooks,
  plan: BatchPlan,
): OrderEvent[] {
  const candidates = [
    ...events.map((event) => ({ event, fromBatch: true, early: event.early })),
    ...waiting.map((event) => ({ event, fromBatch: false, early: true })),
  ].sort((a, b) => a.event.version - b.event.version);
  const queue: OrderEvent[] = [];
  let held = books.parked.has(candidates[0]?.event.orderId ?? '');
  let lastVersion: number | undefined;
  for (const { event, fromBatch, early } of candidates) {
    held ||= early && lastVersion !== event.version - 1;
    if (held) {
      if (fromBatch) plan.wait.push(stripped(event));
      continue;
    }
    lastVersion = event.version;
    if (!fromBatch) plan.released.push(event);
    if (!books.skipped.has(event.eventId)) queue.push(stripped(event));
  }
  return queue;
}

/** Consumers see events as everybody else does. */
function stripped(event: OrderEvent & { early?: boolean }): OrderEvent {
  const { early: _, ...rest } = event;
  return rest;
}

/** Events by order, orders by their first event. */
export function groupByOrder<E extends OrderEvent>(events: readonly E[]): Map<string, E[]> {
  const groups = new Map<string, E[]>();
  for (const event of events) {
    const group = groups.get(event.orderId);
    if (group) group.push(event);
    else groups.set(event.orderId, [event]);
  }
  return groups;
}
