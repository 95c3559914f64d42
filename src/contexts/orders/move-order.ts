import { businessDay } from '../../platform/business-time.ts';
import { conflict, notFound } from '../../platform/errors.ts';
import { isUuid } from '../../platform/ids.ts';
import type { Transaction } from '../../platform/postgres/database.ts';
import type { Actor, OrderEventType } from '../../stream/index.ts';
import type { OrdersDependencies } from './dependencies.ts';
import { type EndKind, legalSteps, nextStatus, type OrderStatus, type OrderStep } from './order.ts';
import type { Idempotency, OrderAnswer } from './orders.ts';
import {
  addPersonal,
  appendEvent,
  claimKey,
  endOrder,
  fetchPeople,
  type LockedOrder,
  lockOrder,
  recordKey,
  toView,
} from './store.ts';
import type { OrdersTables } from './tables.ts';

export interface Change {
  actor: Actor;
  orderId: string;
  idempotency?: Idempotency;
}

/**
 * The frame of everything that changes an order that exists: the same request again, the lock, who
 * may see it, the change, the event, the key: one transaction, and consumers are woken after it.
 * @param work makes the change and names the event
 */
export async function changeOrder(
  deps: OrdersDependencies,
  change: Change,
  work: (tx: Transaction<OrdersTables>, order: LockedOrder, now: Date) => Promise<OrderEventType>,
): Promise<OrderAnswer> {
  const { actor, orderId, idempotency } = change;
  if (!isUuid(orderId)) throw notFound('order', orderId);
  const answer = await deps.db.transaction().execute(async (tx) => {
    const done = idempotency && (await claimKey(tx, actor, idempotency));
    if (done) return { snapshot: done, people: await fetchPeople(tx, done.id), replayed: true };
    const order = await lockOrder(tx, orderId);
    if (!order || !isTheirs(actor, order)) throw notFound('order', orderId);
    const now = deps.clock.now();
    const type = await work(tx, order, now);
    const snapshot = await appendEvent(tx, {
      orderId,
      eventId: deps.ids.next(),
      type,
      now,
      actor,
    });
    if (idempotency) {
      await recordKey(tx, actor, idempotency, { orderId, version: snapshot.version, now });
    }
    return { snapshot, people: await fetchPeople(tx, snapshot.id), replayed: false };
  });
  if (!answer.replayed) deps.committed();
  return { view: toView(answer.snapshot, answer.people), replayed: answer.replayed };
}

/** Customers and workers reach their own orders; staff and the system reach all. */
export function isTheirs(actor: Actor, order: { customerId: string; workerId: string }): boolean {
  if (actor.kind === 'customer') return order.customerId === actor.id;
  if (actor.kind === 'worker') return order.workerId === actor.id;
  return true;
}

/** @throws StewardError `illegal_transition` with the legal steps in `allowed` */
export function assertStep(order: { status: OrderStatus }, step: OrderStep): void {
  if (nextStatus(order.status, step)) return;
  throw conflict(
    'illegal_transition',
    `The order is ${order.status}: "${step}" is not possible now.`,
    { status: order.status, allowed: legalSteps(order.status) },
  );
}

/** */
export function issueSupplies(deps: OrdersDependencies, change: Change): Promise<OrderAnswer> {
  return changeOrder(deps, change, async (tx, order, now) => {
    assertStep(order, 'issue');
    await tx
      .updateTable('orders.supplies')
      .set({ status: 'issued', issued_at: now, issued_by: change.actor.id })
      .where('order_id', '=', order.id)
      .execute();
    await tx
      .updateTable('orders.orders')
      .set({
        status: 'supplied',
        supplied_at: now,
        updated_at: now,
        version: order.version + 1,
      })
      .where('id', '=', order.id)
      .execute();
    return 'order.supplied';
  });
}

const MINUTE_MS = 60_000;

/** the worker is there. */
export function startOrder(
  deps: OrdersDependencies,
  change: Change & { photoKey: string },
): Promise<OrderAnswer> {
  return changeOrder(deps, change, async (tx, order, now) => {
    assertStep(order, 'check-in');
    const deadline = order.scheduledAt.getTime() + deps.rules.noShowAfterMinutes * MINUTE_MS;
    if (now.getTime() > deadline) {
      throw conflict(
        'check_in_too_late',
        `The time for checking in ended at ${new Date(deadline).toISOString()}; the order is failed as a no-show.`,
        { deadline: new Date(deadline).toISOString(), allowed: ['fail', 'cancel'] },
      );
    }
    await tx
      .updateTable('orders.orders')
      .set({
        status: 'started',
        started_at: now,
        check_in_photo: change.photoKey,
        updated_at: now,
        version: order.version + 1,
      })
      .where('id', '=', order.id)
      .execute();
    return 'order.started';
  });
}

/** the work is done and proven. */
export function completeOrder(
  deps: OrdersDependencies,
  change: Change & { photoKey: string },
): Promise<OrderAnswer> {
  return changeOrder(deps, change, async (tx, order, now) => {
    assertStep(order, 'complete');
    await tx
      .updateTable('orders.orders')
      .set({ report_photo: change.photoKey })
      .where('id', '=', order.id)
      .execute();
    await end(deps, tx, order, { status: 'completed', kind: 'completed', reason: null, now });
    await tx
      .updateTable('orders.workers')
      .set((eb) => ({ completed_orders: eb('completed_orders', '+', 1) }))
      .where('id', '=', order.workerId)
      .execute();
    await tx
      .insertInto('orders.worker_customers')
      .values({ worker_id: order.workerId, customer_id: order.customerId, completed: 1 })
      .onConflict((oc) =>
        oc.columns(['worker_id', 'customer_id']).doUpdateSet((eb) => ({
          completed: eb('orders.worker_customers.completed', '+', 1),
        })),
      )
      .execute();
    return 'order.completed';
  });
}

/** by the customer or a manager. */
export function cancelOrder(
  deps: OrdersDependencies,
  change: Change & { reason?: string },
): Promise<OrderAnswer> {
  return changeOrder(deps, change, async (tx, order, now) => {
    assertStep(order, 'cancel');
    const kind = change.actor.kind === 'customer' ? 'customer-cancelled' : 'manager-cancelled';
    await end(deps, tx, order, { status: 'cancelled', kind, reason: change.reason ?? null, now });
    return 'order.cancelled';
  });
}

/** by the worker, or by itself when nobody checked in. */
export function failOrder(
  deps: OrdersDependencies,
  change: Change & { reason?: string; noShow?: boolean },
): Promise<OrderAnswer> {
  return changeOrder(deps, change, async (tx, order, now) => {
    assertStep(order, 'fail');
    // A worker who checked in while this was on its way did show up.
    if (change.noShow && order.status === 'started') {
      throw conflict('checked_in', 'The worker has checked in meanwhile.');
    }
    await end(deps, tx, order, {
      status: 'failed',
      kind: change.noShow ? 'no-show' : 'worker-failed',
      reason: change.reason ?? null,
      now,
    });
    return 'order.failed';
  });
}

async function end(
  deps: OrdersDependencies,
  tx: Transaction<OrdersTables>,
  order: LockedOrder,
  how: {
    status: 'completed' | 'cancelled' | 'failed';
    kind: EndKind;
    reason: string | null;
    now: Date;
  },
): Promise<void> {
  await endOrder(tx, order, { ...how, day: businessDay(order.scheduledAt, deps.timeZone) });
  if (how.reason !== null) await addPersonal(tx, order.id, { endReason: how.reason }, how.now);
}
