import { sql } from 'kysely';
import { z } from 'zod';
import { notFound } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/ids.ts';
import { decodeCursor, toPage } from '../../../platform/paging.ts';
import type { PersonalData } from '../../../stream/index.ts';
import type { OrdersDependencies } from '../dependencies.ts';
import { ORDER_STATUSES, type OrderStatus } from '../order.ts';
import type { Customer, Customers } from '../orders.ts';

type Deps = Pick<OrdersDependencies, 'db' | 'clock' | 'ids'>;

/** Customers whose row need not be looked up again; the least recently seen are dropped. */
const MAX_REMEMBERED = 50_000;

const columns = ['id', 'subject', 'name', 'email', 'created_at as createdAt'] as const;

/** Who orders. A customer comes into being with the first authenticated request. */
export function createCustomers(deps: Deps): Customers {
  const remembered = new Map<string, string>();
  return {
    async identify(token) {
      const memory = JSON.stringify([token.subject, token.name, token.email]);
      const known = remembered.get(memory);
      if (known) return known;
      const id = await upsertCustomer(deps, token);
      if (remembered.size >= MAX_REMEMBERED) {
        const oldest = remembered.keys().next();
        if (!oldest.done) remembered.delete(oldest.value);
      }
      remembered.set(memory, id);
      return id;
    },

    async list(filter, page) {
      const after = decodeCursor(page.cursor, [z.uuid()]);
      let query = deps.db
        .selectFrom('orders.customers')
        .select(columns)
        .orderBy('id', 'desc')
        .limit(page.limit + 1);
      if (after) query = query.where('id', '<', after[0]);
      if (filter.search) {
        const pattern = `%${filter.search.replace(/[\\%_]/g, '\\$&')}%`;
        query = query.where((eb) =>
          eb.or([
            eb('name', 'ilike', pattern),
            eb('email', 'ilike', pattern),
            eb('subject', 'ilike', pattern),
          ]),
        );
      }
      return toPage(
        await query.execute(),
        page.limit,
        (row) => [row.id],
        (row) => row,
      );
    },

    async get(idOrSubject) {
      const row = await deps.db
        .selectFrom('orders.customers')
        .select(columns)
        .where(isUuid(idOrSubject) ? 'id' : 'subject', '=', idOrSubject)
        .executeTakeFirst();
      if (!row) throw notFound('customer', idOrSubject);
      return { ...row, orders: await countOrders(deps, row.id) };
    },
  };
}

/** Makes the customer, or takes over a name or mail that the token has anew. */
async function upsertCustomer(
  deps: Deps,
  token: { subject: string; name?: string; email?: string },
): Promise<string> {
  const now = deps.clock.now();
  return deps.db.transaction().execute(async (tx) => {
    const row = await tx
      .insertInto('orders.customers')
      .values({
        id: deps.ids.next(),
        subject: token.subject,
        name: token.name ?? token.subject,
        email: token.email ?? null,
        created_at: now,
        updated_at: now,
      })
      .onConflict((oc) =>
        oc.column('subject').doUpdateSet({
          // A token without a name or mail takes none away.
          name: token.name ?? sql`orders.customers.name`,
          email: token.email ?? sql`orders.customers.email`,
          updated_at: now,
        }),
      )
      .returning(['id', 'name', 'email', 'subject'])
      .executeTakeFirstOrThrow();
    const { name, email, subject } = row;
    const data = { name, email, subject } satisfies PersonalData['customer'];
    await tx
      .insertInto('stream.personal')
      .values({
        subject_id: row.id,
        kind: 'customer',
        data: JSON.stringify(data),
        updated_at: now,
      })
      .onConflict((oc) =>
        oc
          .column('subject_id')
          .doUpdateSet((eb) => ({ data: eb.ref('excluded.data'), updated_at: now }))
          // Who was erased stays erased.
          .where('stream.personal.erased_at', 'is', null),
      )
      .execute();
    return row.id;
  });
}

async function countOrders(deps: Deps, customerId: string): Promise<Customer['orders']> {
  const counts = await deps.db
    .selectFrom('orders.orders')
    .select((eb) => ['status', eb.fn.countAll<bigint>().as('count')])
    .where('customer_id', '=', customerId)
    .groupBy('status')
    .execute();
  const orders = Object.fromEntries(ORDER_STATUSES.map((status) => [status, 0])) as Record<
    OrderStatus,
    number
  >;
  for (const { status, count } of counts) orders[status] = Number(count);
  return orders;
}
