import { sql } from 'kysely';
import { StewardError } from '../../platform/errors.ts';
import type { Executor, Transaction } from '../../platform/postgres/database.ts';
import type { Actor, ExtendedOrder, OrderEventType } from '../../stream/index.ts';
import type { MatchCandidate } from '../matching/index.ts';
import type { EndKind, OrderStatus } from './order.ts';
import type { Idempotency, OrderView, Place } from './orders.ts';
import type { OrdersTables } from './tables.ts';

type Read = Executor<OrdersTables>;
type Write = Transaction<OrdersTables>;

/** What `orders.people` returns beside a snapshot. */
export interface People {
  customerName: string;
  workerName: string;
  starsSum: number;
  starsCount: number;
  place: Place | null;
  description: string | null;
  comment: string | null;
  endReason: string | null;
}

/** The view that callers get, from a snapshot and what stands beside it. */
export function toView(snapshot: Omit<ExtendedOrder, 'actor'>, people: People): OrderView {
  return {
    order: snapshot,
    place: people.place,
    description: people.description,
    comment: people.comment,
    endReason: people.endReason,
    customer: { id: snapshot.customer.id, name: people.customerName },
    worker: {
      id: snapshot.worker.id,
      name: people.workerName,
      rating: meanStars(people.starsSum, people.starsCount),
    },
  };
}

/** Mean of the stars with two digits, half up; null without any. */
export function meanStars(sum: number, count: number): number | null {
  return count === 0 ? null : Math.round((sum * 100) / count) / 100;
}

/** The answer that the same request got before. */
export interface ReplayRow {
  requestHash: string;
  snapshot: ExtendedOrder;
  people: People;
}

/** Compact rows of `orders.short_list`, in the order of its `jsonb_build_array`. */
type CandidateRow = [
  id: string,
  city: string,
  skills: string[],
  strengths: string[],
  weaknesses: string[],
  starsSum: number,
  starsCount: number,
  completedOrders: number,
  ordersThatDay: number,
  lastAssignedAt: string | null,
  workedForCustomerBefore: number,
];

export interface ShortListRequest {
  principal: string | null;
  key: string | null;
  customerId: string;
  city: string;
  skills: readonly string[];
  startsAt: Date;
  endsAt: Date;
  day: string;
  offset: number;
  limit: number;
}

/** Who is free and able, or the answer that the same request got before. One round trip. */
export async function fetchShortList(
  db: Read,
  request: ShortListRequest,
): Promise<{ replay: ReplayRow } | { candidates: MatchCandidate[] }> {
  const { rows } = await sql<{ list: { replay?: ReplayRow; candidates?: CandidateRow[] } }>`
    select orders.short_list(${request.principal}, ${request.key}, ${request.customerId},
      ${request.city}, ${request.skills}, tstzrange(${request.startsAt}, ${request.endsAt}),
      ${request.day}::date, ${request.offset}, ${request.limit}) as list`.execute(db);
  const list = rows[0]?.list;
  if (list?.replay) return { replay: list.replay };
  return { candidates: (list?.candidates ?? []).map(toCandidate) };
}

function toCandidate(row: CandidateRow): MatchCandidate {
  return {
    workerId: row[0],
    city: row[1],
    skills: row[2],
    strengths: row[3],
    weaknesses: row[4],
    rating: meanStars(row[5], row[6]),
    ratingCount: row[6],
    completedOrders: row[7],
    ordersThatDay: row[8],
    lastAssignedAt: row[9] === null ? null : new Date(row[9]),
    workedForCustomerBefore: row[10],
  };
}

export interface PlaceOrderRow {
  orderId: string;
  eventId: string;
  now: Date;
  principal: string | null;
  key: string | null;
  requestHash: Uint8Array | null;
  customerId: string;
  service: ExtendedOrder['service'];
  serviceVersion: number;
  place: Place;
  description: string | null;
  scheduledAt: Date;
  endsAt: Date;
  day: string;
  currency: string;
  /** Best first, with the price for each. */
  ranking: { workerId: string; priceMinor: bigint; lines: ExtendedOrder['price']['lines'] }[];
  receipt: unknown;
  copyOf: string | null;
  actor: Actor;
}

export interface PlacedRow {
  outcome: 'placed' | 'replayed' | 'in-flight' | 'key-reused' | 'taken' | 'service-changed';
  snapshot: ExtendedOrder | null;
  people: People | null;
}

/** Calls the one function that places an order; it commits by itself. */
export async function callPlaceOrder(db: Read, row: PlaceOrderRow): Promise<PlacedRow> {
  const { rows } = await sql<PlacedRow>`
    select outcome, snapshot, people from orders.place_order(
      ${row.orderId}, ${row.eventId}, ${row.now}, ${row.principal}, ${row.key},
      ${row.requestHash && Buffer.from(row.requestHash)}, ${row.customerId},
      ${JSON.stringify(row.service)}, ${row.serviceVersion}, ${JSON.stringify(row.place)},
      ${row.description}, ${row.scheduledAt}, ${row.endsAt}, ${row.day}::date, ${row.currency},
      ${row.ranking.map((one) => one.workerId)}, ${row.ranking.map((one) => one.priceMinor)},
      ${JSON.stringify(row.ranking.map((one) => one.lines))}, ${JSON.stringify(row.receipt)},
      ${row.copyOf}, ${JSON.stringify(row.actor)})`.execute(db);
  const placed = rows[0];
  if (!placed) throw new Error('orders.place_order returned no row');
  return placed;
}

/** Start times near the wish at which somebody with the skills is free, in time order. */
export async function fetchNearestFreeTimes(
  db: Read,
  request: {
    city: string;
    skills: readonly string[];
    wish: Date;
    durationMinutes: number;
    earliest: Date;
    latest: Date;
    pool: number;
    limit: number;
  },
): Promise<Date[]> {
  const { rows } = await sql<{ times: Date[] }>`
    select orders.nearest_free_times(${request.city}, ${request.skills}, ${request.wish},
      make_interval(mins => ${request.durationMinutes}), ${request.earliest}, ${request.latest},
      ${request.pool}, ${request.limit}) as times`.execute(db);
  return rows[0]?.times ?? [];
}

export interface LockedOrder {
  id: string;
  customerId: string;
  workerId: string;
  status: OrderStatus;
  scheduledAt: Date;
  stars: number | null;
  version: number;
}

/** The order, locked until the end of the transaction; undefined if there is none. */
export async function lockOrder(tx: Write, orderId: string): Promise<LockedOrder | undefined> {
  return tx
    .selectFrom('orders.orders')
    .select([
      'id',
      'customer_id as customerId',
      'worker_id as workerId',
      'status',
      'scheduled_at as scheduledAt',
      'stars',
      'version',
    ])
    .where('id', '=', orderId)
    .forNoKeyUpdate()
    .executeTakeFirst();
}

/** Books the end of an order: state, freed time, withdrawn supplies, the worker's day. */
export async function endOrder(
  tx: Write,
  order: LockedOrder,
  end: { status: OrderStatus; kind: EndKind; reason: string | null; day: string; now: Date },
): Promise<void> {
  await tx
    .updateTable('orders.orders')
    .set({
      status: end.status,
      end_kind: end.kind,
      end_reason: end.reason,
      ended_at: end.now,
      updated_at: end.now,
      version: order.version + 1,
      // The rest of the booked time is free again; a part in the past stays as it was.
      busy: sql`tstzrange(lower(busy), greatest(lower(busy), least(upper(busy), ${end.now})))`,
    })
    .where('id', '=', order.id)
    .execute();
  await tx
    .updateTable('orders.supplies')
    .set({ status: 'withdrawn' })
    .where('order_id', '=', order.id)
    .where('status', '=', 'requested')
    .execute();
  if (end.status !== 'completed') {
    await tx
      .updateTable('orders.worker_days')
      .set((eb) => ({ assigned: sql`greatest(0, ${eb.ref('assigned')} - 1)` }))
      .where('worker_id', '=', order.workerId)
      .where('day', '=', sql<string>`${end.day}::date`)
      .execute();
  }
}

/** Adds words to what stands beside the log for an order (reason, comment). */
export async function addPersonal(
  tx: Write,
  orderId: string,
  words: { comment?: string; endReason?: string },
  now: Date,
): Promise<void> {
  await tx
    .updateTable('stream.personal')
    .set({ data: sql`data || ${JSON.stringify(words)}::jsonb`, updated_at: now })
    .where('subject_id', '=', orderId)
    .where('erased_at', 'is', null)
    .execute();
}

/** Appends the event for the order as it stands in this transaction. */
export async function appendEvent(
  tx: Write,
  event: { orderId: string; eventId: string; type: OrderEventType; now: Date; actor: Actor },
): Promise<ExtendedOrder> {
  const { rows } = await sql<{ snapshot: ExtendedOrder }>`
    select orders.append_event(${event.orderId}, ${event.eventId}, ${event.type}, ${event.now},
      ${JSON.stringify(event.actor)}) as snapshot`.execute(tx);
  const snapshot = rows[0]?.snapshot;
  if (!snapshot) throw new Error('orders.append_event returned no row');
  return snapshot;
}

/** Who the ids of an order are, and what was said of it. */
export async function fetchPeople(db: Read, orderId: string): Promise<People> {
  const { rows } = await sql<{ people: People }>`
    select orders.people(${orderId}) as people`.execute(db);
  const people = rows[0]?.people;
  if (!people) throw new Error('orders.people returned no row');
  return people;
}

/** Base of all reading: one row per order, ready for {@link toView}. */
export function selectViews(db: Read) {
  return db
    .selectFrom('orders.orders as o')
    .innerJoin('orders.supplies as s', 's.order_id', 'o.id')
    .select([
      'o.id',
      sql<Omit<ExtendedOrder, 'actor'>>`orders.snapshot(o, s)`.as('snapshot'),
      sql<People>`orders.people(o.id)`.as('people'),
    ]);
}

/** Who asks: the scope within which an idempotency key is unique. */
export function principalOf(actor: Actor): string {
  return `${actor.kind}:${actor.id}`;
}

/**
 * Claims the key for this transaction, or returns what the same request did before.
 * @throws StewardError `request_in_flight`, `idempotency_key_reused`
 */
export async function claimKey(
  tx: Write,
  actor: Actor,
  idempotency: Idempotency,
): Promise<ExtendedOrder | undefined> {
  const principal = principalOf(actor);
  const { rows: locks } = await sql<{ free: boolean }>`
    select pg_try_advisory_xact_lock(
      hashtextextended(${principal} || ' ' || ${idempotency.key}, 1)) as free`.execute(tx);
  if (!locks[0]?.free) throw requestInFlight();
  const known = await tx
    .selectFrom('orders.idempotency_keys as k')
    .innerJoin('stream.order_events as e', (join) =>
      join.onRef('e.order_id', '=', 'k.order_id').onRef('e.version', '=', 'k.version'),
    )
    .select(['k.request_hash', 'e.snapshot'])
    .where('k.principal', '=', principal)
    .where('k.key', '=', idempotency.key)
    .executeTakeFirst();
  if (!known) return undefined;
  assertSameRequest(Buffer.from(known.request_hash), idempotency);
  return known.snapshot;
}

export async function recordKey(
  tx: Write,
  actor: Actor,
  idempotency: Idempotency,
  done: { orderId: string; version: number; now: Date },
): Promise<void> {
  await tx
    .insertInto('orders.idempotency_keys')
    .values({
      principal: principalOf(actor),
      key: idempotency.key,
      request_hash: Buffer.from(idempotency.requestHash),
      order_id: done.orderId,
      version: done.version,
      created_at: done.now,
    })
    .execute();
}

/** @throws StewardError `idempotency_key_reused` where the stored hash is another request's */
export function assertSameRequest(stored: Uint8Array, idempotency: Idempotency | undefined): void {
  if (idempotency && Buffer.from(stored).equals(Buffer.from(idempotency.requestHash))) return;
  throw keyReused();
}

export function keyReused(): StewardError {
  return new StewardError(
    'invalid',
    'idempotency_key_reused',
    'This Idempotency-Key was used for another request. A new request needs a new key.',
  );
}

export function requestInFlight(): StewardError {
  return new StewardError(
    'conflict',
    'request_in_flight',
    'The same request is being done at this moment. Ask again in a second for its answer.',
  );
}
