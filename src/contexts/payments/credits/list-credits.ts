import { sql } from 'kysely';
import { z } from 'zod';
import { isUuid } from '../../../platform/ids.ts';
import { decodeCursor, toPage } from '../../../platform/paging.ts';
import type { Executor } from '../../../platform/postgres/database.ts';
import type { AllTables } from '../dependencies.ts';
import type { Credit, Credits, PageRequest, PageWithTotal } from '../payments.ts';
import { CREDIT_COLUMNS, toCredit } from './credit-rows.ts';

/** Credits, newest first. See `Credits.list`. */
export async function listCredits(
  db: Executor<AllTables>,
  { workerId, status }: Parameters<Credits['list']>[0],
  page: PageRequest,
): Promise<PageWithTotal<Credit>> {
  const after = decodeCursor(page.cursor, [z.iso.datetime(), z.uuid()]);
  if (workerId !== undefined && !isUuid(workerId)) {
    return { data: [], nextCursor: null, total: { count: 0, amountMinor: 0n } };
  }
  let fitting = db.selectFrom('payments.credits');
  if (workerId !== undefined) fitting = fitting.where('worker_id', '=', workerId);
  if (status !== undefined) fitting = fitting.where('status', '=', status);
  const total = await fitting
    .select(({ fn }) => [
      fn.countAll<bigint>().as('count'),
      sql<string>`coalesce(sum(amount_minor), 0)`.as('amount'),
    ])
    .executeTakeFirstOrThrow();
  let query = fitting
    .select(CREDIT_COLUMNS)
    .orderBy('requested_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1);
  if (after) {
    query = query.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('requested_at', 'id'), '<', tuple(new Date(after[0]), after[1])),
    );
  }
  return {
    ...toPage(
      await query.execute(),
      page.limit,
      (row) => [row.requested_at.toISOString(), row.id],
      toCredit,
    ),
    total: { count: Number(total.count), amountMinor: BigInt(total.amount) },
  };
}
