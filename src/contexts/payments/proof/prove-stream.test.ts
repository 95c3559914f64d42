import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { BOOK_ORDERS } from '../bookings/book-orders-consumer.ts';
import { consumeOrders, writeEndedOrders } from '../bookings/testing.ts';
import type { ProofReport } from '../payments.ts';
import { createProof } from './create-proof.ts';
import { openProofTest } from './testing.ts';

const PAGE = { limit: 2 };

function check(report: ProofReport, name: string) {
  const found = report.checks.find((one) => one.name === name);
  if (!found) throw new Error(`The proof has no check ${name}.`);
  return found;
}

test('a proof goes on from the last green one, and a full one begins anew', async () => {
  const week = await openProofTest();
  await week.endOrders([{ priceMinor: 100 }, { priceMinor: 200 }]);
  expect(check(await week.proof.prove(), 'orders-booked')).toMatchObject({ checked: 2 });
  await week.endOrders([{ priceMinor: 300 }]);
  expect(check(await week.proof.prove(), 'orders-booked')).toMatchObject({ checked: 1 });
  expect(check(await week.proof.prove({ full: true }), 'orders-booked')).toMatchObject({
    checked: 3,
  });
});

test('what is found stays red until it is mended: a red proof is no place to go on from', async () => {
  const week = await openProofTest();
  const [order] = await week.endOrders([{ priceMinor: 100 }]);
  const restore = await week.saveBooks();
  await week.tamper(sql`delete from payments.order_bookings`);
  expect((await week.proof.prove()).green).toBe(false);
  await week.endOrders([{ priceMinor: 200 }]);
  const again = check(await week.proof.prove(), 'orders-booked');
  expect(again.violations).toEqual([
    expect.stringContaining(`Order ${order?.orderId} ended at 2026-11-23T08:00:00.000Z`),
  ]);
  await restore();
});

test('orders that are not read yet are no fault, whatever they are', async () => {
  const week = await openProofTest();
  await writeEndedOrders({ deps: week.deps, main: week.main }, [{ priceMinor: 100 }]);
  const report = await week.proof.prove();
  expect(report.green).toBe(true);
  expect(check(report, 'orders-booked').checked).toBe(0);
});

test('a parked order is named, and compared once it is booked', async () => {
  const week = await openProofTest();
  const orderId = randomUUID();
  // The books are kept in another currency: such an order cannot be booked.
  await week.endOrders([{ priceMinor: 100 }, { orderId, currency: 'EUR' }, { priceMinor: 300 }]);
  const parked = await week.proof.prove();
  expect(parked.green).toBe(true);
  expect(check(parked, 'orders-left-out').violations).toEqual([
    expect.stringMatching(new RegExp(`Order ${orderId} is parked and not booked yet: .*EUR`)),
  ]);
  const test = { deps: week.deps, main: week.main };
  // Somebody lets it go without booking it.
  await week.tamper(
    sql`delete from stream_consumers.parked_orders`,
    sql`delete from stream_consumers.parked_events`,
  );
  await consumeOrders(test);
  const lost = await week.proof.prove();
  expect(check(lost, 'orders-booked').violations).toEqual([
    expect.stringMatching(new RegExp(`Order ${orderId} ended at .*, but is not booked`)),
  ]);
});

test('a skipped order is named with its reason, and no fault', async () => {
  const week = await openProofTest();
  const orderId = randomUUID();
  await week.endOrders([{ orderId, currency: 'EUR' }]);
  await week.tamper(
    sql`insert into stream_consumers.skipped_events
        (consumer, event_id, order_id, reason, skipped_by, skipped_at)
      select ${BOOK_ORDERS}, event_id, order_id, 'of a test shop', 'alice', now()
      from stream_consumers.parked_events`,
    sql`delete from stream_consumers.parked_orders`,
    sql`delete from stream_consumers.parked_events`,
  );
  const report = await week.proof.prove();
  expect(report.green).toBe(true);
  expect(check(report, 'orders-left-out').violations).toEqual([
    `Order ${orderId} was skipped and is not booked: of a test shop`,
  ]);
});

test('a red proof is told to finance, once, and all are kept', async () => {
  const week = await openProofTest();
  await week.endOrders([{ priceMinor: 100 }]);
  const green = await week.proof.prove();
  week.clock.advance(1_000);
  await week.tamper(sql`update payments.customer_totals set net_minor = 1`);
  const red = await createProof(week.finance).prove();
  expect(await week.proof.last('prove')).toEqual(red);
  expect(await week.proof.last('reconcile')).toBeNull();
  const { data, nextCursor } = await week.proof.list('prove', { limit: 1 });
  expect(data).toEqual([red]);
  const rest = await week.proof.list(undefined, { ...PAGE, cursor: nextCursor ?? undefined });
  expect(rest.data).toEqual([green]);
  const mails = await week.own.db
    .selectFrom('mail.messages')
    .select(['event_key', 'recipient_kind'])
    .where('template', '=', 'proof-red')
    .execute();
  expect(mails).toEqual([{ event_key: `proof-red:${red.id}`, recipient_kind: 'finance' }]);
});
