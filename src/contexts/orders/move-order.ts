import { conflict, notFound } from '../../platform/errors.ts';
import { isUuid } from '../../platform/ids.ts';
import type { Transaction } from '../../platform/postgres/database.ts';
import type { Actor, ExtendedOrder, OrderEventType } from '../../stream/index.ts';
import type { OrdersDependencies } from './dependencies.ts';
import { claimKey, recordKey } from './idempotency.ts';
import { legalSteps, nextStatus, type OrderStatus, type OrderStep } from './order.ts';
import { fetchPeople, toView } from './order-views.ts';
import type { Idempotency, OrderAnswer } from './orders.ts';
import {
  appendEvent,
  callCancelOrder,
  callIssueSupplies,
  endOrder,
  type LockedOrder,
  lockOrder,
  type StepOutcome,
} from './store.ts';
import type { OrdersTables } from './tables.ts';

export interface Change {
  actor: Actor;
  orderId: string;
  idempotency?: Idempotency;
}

type Write = Transaction<OrdersTables>;

/**
 * The frame of everything that changes an order that exists: the same request again, the change
 * with its event, the key: one transaction, and consumers are woken after it.
 * @param act makes the change and returns the event's snapshot
 */
async function answerOnce(
  deps: OrdersDependencies,
  { actor, orderId, idempotency }: Change,
  act: (tx: Write) => Promise<ExtendedOrder>,
): Promise<OrderAnswer> {
  if (!isUuid(orderId)) throw notFound('order', orderId);
  const answer = await deps.db.transaction().execute(async (tx) => {
    const done = idempotency && (await claimKey(tx, actor, idempotency));
    if (done) return { snapshot: done, people: await fetchPeople(tx, done.id), replayed: true };
    const snapshot = await act(tx);
    if (idempotency) {
      const { version } = snapshot;
      await recordKey(tx, actor, idempotency, { orderId, version, now: deps.clock.now() });
    }
    return { snapshot, people: await fetchPeople(tx, snapshot.id), replayed: false };
  });
  if (!answer.replayed) deps.committed();
  return { view: toView(answer.snapshot, answer.people), replayed: answer.replayed };
}

/**
 * A change under the order's lock.
 * @param work makes the change and names the event
 */
export function changeOrder(
  deps: OrdersDependencies,
  change: Change,
  work: (tx: Write, order: LockedOrder, now: Date) => Promise<OrderEventType>,
): Promise<OrderAnswer> {
  const { actor, orderId } = change;
  return answerOnce(deps, change, async (tx) => {
    const order = await lockOrder(tx, orderId);
    if (!order || !isTheirs(actor, order)) throw notFound('order', orderId);
    // After the lock, and never before what the order has been through: clocks may differ.
    const now = new Date(Math.max(deps.clock.now().getTime(), order.updatedAt.getTime()));
    const type = await work(tx, order, now);
    return appendEvent(tx, { orderId, eventId: deps.ids.next(), type, now, actor });
  });
}

/** A step that stands in the database as one function: people may take it with any tool. */
function takeStep(
  deps: OrdersDependencies,
  change: Change,
  step: OrderStep,
  call: (
    tx: Write,
    step: { orderId: string; eventId: string; now: Date; actor: Actor },
  ) => Promise<StepOutcome>,
): Promise<OrderAnswer> {
  const { actor, orderId } = change;
  return answerOnce(deps, change, async (tx) => {
    const now = deps.clock.now();
    const done = await call(tx, { orderId, eventId: deps.ids.next(), now, actor });
    if (done.outcome === 'illegal' && done.status) throw illegal(done.status, step);
    if (!done.snapshot) throw notFound('order', orderId);
    return done.snapshot;
  });
}

/** Customers and workers reach their own orders; staff and the system reach all. */
export function isTheirs(actor: Actor, order: { customerId: string; workerId: string }): boolean {
  if (actor.kind === 'customer') return order.customerId === actor.id;
  if (actor.kind === 'worker') return order.workerId === actor.id;
  return true;
}

/** @throws StewardError `illegal_transition` with the legal steps in `allowed` */
export function assertStep(order: { status: OrderStatus }, step: OrderStep): void {
  if (!nextStatus(order.status, step)) throw illegal(order.status, step);
}

function illegal(status: OrderStatus, step: OrderStep) {
  return conflict('illegal_transition', `The order is ${status}: "${step}" is not possible now.`, {
    status,
    allowed: legalSteps(status),
  });
}

/** */
export function issueSupplies(deps: OrdersDependencies, change: Change): Promise<OrderAnswer> {
  return takeStep(deps, change, 'issue', callIssueSupplies);
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
    await endOrder(tx, order.id, { status: 'completed', kind: 'completed', reason: null, now });
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
  return takeStep(deps, change, 'cancel', (tx, step) =>
    callCancelOrder(tx, { ...step, reason: change.reason ?? null }),
  );
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
    await endOrder(tx, order.id, {
      status: 'failed',
      kind: change.noShow ? 'no-show' : 'worker-failed',
      reason: change.reason ?? null,
      now,
    });
    return 'order.failed';
  });
}
