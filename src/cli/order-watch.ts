import type { OrderView } from '../contexts/orders/index.ts';
import { formatMoment } from '../platform/business-time.ts';
import type { ExtendedOrder, OrderEvent } from '../stream/index.ts';
import { cutText, displayWidth, pad, plainText } from './text-width.ts';

/** Which orders are watched; all conditions hold together. */
export interface WatchFilter {
  status?: readonly string[];
  customerId?: string;
  workerId?: string;
  service?: string;
  city?: string;
}

/** One order as the live view shows it. */
export interface WatchedOrder {
  id: string;
  status: string;
  scheduledAt: string;
  service: string;
  workerId: string;
  city: string;
  /** When it last changed. */
  changedAt: Date;
}

type Snapshot = Omit<ExtendedOrder, 'actor'>;

/** Whether this version of an order is one that is watched. */
export function isWatched(order: Snapshot, filter: WatchFilter): boolean {
  const wanted = <T>(value: T, condition: T | undefined) =>
    condition === undefined || condition === value;
  return (
    (!filter.status?.length || filter.status.includes(order.status)) &&
    wanted(order.customer.id, filter.customerId) &&
    wanted(order.worker.id, filter.workerId) &&
    wanted(order.service.code.toLowerCase(), filter.service?.toLowerCase()) &&
    wanted(order.city.toLowerCase(), filter.city?.toLowerCase())
  );
}

export function toWatched(order: Snapshot, changedAt: Date): WatchedOrder {
  return {
    id: order.id,
    status: order.status,
    scheduledAt: order.scheduledAt,
    service: order.service.code,
    workerId: order.worker.id,
    city: order.city,
    changedAt,
  };
}

/** When the order of a view last changed, as far as the view tells. */
export function lastChange({ order }: OrderView): Date {
  const latest = [order.ratedAt, order.endedAt, order.startedAt, order.suppliedAt, order.createdAt];
  return new Date(latest.find((moment) => moment !== null) ?? order.createdAt);
}

/** The orders on the screen: the last changed first, so many at most. */
export interface WatchState {
  readonly orders: readonly WatchedOrder[];
  /** Events seen since the start, by type. */
  readonly seen: ReadonlyMap<string, number>;
}

/** The state after these events. An order that no longer fits the filter leaves the screen. */
export function applyEvents(
  state: WatchState,
  events: readonly OrderEvent[],
  filter: WatchFilter,
  limit: number,
): WatchState {
  const orders = new Map(state.orders.map((order) => [order.id, order]));
  const seen = new Map(state.seen);
  for (const { orderId, snapshot, occurredAt, type } of events) {
    const had = orders.delete(orderId);
    const watched = isWatched(snapshot, filter);
    if (watched) orders.set(orderId, toWatched(snapshot, occurredAt));
    if (watched || had) seen.set(type, (seen.get(type) ?? 0) + 1);
  }
  const latest = [...orders.values()].sort(
    (one, other) => other.changedAt.getTime() - one.changedAt.getTime(),
  );
  return { orders: latest.slice(0, limit), seen };
}

/** What a frame is drawn for. */
export interface FrameOptions {
  width: number;
  timeZone: string;
  now: Date;
  names: ReadonlyMap<string, string>;
}

/** The frame as lines, none longer than the terminal is wide; ids stand first and whole. */
export function renderFrame(state: WatchState, options: FrameOptions): string[] {
  const { width, timeZone, now } = options;
  const head = ['order', 'status', 'scheduled', 'service', 'worker', 'city'];
  const rows = state.orders.map((order) => [
    order.id,
    order.status,
    formatMoment(new Date(order.scheduledAt), timeZone).slice(5, 16),
    order.service,
    plainText(options.names.get(order.workerId) ?? ''),
    plainText(order.city),
  ]);
  const widths = head.map((header, index) =>
    Math.max(displayWidth(header), ...rows.map((texts) => displayWidth(texts[index] ?? ''))),
  );
  const line = (texts: readonly string[]) =>
    cutText(texts.map((text, index) => pad(text, widths[index] ?? 0)).join('  '), width).trimEnd();
  const seen = [...state.seen].map(([type, count]) => `${count} ${type.replace('order.', '')}`);
  const clock = formatMoment(now, timeZone);
  const summary = seen.length === 0 ? 'nothing has happened yet' : seen.join(', ');
  return [
    cutText(`${clock}: ${summary}. Ctrl-C ends.`, width),
    line(head),
    ...(rows.length === 0 ? ['no orders to watch yet'] : rows.map(line)),
  ];
}

/** One event as a line of a log. */
export function eventLine(
  event: OrderEvent,
  timeZone: string,
  names: ReadonlyMap<string, string>,
): string {
  const { snapshot } = event;
  return [
    formatMoment(event.occurredAt, timeZone),
    event.orderId,
    pad(event.type.replace('order.', ''), 9),
    pad(snapshot.service.code, 14),
    plainText(names.get(snapshot.worker.id) ?? snapshot.worker.id),
    plainText(snapshot.city),
  ].join('  ');
}
