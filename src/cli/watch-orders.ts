import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from '../app.ts';
import type { OrderStatus } from '../contexts/orders/index.ts';
import type { Cursor, OrderEvent } from '../stream/index.ts';
import { toJsonLine } from './json.ts';
import { openLiveScreen } from './live-screen.ts';
import {
  applyEvents,
  eventLine,
  isWatched,
  lastChange,
  renderFrame,
  toWatched,
  type WatchFilter,
  type WatchState,
} from './order-watch.ts';

/** People see a change at once below this; the read is one index range. */
const POLL_MS = 500;
const EVENTS_PER_READ = 500;
/** Orders to begin with, where no screen sets the limit. */
const PAGE_ROWS = 200;
/** Lines of a frame besides the orders, and the one that the cursor stands in. */
const FRAME_LINES = 3;

/** What is watched and how it is shown. */
export interface WatchOptions {
  filter: WatchFilter & { status?: OrderStatus[] };
  /** Show what there is and return. */
  once: boolean;
  json: boolean;
  output: NodeJS.WriteStream;
  /** Ends the watch. */
  signal: AbortSignal;
}

/**
 * Follows orders by reading the stream behind its present end: on a terminal a view drawn in
 * place, elsewhere a line per event.
 */
export async function watchOrders(app: App, options: WatchOptions): Promise<void> {
  const { readEnd } = await import('../stream/index.ts');
  // Before the orders are read: what changes in between is seen twice rather than never.
  const cursor = await readEnd(app.db);
  if (options.once) return showOnce(app, options);
  if (options.output.isTTY && !options.json) return showLive(app, options, cursor);
  return follow(app, options, cursor);
}

async function readPresent(app: App, { filter, output }: WatchOptions): Promise<WatchState> {
  const viewer = await app.manager();
  const limit = Math.min(PAGE_ROWS, room(output));
  const { status, customerId, workerId, service } = filter;
  const conditions = { status, customerId, workerId, service };
  const { data } = await app.orders.orders.list(viewer, conditions, { limit: PAGE_ROWS });
  const orders = data
    .filter((view) => isWatched(view.order, filter))
    .map((view) => toWatched(view.order, lastChange(view)));
  return applyEvents({ orders, seen: new Map() }, [], filter, limit);
}

async function showOnce(app: App, options: WatchOptions): Promise<void> {
  const { output, json } = options;
  const state = await readPresent(app, options);
  if (json) {
    for (const order of state.orders) output.write(`${toJsonLine(order)}\n`);
    return;
  }
  const names = await addNames(app, workersOf(state), new Map());
  const [, ...table] = frame(app, state, names, output);
  output.write(`${table.join('\n')}\n`);
}

async function showLive(app: App, options: WatchOptions, cursor: Cursor): Promise<void> {
  const { filter, output, signal } = options;
  const names = new Map<string, string>();
  let state = await readPresent(app, options);
  const screen = openLiveScreen(output);
  const draw = async () => {
    await addNames(app, workersOf(state), names);
    screen.draw(frame(app, state, names, output));
  };
  try {
    await draw();
    for await (const events of newEvents(app, cursor, signal)) {
      state = applyEvents(state, events, filter, room(output));
      await draw();
    }
  } finally {
    screen.close();
  }
}

async function follow(app: App, options: WatchOptions, cursor: Cursor): Promise<void> {
  const { filter, output, json, signal } = options;
  const names = new Map<string, string>();
  for await (const events of newEvents(app, cursor, signal)) {
    const wanted = events.filter((event) => isWatched(event.snapshot, filter));
    const workers = wanted.map((event) => event.snapshot.worker.id);
    if (!json) await addNames(app, workers, names);
    for (const event of wanted) {
      const line = json ? toJsonLine(event) : eventLine(event, app.config.timeZone, names);
      output.write(`${line}\n`);
    }
  }
}

/** What happens behind this place until the signal; empty batches keep the view's clock going. */
async function* newEvents(
  app: App,
  from: Cursor,
  signal: AbortSignal,
): AsyncGenerator<OrderEvent[]> {
  const { readEvents } = await import('../stream/index.ts');
  let cursor = from;
  while (!signal.aborted) {
    const events = await readEvents(app.db, cursor, EVENTS_PER_READ);
    const last = events.at(-1);
    if (last) cursor = { xid: last.xid, position: last.position };
    yield events;
    if (events.length < EVENTS_PER_READ) {
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

function frame(
  app: App,
  state: WatchState,
  names: ReadonlyMap<string, string>,
  output: NodeJS.WriteStream,
): string[] {
  const width = output.isTTY ? output.columns : Number.POSITIVE_INFINITY;
  const { timeZone } = app.config;
  return renderFrame(state, { width, timeZone, now: app.clock.now(), names });
}

/** Orders that fit the screen. */
function room(output: NodeJS.WriteStream): number {
  return output.isTTY ? Math.max(1, output.rows - FRAME_LINES) : PAGE_ROWS;
}

function workersOf(state: WatchState): string[] {
  return state.orders.map((order) => order.workerId);
}

/** Adds the names of workers that were not asked for before. */
async function addNames(
  app: App,
  workerIds: readonly string[],
  known: Map<string, string>,
): Promise<Map<string, string>> {
  const missing = workerIds.filter((id) => !known.has(id));
  if (missing.length === 0) return known;
  const { readPersonal } = await import('../stream/index.ts');
  const people = await readPersonal(app.db, missing);
  for (const id of missing) {
    const person = people.get(id);
    known.set(id, person?.kind === 'worker' && person.data ? person.data.name : '');
  }
  return known;
}
