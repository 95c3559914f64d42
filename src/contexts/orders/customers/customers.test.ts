import { expect, test } from 'vitest';
import { erasePersonal, readPersonal } from '../../../stream/index.ts';
import { openTestOrders, type TestOrders } from '../testing.ts';

const anna = { subject: 'sso|anna', name: 'Anna', email: 'anna@example.org' };

async function personOf(t: TestOrders, id: string) {
  return (await readPersonal(t.db, [id])).get(id);
}

test('the first request makes the customer, and says beside the stream whose token it was', async () => {
  const t = await openTestOrders();
  const id = await t.customers.identify(anna);
  expect(await personOf(t, id)).toEqual({ kind: 'customer', data: anna });
  const nameless = await t.customers.identify({ subject: 'sso|2' });
  expect(await personOf(t, nameless)).toEqual({
    kind: 'customer',
    data: { subject: 'sso|2', name: 'sso|2', email: null },
  });
});

test('a new name or mail in the token leaves the subject where it is', async () => {
  const t = await openTestOrders();
  const id = await t.customers.identify(anna);
  expect(await t.customers.identify({ subject: anna.subject, name: 'Anna B.' })).toBe(id);
  expect(await personOf(t, id)).toEqual({ kind: 'customer', data: { ...anna, name: 'Anna B.' } });
});

test('who was erased stays so at the next request: nothing leads from the token to them', async () => {
  const t = await openTestOrders();
  const id = await t.customers.identify(anna);
  await t.db.transaction().execute((tx) => erasePersonal(tx, id, t.clock.now()));
  expect(await t.customers.identify({ ...anna, name: 'Anna again' })).toBe(id);
  expect(await personOf(t, id)).toEqual({ kind: 'customer', data: null });
  const rows = await t.db.selectFrom('stream.personal').select('data').execute();
  expect(rows).toEqual([{ data: {} }]);
});

test('no event of an order tells the subjects of its people', async () => {
  const t = await openTestOrders();
  await t.addWorker({ subject: 'sso|wanda' });
  const customer = { kind: 'customer', id: await t.customers.identify(anna) } as const;
  const { view } = await t.place(customer, t.hour(3));
  await t.orders.cancel(customer, view.order.id);
  const events = await t.db.selectFrom('stream.order_events').selectAll().execute();
  expect(events).toHaveLength(2);
  const text = JSON.stringify(events, (_, value) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  expect(text).toContain(customer.id);
  expect(text).not.toContain('sso|');
});
