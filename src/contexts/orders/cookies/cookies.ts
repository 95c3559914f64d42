import { sql } from 'kysely';
import type { Transaction } from '../../../platform/postgres/database.ts';
import { defineConsumer, type OrderEvent } from '../../../stream/index.ts';
import type { OrdersDependencies } from '../dependencies.ts';
import type { Cookies } from '../orders.ts';
import type { OrdersTables } from '../tables.ts';

type Deps = Pick<OrdersDependencies, 'db' | 'clock' | 'log' | 'rules' | 'contractor'>;

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Requests to the contractor under way at once. */
const AT_ONCE = 10;
/**
 * Cookies claimed at a time: with a contractor that lets every call run into its timeout they take
 * ten seconds, well below the wait after which another run could claim them again.
 */
const BATCH = 2 * AT_ONCE;
/** One run goes on for so long while something is due; its job has two minutes. */
const RUN_MS = 60_000;
/** How often a baking cookie is asked after: fresh enough to tell "late" from "there". */
const ASK_AGAIN_MS = 30_000;
/** Waits after a failed call: doubling up to ten minutes, for as long as the order needs one. */
const RETRY_FIRST_MS = 15_000;
const RETRY_MOST_MS = 600_000;

/** From the stream: an assigned order needs a cookie, an ended one does not. */
export const cookiesConsumer = defineConsumer<OrdersTables>({
  name: 'orders.cookies',
  replay: 'repeat',
  async apply(tx, events) {
    await requestCookies(
      tx,
      events.filter((event) => event.type === 'order.assigned'),
    );
    const ended = events.filter((event) =>
      ['order.completed', 'order.cancelled', 'order.failed'].includes(event.type),
    );
    if (ended.length === 0) return;
    await tx
      .updateTable('orders.cookies')
      .set({ status: 'given-up' })
      .where('order_id', '=', sql<string>`any(${ended.map((event) => event.orderId)}::uuid[])`)
      .where('status', 'in', ['waiting', 'ordered'])
      .execute();
  },
});

async function requestCookies(
  tx: Transaction<OrdersTables>,
  events: readonly OrderEvent[],
): Promise<void> {
  if (events.length === 0) return;
  // Arrays, not one parameter per value: the same statement text for every number of events.
  await sql`
    insert into orders.cookies (order_id, status, requested_at, next_attempt_at)
    select order_id, 'waiting', at, at
    from unnest(${events.map((event) => event.orderId)}::uuid[],
      ${events.map((event) => event.occurredAt)}::timestamptz[]) as assigned (order_id, at)
    on conflict (order_id) do nothing`.execute(tx);
}

interface DueCookie {
  orderId: string;
  status: 'waiting' | 'ordered' | 'delivered' | 'given-up';
  requestedAt: Date;
  orderedAt: Date | null;
  attempts: number;
  neededAt: Date;
  customerName: string;
}

type Attended = 'ordered' | 'delivered' | 'givenUp' | 'failed' | 'baking';

/** Fortune cookies: nothing else waits for them. */
export function createCookies(deps: Deps): Cookies {
  return {
    async attend() {
      const totals = { ordered: 0, delivered: 0, givenUp: 0, failed: 0, baking: 0 };
      const until = performance.now() + RUN_MS;
      for (;;) {
        const due = await claimDue(deps);
        for (let start = 0; start < due.length; start += AT_ONCE) {
          const results = await Promise.all(
            due.slice(start, start + AT_ONCE).map((cookie) => attendOne(deps, cookie)),
          );
          for (const result of results) totals[result] += 1;
        }
        if (due.length < BATCH || performance.now() > until) break;
      }
      const { baking: _, ...counts } = totals;
      return counts;
    },

    async counts() {
      const rows = await deps.db
        .selectFrom('orders.cookies')
        .select((eb) => ['status', eb.fn.countAll<bigint>().as('count')])
        .groupBy('status')
        .execute();
      const counts = { waiting: 0, ordered: 0, delivered: 0, 'given-up': 0 };
      for (const { status, count } of rows) counts[status] = Number(count);
      return counts;
    },
  };
}

/**
 * Takes what is due and moves its next attempt on in the same statement, so that two runs at once
 * share the work, and a run that dies costs one wait.
 */
async function claimDue(deps: Deps): Promise<DueCookie[]> {
  const now = deps.clock.now();
  return deps.db
    .with('due', (db) =>
      db
        .selectFrom('orders.cookies')
        .select('order_id')
        .where('status', 'in', ['waiting', 'ordered'])
        .where('next_attempt_at', '<=', now)
        .orderBy('next_attempt_at')
        .limit(BATCH)
        .forUpdate()
        .skipLocked(),
    )
    .updateTable('orders.cookies as c')
    .from('due')
    .innerJoin('orders.orders as o', 'o.id', 'due.order_id')
    .innerJoin('orders.customers as p', 'p.id', 'o.customer_id')
    .set({ next_attempt_at: new Date(now.getTime() + ASK_AGAIN_MS) })
    .whereRef('c.order_id', '=', 'due.order_id')
    .returning([
      'c.order_id as orderId',
      'c.status',
      'c.requested_at as requestedAt',
      'c.ordered_at as orderedAt',
      'c.attempts',
      'o.scheduled_at as neededAt',
      'p.name as customerName',
    ])
    .execute();
}

async function attendOne(deps: Deps, cookie: DueCookie): Promise<Attended> {
  const now = deps.clock.now();
  const { cookies: rules } = deps.rules;
  try {
    if (now.getTime() > cookie.requestedAt.getTime() + rules.giveUpAfterHours * HOUR_MS) {
      await update(deps, cookie, { status: 'given-up' });
      return 'givenUp';
    }
    if (cookie.orderedAt === null) {
      await deps.contractor.order({
        orderId: cookie.orderId,
        customer: { name: cookie.customerName },
        neededAt: cookie.neededAt,
      });
      await update(deps, cookie, {
        status: 'ordered',
        ordered_at: now,
        due_at: new Date(now.getTime() + rules.lateAfterMinutes * MINUTE_MS),
        attempts: 0,
        error: null,
      });
      return 'ordered';
    }
    if (!(await deps.contractor.isDelivered(cookie.orderId, cookie.orderedAt))) return 'baking';
    await update(deps, cookie, { status: 'delivered', delivered_at: now, error: null });
    return 'delivered';
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    deps.log.warn({ orderId: cookie.orderId, attempt: cookie.attempts + 1 }, `cookie: ${reason}`);
    const waitMs = Math.min(RETRY_MOST_MS, RETRY_FIRST_MS * 2 ** cookie.attempts);
    await update(deps, cookie, {
      attempts: cookie.attempts + 1,
      next_attempt_at: new Date(now.getTime() + waitMs),
      error: reason.slice(0, 300),
    });
    return 'failed';
  }
}

/** Only while it is still wanted: the order may have ended while the contractor was asked. */
async function update(
  deps: Deps,
  cookie: DueCookie,
  values: Partial<{
    status: DueCookie['status'];
    ordered_at: Date;
    due_at: Date;
    delivered_at: Date;
    attempts: number;
    next_attempt_at: Date;
    error: string | null;
  }>,
): Promise<void> {
  await deps.db
    .updateTable('orders.cookies')
    .set(values)
    .where('order_id', '=', cookie.orderId)
    .where('status', '=', cookie.status)
    .execute();
}
