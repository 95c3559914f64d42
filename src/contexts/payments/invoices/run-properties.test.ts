import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { StewardError } from '../../../platform/errors.ts';
import { openInvoices } from './testing.ts';

/** Orders are given by whose they are, how much and how long before the close they ended. */
const order = fc.record({
  customer: fc.integer({ min: 0, max: 4 }),
  netMinor: fc.integer({ min: 0, max: 5_000 }),
  hoursBefore: fc.integer({ min: -2, max: 200 }),
});
/** What is done after each other: orders that end, and runs of all, some, or all but some. */
const step = fc.oneof(
  { weight: 2, arbitrary: fc.array(order, { minLength: 1, maxLength: 8 }) },
  {
    weight: 3,
    arbitrary: fc.record({
      week: fc.constantFrom('2026-W47', '2026-W48'),
      only: fc.option(fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { minLength: 1 })),
      except: fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { maxLength: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant('void' as const) },
);

test('whatever is run and taken back, no order is billed twice or cut off its invoice', async () => {
  const payments = await openInvoices({ leastCharge: () => 100n });
  const { deps, invoices, own } = payments;
  payments.clock.moveTo(new Date('2026-11-29T20:00:00Z'));
  const close = new Date('2026-11-29T18:00:00Z').getTime();
  await sql`insert into payments.rule_versions values ('v', '{}', now())`.execute(own.db);

  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
      const ids = Array.from({ length: 5 }, () => randomUUID());
      const known = new Set<string>();
      const billed = new Set<string>();
      for (const one of steps) {
        if (Array.isArray(one)) {
          for (const { customer, netMinor, hoursBefore } of one) {
            const endedAt = new Date(close - hoursBefore * 3_600_000);
            const id = ids[customer] ?? '';
            known.add(id);
            await sql`
              insert into payments.order_bookings (order_id, event_id, customer_id, worker_id,
                service_code, service_name, outcome, end_kind, ended_at, ended_on, booked_on,
                currency, price_minor, paid_before_minor, discount_percent, discount_minor,
                net_minor, rules_version)
              values (${randomUUID()}, ${randomUUID()}, ${id}, ${randomUUID()}, 'a', 'A',
                'completed', 'completed', ${endedAt}, '2026-11-29', '2026-11-29', 'USD',
                ${netMinor}, 0, 0, 0, ${netMinor}, 'v')`.execute(own.db);
          }
        } else if (one === 'void') {
          const { data } = await invoices.list(
            { customerId: ids[0], status: 'open' },
            { limit: 1 },
          );
          for (const { id } of data) await invoices.void(id, { reason: 'a test' });
        } else {
          const only = (one.only ?? ids.map((_, index) => index)).map((index) => ids[index] ?? '');
          const except = one.except.map((index) => ids[index] ?? '').filter((id) => known.has(id));
          const request = {
            period: one.week,
            only: only.filter((id) => known.has(id)),
            except: except.map((id) => ({ id, reason: 'a test' })),
          };
          if (request.only.length === 0) continue;
          const plan = await invoices.plan({ ...request, show: 100 }).catch((error: unknown) => {
            if (error instanceof StewardError && error.code === 'nothing_to_run') return null;
            throw error;
          });
          if (plan === null) continue;
          const shown = plan.shown.filter(({ left }) => left === null);
          expect(shown.reduce((sum, { amountMinor }) => sum + amountMinor, 0n)).toBe(
            plan.totalMinor,
          );
          expect(shown.reduce((sum, { items }) => sum + items, 0)).toBe(plan.items);
          for (const { id } of shown) {
            expect(request.only).toContain(id);
            expect(except).not.toContain(id);
            billed.add(id);
          }
          expect(await invoices.commit(plan.hash)).toMatchObject({ replayed: false });
        }
      }
      const { rows } = await sql<{ wrong: string; found: bigint }>`
        with mine as (select * from payments.invoices where customer_id = any(${ids}::uuid[]))
        select 'total is not the sum of its orders' as wrong, count(*) as found from mine i
          where status <> 'void' and total_minor || ' ' || orders is distinct from (
            select sum(net_minor) || ' ' || count(*) from payments.order_bookings b
            where b.invoice_id = i.id)
        union all select 'voided, but has orders', count(*) from mine i
          join payments.order_bookings b on b.invoice_id = i.id where i.status = 'void'
        union all select 'somebody else''s order', count(*) from mine i
          join payments.order_bookings b on b.invoice_id = i.id
          where b.customer_id <> i.customer_id
        union all select 'an order that ended after the close', count(*) from mine i
          join payments.order_bookings b on b.invoice_id = i.id
          where b.ended_at >= case i.period when '2026-W47'
            then timestamptz '2026-11-22T18:00Z' else timestamptz '2026-11-29T18:00Z' end
        union all select 'two of a period', count(*) from (
          select from mine where status <> 'void' group by customer_id, period
          having count(*) > 1) as twice
        union all select 'without its charge', count(*) from mine i
          where (select count(*) from payments.charges c where c.invoice_id = i.id
            and c.amount_minor = i.total_minor
            and (c.status = 'planned') = (i.status = 'open')) <> 1
        union all select 'too small', count(*) from mine where total_minor < 100`.execute(own.db);
      expect(rows.filter(({ found }) => found > 0n)).toEqual([]);
      const { rows: customers } = await sql<{ id: string }>`
        select distinct customer_id as id from payments.invoices
        where customer_id = any(${ids}::uuid[])`.execute(deps.db);
      expect(customers.every(({ id }) => billed.has(id))).toBe(true);
    }),
    { numRuns: 25 },
  );

  const { rows: gaps } = await sql<{ period: string }>`
    select period from payments.invoices group by period
    having max(right(number, 6)::int) <> count(*)`.execute(own.db);
  expect(gaps).toEqual([]);
}, 180_000);
