import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { endOrders } from '../bookings/testing.ts';
import { openInvoices } from '../invoices/testing.ts';
import { createLedger } from './create-ledger.ts';

test('an order that a run is putting onto an invoice at this moment is not reversed', async () => {
  const t = await openInvoices();
  const ledger = createLedger({ ...t.deps, db: t.own.open('steward_finance') });
  const [{ orderId } = { orderId: '' }] = await endOrders(t, [{ customerId: randomUUID() }]);
  t.clock.advance(60_000);
  const { hash } = await t.invoices.plan({});
  const { transaction_id: id } = await t.own.db
    .selectFrom('payments.order_bookings')
    .select('transaction_id')
    .where('order_id', '=', orderId)
    .executeTakeFirstOrThrow();

  // The run stands still after the order is on the invoice, before its commit.
  const gate = await t.own.db.startTransaction().execute();
  await sql`lock table mail.messages in share mode`.execute(gate);
  const commit = t.invoices.commit(hash);
  await waiting(t, 1);
  const reversal = ledger.reverse(id ?? '', { reason: 'booked by mistake' }).then(
    () => 'reversed',
    (error: { code?: string }) => error.code,
  );
  await waiting(t, 2);
  await gate.rollback().execute();

  await commit;
  expect(await reversal).toBe('not_reversible');
});

/** Until so many wait for a lock. */
async function waiting(t: Awaited<ReturnType<typeof openInvoices>>, count: number): Promise<void> {
  for (;;) {
    const { rows } = await sql`
      select from pg_stat_activity
      where wait_event_type = 'Lock' and datname = current_database()`.execute(t.own.db);
    if (rows.length >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
