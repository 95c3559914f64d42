import type { OrderView, PickList, TimelineEntry } from '../contexts/orders/index.ts';
import { nextSteps } from './allowed-steps.ts';
import type {
  OrderBody,
  PickListBody,
  SuppliedOrderBody,
  WorkerOrderBody,
} from './order-schema.ts';

/** An order as its customer sees it. */
export function renderOrder(view: OrderView): OrderBody {
  return { ...shared(view), allowed: allowedFor('customer', view) };
}

/** An order as its worker sees it. */
export function renderWorkerOrder(view: OrderView): WorkerOrderBody {
  return { ...shared(view), customer: view.customer, allowed: allowedFor('worker', view) };
}

/** An order as the supplies department sees it. */
export function renderSuppliedOrder(view: OrderView): SuppliedOrderBody {
  const { order } = view;
  return {
    id: order.id,
    status: order.status,
    service: { id: order.service.id, code: order.service.code, name: order.service.name },
    scheduledAt: utc(order.scheduledAt),
    worker: { id: view.worker.id, name: view.worker.name },
    supplies: renderSupplies(order.supplies),
    allowed: allowedFor('supplies', view),
  };
}

/** A pick list. */
export function renderPickList(list: PickList): PickListBody {
  return {
    orderId: list.orderId,
    status: list.status,
    items: list.items,
    neededAt: list.neededAt.toISOString(),
    requestedAt: list.requestedAt.toISOString(),
    issuedAt: list.issuedAt?.toISOString() ?? null,
    issuedBy: list.issuedBy,
    service: { code: list.service.code, name: list.service.name },
    worker: { id: list.worker.id, name: list.worker.name },
    cookie: list.cookie,
  };
}

/** A step of an order's life. Who exactly of the staff it was is nobody's business outside. */
export function renderTimelineEntry(entry: TimelineEntry) {
  return {
    at: entry.at.toISOString(),
    type: entry.type,
    status: entry.status,
    by: entry.actor.kind,
    endKind: entry.endKind,
  };
}

function shared(view: OrderView): Omit<OrderBody, 'allowed'> {
  const { order } = view;
  return {
    id: order.id,
    status: order.status,
    service: { id: order.service.id, code: order.service.code, name: order.service.name },
    description: view.description,
    place: view.place,
    scheduledAt: utc(order.scheduledAt),
    endsAt: utc(order.endsAt),
    worker: view.worker,
    price: { amount: order.price.amount, currency: order.price.currency },
    priceLines: order.price.lines,
    copyOf: order.copyOf,
    supplies: renderSupplies(order.supplies),
    createdAt: utc(order.createdAt),
    suppliedAt: utcOrNull(order.suppliedAt),
    startedAt: utcOrNull(order.startedAt),
    endedAt: utcOrNull(order.endedAt),
    endKind: order.endKind,
    endReason: view.endReason,
    rating:
      order.stars === null || order.ratedAt === null
        ? null
        : { stars: order.stars, comment: view.comment, ratedAt: utc(order.ratedAt) },
  };
}

function renderSupplies(supplies: OrderView['order']['supplies']) {
  return {
    status: supplies.status,
    items: supplies.items,
    issuedAt: utcOrNull(supplies.issuedAt),
  };
}

function allowedFor(role: 'customer' | 'worker' | 'supplies', { order }: OrderView) {
  return nextSteps(role, order.status, order.stars !== null);
}

/** As PostgreSQL writes a time in UTC: whole seconds, or up to six digits after them. */
const POSTGRES_UTC = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\+00:00$/;

/** All answers write times alike; cutting the text costs a fifth of reading it as a date. */
function utc(text: string): string {
  const match = POSTGRES_UTC.exec(text);
  if (!match) return new Date(text).toISOString();
  return `${match[1]}.${(match[2] ?? '').slice(0, 3).padEnd(3, '0')}Z`;
}

function utcOrNull(text: string | null): string | null {
  return text === null ? null : utc(text);
}
