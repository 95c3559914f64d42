import type { Actor, ExtendedOrder, OrderEventType, PersonalData } from '../../stream/index.ts';
import type { MatchExplanation } from '../matching/index.ts';
import type { EndKind, OrderStatus, OrderStep } from './order.ts';

/** One page of a list; `nextCursor` is opaque and null on the last page. */
export interface Page<T> {
  data: T[];
  nextCursor: string | null;
}

export interface PageRequest {
  /** 1 to 200. */
  limit: number;
  cursor?: string;
}

/** Where the work is done. Matching goes by the city. */
export type Place = PersonalData['order']['place'];

/** An order as people see it: the extended order and, beside it, what identifies people. */
export interface OrderView {
  order: Omit<ExtendedOrder, 'actor'>;
  /** Null once erased. */
  place: Place | null;
  description: string | null;
  /** The customer's words with the stars. */
  comment: string | null;
  /** Why it was cancelled or failed, in the words of whoever did it. */
  endReason: string | null;
  customer: { id: string; name: string };
  /** `rating` is the mean of the stars, 1 to 5 with two digits; null while nobody has rated. */
  worker: { id: string; name: string; rating: number | null };
}

/** What a mutating request answers. */
export interface OrderAnswer {
  view: OrderView;
  /** The same request was done before, and this is its answer again. */
  replayed: boolean;
}

/** Makes a request safe to send twice. The hash is over everything that it asks for. */
export interface Idempotency {
  key: string;
  requestHash: Uint8Array;
}

export interface PlaceOrderRequest {
  /** Code or id of the service. */
  service: string;
  place: Place;
  scheduledAt: Date;
  description?: string;
}

/** An approximate price: the worker is not known yet. */
export interface Quote {
  service: { id: string; code: string; name: string };
  price: ExtendedOrder['price'];
}

export interface TimelineEntry {
  at: Date;
  type: OrderEventType;
  status: OrderStatus;
  actor: Actor;
  version: number;
  /** Set on ends. */
  endKind: EndKind | null;
}

/** Which orders; all conditions hold together. */
export interface OrderFilter {
  status?: readonly OrderStatus[];
  customerId?: string;
  workerId?: string;
  /** Code of the service. */
  service?: string;
  /** Bounds of `scheduledAt`; the upper one is exclusive. */
  from?: Date;
  to?: Date;
}

/**
 * Order execution. Every method that changes an order takes the actor, moves the order and appends
 * the event in one transaction. Common errors: `order_not_found` for an order that does not exist
 * or is somebody else's, `illegal_transition` (conflict; `allowed` lists the legal steps),
 * `idempotency_key_reused` (invalid), `request_in_flight` (conflict), `database_unavailable`.
 */
export interface Orders {
  /** @throws `service_not_found`, `service_inactive` */
  quote(service: string): Promise<Quote>;
  /**
   * Matches, prices and stores an order.
   * @throws `service_not_found`, `service_inactive`, `invalid_input` for a time that is past or
   *   too far ahead, `nobody_free` (conflict; `nearestTimes` has up to three ISO times)
   */
  place(
    actor: Actor,
    customerId: string,
    request: PlaceOrderRequest,
    idempotency?: Idempotency,
  ): Promise<OrderAnswer>;
  /**
   * A copy of a failed order at another time, matched and priced anew.
   * @throws as `place`; `not_failed`, `already_rebooked` (conflict; `orderId` of the copy)
   */
  rebook(
    actor: Actor,
    orderId: string,
    scheduledAt: Date,
    idempotency?: Idempotency,
  ): Promise<OrderAnswer>;
  cancel(
    actor: Actor,
    orderId: string,
    reason?: string,
    idempotency?: Idempotency,
  ): Promise<OrderAnswer>;
  /**
   * The worker is there.
   * @param photo bytes of the picture
   * @throws `not_a_photo`, `check_in_too_late` (conflict) after the no-show time
   */
  checkIn(
    actor: Actor,
    orderId: string,
    photo: Uint8Array,
    idempotency?: Idempotency,
  ): Promise<OrderAnswer>;
  /** @param report photo of the signed paper report. @throws `not_a_photo` */
  complete(
    actor: Actor,
    orderId: string,
    report: Uint8Array,
    idempotency?: Idempotency,
  ): Promise<OrderAnswer>;
  /** The worker gives up. */
  fail(
    actor: Actor,
    orderId: string,
    reason: string,
    idempotency?: Idempotency,
  ): Promise<OrderAnswer>;
  /** Once, after completion. @throws `not_completed`, `already_rated` (conflict) */
  rate(
    actor: Actor,
    orderId: string,
    rating: { stars: number; comment?: string },
    idempotency?: Idempotency,
  ): Promise<OrderAnswer>;
  /** Fails what nobody checked in to in time. Each order in its own transaction. */
  failNoShows(): Promise<{ failed: string[] }>;
  /** @param viewer customers and workers see their own orders only */
  get(viewer: Actor, orderId: string): Promise<OrderView>;
  /** Newest first. */
  list(viewer: Actor, filter: OrderFilter, page: PageRequest): Promise<Page<OrderView>>;
  /** Oldest first. */
  timeline(viewer: Actor, orderId: string): Promise<TimelineEntry[]>;
  /**
   * The receipt of the match, explained.
   * @param workerId also answers why it was not this worker
   */
  why(orderId: string, workerId?: string): Promise<MatchReport>;
  /** Deletes idempotency keys older than the rules say. @returns how many */
  purge(): Promise<number>;
}

export interface MatchReport {
  view: OrderView;
  explanation: MatchExplanation;
  /** Names of the workers that the receipt mentions, by id. */
  names: ReadonlyMap<string, string>;
  /** Sentences; only where a worker was asked about. */
  whyNot: string[] | null;
}

export interface SupplyItem {
  item: string;
  quantity: number;
}

/** What the supplies department puts together for one order. */
export interface PickList {
  orderId: string;
  status: 'requested' | 'issued' | 'withdrawn';
  items: SupplyItem[];
  neededAt: Date;
  requestedAt: Date;
  issuedAt: Date | null;
  issuedBy: string | null;
  service: { code: string; name: string };
  worker: { id: string; name: string };
  /** `late`: should have been delivered by now. Never blocks issuing. */
  cookie: 'waiting' | 'ordered' | 'late' | 'delivered' | 'given-up' | 'none';
}

export interface Supplies {
  /** Most urgent first. */
  list(status: PickList['status'], page: PageRequest): Promise<Page<PickList>>;
  /** Once per order. @throws `order_not_found`, `illegal_transition` */
  issue(actor: Actor, orderId: string, idempotency?: Idempotency): Promise<OrderAnswer>;
}

export interface Customer {
  id: string;
  subject: string;
  name: string;
  email: string | null;
  createdAt: Date;
  orders: Record<OrderStatus, number>;
}

export interface Customers {
  /** The customer of this token, made at the first request. @returns the customer's id */
  identify(token: { subject: string; name?: string; email?: string }): Promise<string>;
  list(filter: { search?: string }, page: PageRequest): Promise<Page<Omit<Customer, 'orders'>>>;
  /** @throws `customer_not_found` */
  get(idOrSubject: string): Promise<Customer>;
}

export interface WorkerInput {
  name: string;
  city: string;
  skills: string[];
  strengths?: string[];
  weaknesses?: string[];
  email?: string | null;
  phone?: string | null;
  notes?: string | null;
  /** `sub` of the worker's tokens; the worker's id unless given. */
  subject?: string;
}

export interface Worker extends Required<Omit<WorkerInput, 'subject'>> {
  id: string;
  subject: string;
  active: boolean;
  /** Mean of the stars, two digits; null while nobody has rated. */
  rating: number | null;
  ratingCount: number;
  completedOrders: number;
  version: number;
  createdAt: Date;
  updatedAt: Date;
  deactivatedAt: Date | null;
}

/** One change of a field, as a preview or as the record of what was done. */
export interface FieldChange {
  field: string;
  before: unknown;
  after: unknown;
}

export interface WorkerChange {
  worker: Worker;
  changes: FieldChange[];
  /** Live orders that the worker still holds; a change of theirs does not touch those. */
  liveOrders: string[];
  /** False for a preview, and where there was nothing to change. */
  applied: boolean;
}

export interface Workers {
  /** @throws `invalid_input`, `subject_taken` (conflict) */
  add(input: WorkerInput): Promise<Worker>;
  /** The worker that a token names. @throws `not_a_worker` (forbidden) */
  identify(subject: string): Promise<string>;
  list(
    filter: { active?: boolean; city?: string; skill?: string; search?: string },
    page: PageRequest,
  ): Promise<Page<Worker>>;
  /** @throws `worker_not_found` */
  get(id: string): Promise<Worker>;
  set(
    id: string,
    changes: Partial<WorkerInput> & { active?: boolean },
    options?: { dryRun?: boolean },
  ): Promise<WorkerChange>;
}

/** What fortune cookies need: called by jobs. */
export interface Cookies {
  /** Orders what waits and asks after what was ordered. Contractor trouble is not an error. */
  attend(): Promise<{ ordered: number; delivered: number; givenUp: number; failed: number }>;
  counts(): Promise<Record<'waiting' | 'ordered' | 'delivered' | 'given-up', number>>;
}

/** The whole context. */
export interface OrdersContext {
  orders: Orders;
  supplies: Supplies;
  customers: Customers;
  workers: Workers;
  cookies: Cookies;
}

export type { Actor, EndKind, OrderStatus, OrderStep };
