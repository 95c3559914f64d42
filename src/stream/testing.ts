import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Executor } from '../platform/postgres/database.ts';
import type { ExtendedOrder, OrderEventType, PersonalData } from './extended-order.ts';
import type { StreamTables } from './tables.ts';

const START = new Date('2026-03-02T08:00:00Z');
const MINUTE_MS = 60_000;

const ACTORS = {
  'order.assigned': 'customer',
  'order.supplied': 'supplies',
  'order.started': 'worker',
  'order.completed': 'worker',
  'order.cancelled': 'customer',
  'order.failed': 'worker',
  'order.rated': 'customer',
} as const satisfies Record<OrderEventType, ExtendedOrder['actor']['kind']>;

/** The life of an order that goes well, one event a version. */
export const GOOD_LIFE: readonly OrderEventType[] = [
  'order.assigned',
  'order.supplied',
  'order.started',
  'order.completed',
  'order.rated',
];

/** A new order, as its first event carries it. */
export function buildOrder(given: Partial<ExtendedOrder> = {}): ExtendedOrder {
  const customerId = given.customer?.id ?? randomUUID();
  return {
    id: randomUUID(),
    version: 1,
    status: 'assigned',
    copyOf: null,
    customer: { id: customerId },
    worker: { id: randomUUID() },
    service: {
      id: randomUUID(),
      code: 'window-cleaning',
      name: 'Window cleaning',
      category: 'home',
      priceMinor: 12_000,
      durationMinutes: 60,
      skills: ['windows'],
      supplies: [{ item: 'acceptance form', quantity: 1 }],
    },
    city: 'Riga',
    scheduledAt: new Date(START.getTime() + 180 * MINUTE_MS).toISOString(),
    endsAt: new Date(START.getTime() + 240 * MINUTE_MS).toISOString(),
    createdAt: START.toISOString(),
    price: {
      amount: 12_000,
      currency: 'USD',
      lines: [{ label: 'Window cleaning', amount: 12_000 }],
    },
    supplies: {
      status: 'requested',
      items: [{ item: 'acceptance form', quantity: 1 }],
      issuedAt: null,
    },
    suppliedAt: null,
    startedAt: null,
    endedAt: null,
    endKind: null,
    photos: { checkIn: null, report: null },
    stars: null,
    ratedAt: null,
    actor: { kind: 'customer', id: customerId },
    ...given,
  };
}

/** The order one version on, by this event, a minute later. */
export function nextVersion(order: ExtendedOrder, type: OrderEventType): ExtendedOrder {
  const version = order.version + 1;
  const at = new Date(START.getTime() + version * MINUTE_MS).toISOString();
  const next: ExtendedOrder = { ...order, version, actor: actorOf(order, type) };
  switch (type) {
    case 'order.assigned':
      return next;
    case 'order.supplied': {
      const supplies = { ...order.supplies, status: 'issued' as const, issuedAt: at };
      return { ...next, status: 'supplied', suppliedAt: at, supplies };
    }
    case 'order.started': {
      const photos = { ...order.photos, checkIn: `check-in/${order.id}` };
      return { ...next, status: 'started', startedAt: at, photos };
    }
    case 'order.completed': {
      const photos = { ...order.photos, report: `report/${order.id}` };
      return { ...next, status: 'completed', endedAt: at, endKind: 'completed', photos };
    }
    case 'order.cancelled':
      return { ...next, status: 'cancelled', endedAt: at, endKind: 'customer-cancelled' };
    case 'order.failed':
      return { ...next, status: 'failed', endedAt: at, endKind: 'worker-failed' };
    case 'order.rated':
      return { ...next, stars: 5, ratedAt: at };
  }
}

function actorOf(order: ExtendedOrder, type: OrderEventType): ExtendedOrder['actor'] {
  const kind = ACTORS[type];
  if (kind === 'customer') return { kind, id: order.customer.id };
  return { kind, id: kind === 'worker' ? order.worker.id : 'supplies' };
}

/** An event ready to be written. */
export interface NewEvent {
  eventId: string;
  type: OrderEventType;
  occurredAt: Date;
  snapshot: ExtendedOrder;
}

/** The events of an order's life; `life` begins with `order.assigned`. */
export function buildLife(
  life: readonly OrderEventType[] = GOOD_LIFE,
  order: ExtendedOrder = buildOrder(),
): NewEvent[] {
  let snapshot = order;
  return life.map((type, index) => {
    if (index > 0) snapshot = nextVersion(snapshot, type);
    return {
      eventId: randomUUID(),
      type,
      occurredAt: new Date(START.getTime() + snapshot.version * MINUTE_MS),
      snapshot,
    };
  });
}

/** What is known of a customer, as order execution writes it. */
export function buildCustomer(
  given: Partial<PersonalData['customer']> = {},
): PersonalData['customer'] {
  return {
    name: 'Ilze Kalna',
    email: 'ilze@example.org',
    subject: `token|${randomUUID()}`,
    ...given,
  };
}

/** What is known of a worker, as order execution writes it. */
export function buildWorker(given: Partial<PersonalData['worker']> = {}): PersonalData['worker'] {
  return {
    name: 'Janis Ozols',
    email: 'janis@example.org',
    phone: '+371 555 0100',
    subject: `token|${randomUUID()}`,
    ...given,
  };
}

/** Writes what is known of a person or an order's place as order execution does; anew, if known. */
export async function writePersonal<Kind extends keyof PersonalData>(
  db: Executor<StreamTables>,
  kind: Kind,
  subjectId: string,
  data: PersonalData[Kind],
): Promise<void> {
  await sql`
    insert into stream.personal (subject_id, kind, data, updated_at)
    values (${subjectId}, ${kind}, ${JSON.stringify(data)}, ${START})
    on conflict (subject_id) do update set data = excluded.data
      where personal.erased_at is null`.execute(db);
}

/** Writes events into the log as order execution does; all in the transaction given, if any. */
export async function writeEvents(
  db: Executor<StreamTables>,
  events: readonly NewEvent[],
): Promise<void> {
  if (events.length === 0) return;
  await sql`
    insert into stream.order_events (event_id, order_id, version, type, occurred_at, snapshot)
    select e.event_id, (e.snapshot ->> 'id')::uuid, (e.snapshot ->> 'version')::int, e.type,
      e.occurred_at, e.snapshot
    from unnest(${events.map((event) => event.eventId)}::uuid[],
      ${events.map((event) => event.type)}::text[],
      ${events.map((event) => event.occurredAt)}::timestamptz[],
      ${events.map((event) => JSON.stringify(event.snapshot))}::jsonb[])
      with ordinality as e (event_id, type, occurred_at, snapshot, ordinal)
    order by e.ordinal`.execute(db);
}
