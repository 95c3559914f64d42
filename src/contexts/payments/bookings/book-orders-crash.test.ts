import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { createLedger } from '../ledger/create-ledger.ts';
import type { PaymentProvider } from '../provider/provider.ts';
import { openTestPayments } from '../testing.ts';
import { consumeOrders, writeEndedOrders } from './testing.ts';

const CHILD = new URL('./test-consumer-process.ts', import.meta.url);
const NO_PROVIDER = {} as PaymentProvider;

/** What every order was booked with, in an order that does not depend on when. */
async function readBookings(payments: Awaited<ReturnType<typeof openTestPayments>>) {
  const { rows } = await sql`
    select b.order_id, b.paid_before_minor, b.net_minor, b.pay_minor, b.penalty_minor,
      (select count(*) from ledger.transactions t
        where t.subject_kind = 'order' and t.subject_id = b.order_id::text) as transactions,
      (select count(*) from ledger.postings p where p.transaction_id = b.transaction_id) as lines
    from payments.order_bookings b order by b.order_id`.execute(payments.deps.db);
  return rows;
}

test('killed in the middle of a batch, before and after commits, each order is booked once', async () => {
  const payments = await openTestPayments(NO_PROVIDER);
  const customers = Array.from({ length: 3 }, () => randomUUID());
  await writeEndedOrders(
    payments,
    Array.from({ length: 24 }, (_, index) => ({
      customerId: customers[index % 3],
      priceMinor: 300_000 + index,
      outcome: (['completed', 'failed', 'cancelled'] as const)[index % 3],
    })),
  );
  // 24 orders are 64 events, seven batches of 10; 0 to 4 of a batch end an order.
  const booked = async () => (await readBookings(payments)).length;
  let before = 0;
  for (const [point, batch] of [
    ['locked', 2],
    ['written', 1],
    ['begun', 2],
    ['written', 2],
    ['locked', 1],
  ] as const) {
    const child = fork(CHILD, [payments.main.url, payments.own.url, point, String(batch)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child, 'message');
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    // The first batch of a process is committed where it reached its second one.
    const now = await booked();
    if (batch === 1) expect(now).toBe(before);
    else expect(now).toBeGreaterThan(before);
    before = now;
  }
  await consumeOrders(payments);
  const killed = await readBookings(payments);
  expect(killed).toHaveLength(24);
  for (const row of killed) expect(row).toMatchObject({ transactions: 1n });

  const calm = await openTestPayments(NO_PROVIDER);
  const again = { ...calm, main: payments.main };
  await consumeOrders({ ...again, deps: { ...calm.deps, stream: payments.deps.stream } });
  expect(await readBookings(calm)).toEqual(killed);
  expect(await createLedger(calm.deps).trialBalance()).toEqual(
    await createLedger(payments.deps).trialBalance(),
  );
});
