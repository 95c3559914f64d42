import { sql } from 'kysely';
import type { Executor, Transaction } from '../../platform/postgres/database.ts';
import type { Actor, ExtendedOrder, OrderEventType } from '../../stream/index.ts';
import type { MatchCandidate } from '../matching/index.ts';
import type { EndKind, OrderStatus } from './order.ts';
import { meanStars, type People } from './order-views.ts';
import type { Place } from './orders.ts';
import type { OrdersTables } from './tables.ts';

type Read = Executor<OrdersTables>;
type Write = Transaction<OrdersTables>;

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

/** Start times near the wish at which somebody with the skills is free, nearest first. */
export async function fetchNearestFreeTimes(
  db: Read,
  request: {
    city: string;
    skills: readonly string[];
    wish: Date;
    durationMinutes: number;
    earliest: Date;
    latest: Date;
    /** Least time between two of them. */
    apartMinutes: number;
    pool: number;
    limit: number;
    /** The search ends after this, with what it has. */
    budgetMs: number;
  },
): Promise<Date[]> {
  const { rows } = await sql<{ times: Date[] }>`
    select orders.nearest_free_times(${request.city}, ${request.skills}, ${request.wish},
      make_interval(mins => ${request.durationMinutes}), ${request.earliest}, ${request.latest},
      make_interval(mins => ${request.apartMinutes}), ${request.pool}, ${request.limit},
      make_interval(secs => ${request.budgetMs / 1_000})) as times`.execute(db);
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
  updatedAt: Date;
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
      'updated_at as updatedAt',
    ])
    .where('id', '=', orderId)
    .forNoKeyUpdate()
    .executeTakeFirst();
}

/** Books the end of an order in all places that it touches. */
export async function endOrder(
  tx: Write,
  orderId: string,
  end: { status: OrderStatus; kind: EndKind; reason: string | null; now: Date },
): Promise<void> {
  await sql`
    select orders.end_order(${orderId}, ${end.status}, ${end.kind}, ${end.reason}, ${end.now})`.execute(
    tx,
  );
}

/** What a step that stands in the database as one function did. */
export interface StepOutcome {
  outcome: 'done' | 'not-found' | 'illegal';
  /** The order's state, afterwards or as it refused the step. */
  status: OrderStatus | null;
  snapshot: ExtendedOrder | null;
}

interface StepCall {
  orderId: string;
  eventId: string;
  now: Date;
  actor: Actor;
}

/** R-06 as one function, for whoever may call it. */
export async function callIssueSupplies(tx: Write, step: StepCall): Promise<StepOutcome> {
  const { rows } = await sql<StepOutcome>`
    select outcome, status, snapshot from orders.issue_supplies(
      ${step.orderId}, ${step.eventId}, ${step.now}, ${JSON.stringify(step.actor)})`.execute(tx);
  return outcomeOf(rows);
}

/** R-04 as one function, for whoever may call it. */
export async function callCancelOrder(
  tx: Write,
  step: StepCall & { reason: string | null },
): Promise<StepOutcome> {
  const { rows } = await sql<StepOutcome>`
    select outcome, status, snapshot from orders.cancel_order(
      ${step.orderId}, ${step.eventId}, ${step.now}, ${JSON.stringify(step.actor)},
      ${step.reason})`.execute(tx);
  return outcomeOf(rows);
}

function outcomeOf([row]: StepOutcome[]): StepOutcome {
  if (!row) throw new Error('a step of an order returned no row');
  return row;
}

/** Adds words to what stands beside the log for an order. */
export async function addPersonal(
  tx: Write,
  orderId: string,
  words: { comment: string },
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
