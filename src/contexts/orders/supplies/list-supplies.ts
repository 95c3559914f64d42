import { sql } from 'kysely';
import { z } from 'zod';
import type { Clock } from '../../../platform/clock.ts';
import { decodeCursor, toPage } from '../../../platform/paging.ts';
import type { Executor } from '../../../platform/postgres/database.ts';
import type { Page, PageRequest, PickList } from '../orders.ts';
import type { OrdersTables } from '../tables.ts';

/** What the supplies department has to put together, most urgent first. */
export async function listSupplies(
  deps: { db: Executor<OrdersTables>; clock: Clock },
  status: PickList['status'],
  page: PageRequest,
): Promise<Page<PickList>> {
  const after = decodeCursor(page.cursor, [z.iso.datetime(), z.uuid()]);
  let query = deps.db
    .selectFrom('orders.supplies as s')
    .innerJoin('orders.orders as o', 'o.id', 's.order_id')
    .innerJoin('orders.workers as w', 'w.id', 'o.worker_id')
    .leftJoin('orders.cookies as c', 'c.order_id', 's.order_id')
    .select([
      's.order_id as orderId',
      's.status',
      's.items',
      's.needed_at as neededAt',
      's.requested_at as requestedAt',
      's.issued_at as issuedAt',
      's.issued_by as issuedBy',
      sql<string>`o.service ->> 'code'`.as('serviceCode'),
      sql<string>`o.service ->> 'name'`.as('serviceName'),
      'w.id as workerId',
      'w.name as workerName',
      'c.status as cookie',
      'c.due_at as cookieDueAt',
    ])
    .where('s.status', '=', status)
    .orderBy('s.needed_at')
    .orderBy('s.order_id')
    .limit(page.limit + 1);
  if (after) {
    query = query.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('s.needed_at', 's.order_id'), '>', tuple(new Date(after[0]), after[1])),
    );
  }
  const now = deps.clock.now();
  return toPage(
    await query.execute(),
    page.limit,
    (row) => [row.neededAt.toISOString(), row.orderId],
    (row) => ({
      orderId: row.orderId,
      status: row.status,
      items: row.items,
      neededAt: row.neededAt,
      requestedAt: row.requestedAt,
      issuedAt: row.issuedAt,
      issuedBy: row.issuedBy,
      service: { code: row.serviceCode, name: row.serviceName },
      worker: { id: row.workerId, name: row.workerName },
      cookie: cookieState(row.cookie, row.cookieDueAt, now),
    }),
  );
}

/** A cookie is late from the moment at which it should have been there. */
function cookieState(
  status: 'waiting' | 'ordered' | 'delivered' | 'given-up' | null,
  dueAt: Date | null,
  now: Date,
): PickList['cookie'] {
  if (status === null) return 'none';
  const overdue = dueAt !== null && now > dueAt && (status === 'waiting' || status === 'ordered');
  return overdue ? 'late' : status;
}
