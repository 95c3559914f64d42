import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCharges } from '../charges/create-charges.ts';
import {
  type ChargesTest,
  openChargesTest,
  readBalances,
  readInvoice,
  seedInvoice,
} from '../charges/testing.ts';
import { createRefunds } from '../refunds/create-refunds.ts';
import { createProviderDesk } from './create-provider-desk.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const body = (id: string) => Buffer.from(id);

/** Paid, partly refunded by us and by hand, disputed and won, refunded and failed. */
async function liveThrough(t: ChargesTest) {
  const { invoiceId, number, customerRef } = await seedInvoice(t, { method: null });
  const charges = createCharges(t.deps);
  await charges.chargeDue();
  t.world.giveMethod(customerRef, 'slow-1');
  return {
    invoiceId,
    /** What happens outside, bit by bit; ours in between. */
    play: async () => {
      await charges.retry(number);
      await charges.chargeDue();
      const [chargeRef = ''] = t.world.charges.keys();
      t.world.settle(chargeRef, 'good');
      t.world.addRefund(chargeRef, 1_000n, null);
      const failing = t.world.addRefund(chargeRef, 500n, null);
      const dispute = { ref: 'dp_1', chargeRef, reason: 'fraudulent', amountMinor: 2_000n };
      t.world.setDispute({ ...dispute, state: 'open' });
      t.world.setDispute({ ...dispute, ref: 'dp_2', state: 'open' });
      t.world.setDispute({ ...dispute, state: 'lost' });
      t.world.setDispute({ ...dispute, ref: 'dp_2', state: 'won' });
      t.world.settleRefund(failing.ref, 'failed');
      return t.world.events.map((event) => event.id);
    },
  };
}

const END = {
  'customer-receivable': -12_000,
  'provider-clearing': 9_000,
  disputes: 2_000,
  refunds: 1_000,
};

test('a webhook is stored once, before it is acknowledged, and what it is about looked at', async () => {
  const t = await openChargesTest();
  const { invoiceId, play } = await liveThrough(t);
  const ids = await play();
  const receiver = createProviderDesk(t.asApi);
  expect(await receiver.receiveWebhook(body(ids[0] ?? ''), 'good')).toEqual({ duplicate: false });
  expect(await receiver.receiveWebhook(body(ids[0] ?? ''), 'good')).toEqual({ duplicate: true });
  for (const id of ids.slice(1)) await receiver.receiveWebhook(body(id), 'good');
  const desk = createProviderDesk(t.deps);
  expect(await desk.processEvents()).toEqual({ done: ids.length, failed: 0 });
  expect(await desk.processEvents()).toEqual({ done: 0, failed: 0 });
  expect(await readInvoice(t, invoiceId)).toMatchObject({ status: 'paid' });
  expect(await readBalances(t)).toEqual(END);
});

test('forged and broken webhooks are refused and leave nothing', async () => {
  const t = await openChargesTest();
  t.world.giveMethod('cus_1', 'good-1');
  const [event] = t.world.events;
  const desk = createProviderDesk(t.asApi);
  for (const signature of [undefined, 'forged']) {
    await expect(desk.receiveWebhook(body(event?.id ?? ''), signature)).rejects.toMatchObject({
      kind: 'forbidden',
      code: 'webhook_refused',
    });
  }
  await expect(desk.receiveWebhook(body('{'), 'good')).rejects.toMatchObject({
    code: 'invalid_input',
  });
  expect(await t.own.db.selectFrom('payments.provider_events').selectAll().execute()).toEqual([]);
});

test('shuffled, doubled, dropped and late webhooks and total silence end in the same state', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.infiniteStream(fc.integer({ min: 0, max: 999 })),
      fc.constantFrom(0, 0.3, 1),
      async (random, dropped) => {
        const t = await openChargesTest();
        const { invoiceId, play } = await liveThrough(t);
        const ids = await play();
        const next = () => (random.next().value ?? 0) / 1_000;
        const told = [...ids, ...ids]
          .filter(() => next() >= dropped)
          .map((id) => ({ id, place: next(), late: next() < 0.3 }))
          .sort((one, other) => one.place - other.place);
        const desk = createProviderDesk(t.deps);
        for (const { id, late } of told) {
          if (late) t.clock.advance(DAY_MS / 4);
          await desk.receiveWebhook(body(id), 'good');
          if (next() < 0.5) await desk.processEvents();
        }
        // Whatever was dropped is found by asking; the state before that must not matter.
        await desk.pollEvents();
        expect(await desk.processEvents()).toMatchObject({ failed: 0 });
        await createCharges(t.deps).chargeDue();
        await createRefunds(t.deps).refundDue();
        expect(await readInvoice(t, invoiceId)).toMatchObject({ status: 'paid' });
        expect(await readBalances(t)).toEqual(END);
        expect(t.world.charges.size).toBe(1);
      },
    ),
    { numRuns: 6 },
  );
});

test('in total silence a charge is settled by asking after it', async () => {
  const t = await openChargesTest();
  const { invoiceId } = await seedInvoice(t, { method: 'slow-1' });
  const charges = createCharges(t.deps);
  await charges.chargeDue();
  t.world.settle([...t.world.charges.keys()][0] ?? '', 'good');
  t.clock.advance(2 * 60 * MINUTE_MS);
  await charges.chargeDue();
  expect(await readInvoice(t, invoiceId)).toMatchObject({ status: 'paid' });
});

test('a poll goes on where the last one was, with an hour of overlap', async () => {
  const t = await openChargesTest();
  const desk = createProviderDesk(t.deps);
  t.world.giveMethod('cus_1', 'good-1');
  expect(await desk.pollEvents()).toEqual({ found: 1 });
  t.clock.advance(30 * MINUTE_MS);
  t.world.giveMethod('cus_1', 'good-2');
  expect(await desk.pollEvents()).toEqual({ found: 1 });
  t.clock.advance(DAY_MS);
  expect(await desk.pollEvents()).toEqual({ found: 0 });
});

test('an object that cannot be looked at blocks no other, and is tried again ever more seldom', async () => {
  const t = await openChargesTest();
  const looked: string[] = [];
  let broken = true;
  const desk = createProviderDesk(t.deps, {
    method: async (_, ref) => {
      looked.push(ref);
      if (broken && ref === 'poison') throw new Error('No way.');
    },
  });
  for (const ref of ['poison', 'good', 'poison', 'other']) t.world.giveMethod(ref, 'good-1');
  for (const { id } of t.world.events) await desk.receiveWebhook(body(id), 'good');
  expect(await desk.processEvents()).toEqual({ done: 2, failed: 2 });
  expect(looked.toSorted()).toEqual(['good', 'other', 'poison']);
  expect(await desk.processEvents()).toEqual({ done: 0, failed: 0 });
  for (let hour = 0; hour < 4 * 24; hour += 1) {
    t.clock.advance(60 * MINUTE_MS);
    await desk.processEvents();
  }
  const rows = await t.own.db
    .selectFrom('payments.provider_events')
    .select(['object_ref', 'status', 'error'])
    .where('status', '<>', 'done')
    .execute();
  const poison = { object_ref: 'poison', status: 'failed', error: 'No way.' };
  expect(rows).toEqual([poison, poison]);
  expect(looked.length).toBeLessThan(100);

  broken = false;
  t.world.giveMethod('poison', 'good-2');
  await desk.pollEvents();
  expect(await desk.processEvents()).toEqual({ done: 1, failed: 0 });
});

test('events that nobody needs are done at once; ten at once follow each object once', async () => {
  const t = await openChargesTest();
  t.world.events.push({
    id: 'evt_other',
    type: 'payout.paid',
    about: 'other',
    objectRef: 'po_1',
    createdAt: t.clock.now(),
    payload: { text: 'a \u0000 and half \ud800' },
  });
  for (let count = 0; count < 30; count += 1) t.world.giveMethod(`cus_${count}`, 'good-1');
  const looked: string[] = [];
  const desk = createProviderDesk(t.deps, {
    method: async (_, ref) => void looked.push(ref),
  });
  expect(await desk.pollEvents()).toEqual({ found: 31 });
  const reports = await Promise.all(Array.from({ length: 10 }, () => desk.processEvents()));
  expect(reports.reduce((sum, report) => sum + report.done, 0)).toBe(30);
  expect(looked).toHaveLength(30);
});

test('payloads are emptied after thirty days', async () => {
  const t = await openChargesTest();
  const desk = createProviderDesk(t.deps);
  t.world.giveMethod('cus_1', 'good-1');
  await desk.pollEvents();
  t.clock.advance(30 * DAY_MS);
  expect(await desk.purge(t.clock.now())).toEqual({ payloads: 0 });
  t.clock.advance(1);
  expect(await desk.purge(t.clock.now())).toEqual({ payloads: 1 });
  expect(await desk.purge(t.clock.now())).toEqual({ payloads: 0 });
});
