import { sql } from 'kysely';
import { z } from 'zod';
import { invalid, notFound } from '../../platform/errors.ts';
import { isUuid } from '../../platform/ids.ts';
import { decodeCursor, toPage } from '../../platform/paging.ts';
import { type Actor, readOrderEvents } from '../../stream/index.ts';
import { explainMatch, parseMatchReceipt, whyNot } from '../matching/index.ts';
import type { OrdersDependencies } from './dependencies.ts';
import { isTheirs } from './move-order.ts';
import { selectViews, toView } from './order-views.ts';
import type {
  MatchReport,
  OrderFilter,
  OrderView,
  Page,
  PageRequest,
  TimelineEntry,
} from './orders.ts';

type Deps = Pick<OrdersDependencies, 'db'>;

/** @throws StewardError `order_not_found`, also for somebody else's order */
export async function getOrder(deps: Deps, viewer: Actor, orderId: string): Promise<OrderView> {
  const row = isUuid(orderId)
    ? await selectViews(deps.db).where('o.id', '=', orderId).executeTakeFirst()
    : undefined;
  const theirs =
    row &&
    isTheirs(viewer, {
      customerId: row.snapshot.customer.id,
      workerId: row.snapshot.worker.id,
    });
  if (!row || !theirs) throw notFound('order', orderId);
  return toView(row.snapshot, row.people);
}

/** Newest first. Ids are in the order of time, so the id is the cursor. */
export async function listOrders(
  deps: Deps,
  viewer: Actor,
  filter: OrderFilter,
  page: PageRequest,
): Promise<Page<OrderView>> {
  const after = decodeCursor(page.cursor, [z.uuid()]);
  let query = selectViews(deps.db)
    .orderBy('o.id', 'desc')
    .limit(page.limit + 1);
  if (after) query = query.where('o.id', '<', after[0]);
  assertIds(filter);
  const customerId = viewer.kind === 'customer' ? viewer.id : filter.customerId;
  const workerId = viewer.kind === 'worker' ? viewer.id : filter.workerId;
  if (customerId) query = query.where('o.customer_id', '=', customerId);
  if (workerId) query = query.where('o.worker_id', '=', workerId);
  if (filter.status) query = query.where('o.status', '=', sql<never>`any(${filter.status})`);
  if (filter.service) query = query.where(sql`o.service ->> 'code'`, '=', filter.service);
  if (filter.from) query = query.where('o.scheduled_at', '>=', filter.from);
  if (filter.to) query = query.where('o.scheduled_at', '<', filter.to);
  const rows = await query.execute();
  return toPage(
    rows,
    page.limit,
    (row) => [row.id],
    (row) => toView(row.snapshot, row.people),
  );
}

function assertIds(filter: OrderFilter): void {
  for (const path of ['customerId', 'workerId'] as const) {
    const id = filter[path];
    if (id === undefined || isUuid(id)) continue;
    throw invalid(`"${id}" is no id.`, [{ path, message: 'expected an id (UUID)' }]);
  }
}

/** What happened to an order, oldest first, as the stream has it. */
export async function readTimeline(
  deps: Deps,
  viewer: Actor,
  orderId: string,
): Promise<TimelineEntry[]> {
  await getOrder(deps, viewer, orderId);
  const events = await readOrderEvents(deps.db, orderId);
  return events.map((event) => ({
    at: event.occurredAt,
    type: event.type,
    status: event.snapshot.status,
    actor: event.snapshot.actor,
    version: event.version,
    endKind: event.snapshot.endKind,
  }));
}

/** The receipt of the match, explained; also why it was not a certain worker. */
export async function explainOrder(
  deps: Deps,
  orderId: string,
  workerId?: string,
): Promise<MatchReport> {
  const view = await getOrder(deps, { kind: 'system', id: 'orders.why' }, orderId);
  const row = await deps.db
    .selectFrom('orders.match_receipts')
    .select('receipt')
    .where('order_id', '=', orderId)
    .executeTakeFirst();
  if (!row) throw notFound('match_receipt', orderId);
  if (workerId !== undefined && !isUuid(workerId)) throw notFound('worker', workerId);
  const receipt = parseMatchReceipt(row.receipt);
  const considered = explainMatch(receipt).candidates.map((one) => one.workerId);
  const names = await readNames(deps, workerId ? [...considered, workerId] : considered);
  if (workerId !== undefined && !names.has(workerId)) throw notFound('worker', workerId);
  return {
    view,
    explanation: explainMatch(receipt, { names }),
    names,
    whyNot: workerId === undefined ? null : whyNot(receipt, workerId, { names }),
  };
}

async function readNames(deps: Deps, workerIds: string[]): Promise<Map<string, string>> {
  const workers = await deps.db
    .selectFrom('orders.workers')
    .select(['id', 'name'])
    .where('id', '=', sql<string>`any(${workerIds}::uuid[])`)
    .execute();
  return new Map(workers.map((worker) => [worker.id, worker.name]));
}
