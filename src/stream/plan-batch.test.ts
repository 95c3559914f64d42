import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OrderEvent } from './extended-order.ts';
import { planBatch } from './plan-batch.ts';
import type { ReadEvent } from './read-events.ts';
import { buildOrder } from './testing.ts';

const snapshot = buildOrder();

/** A log in which the versions of an order stand in any order. */
function buildLog(keys: readonly { orderId: string; version: number }[]): ReadEvent[] {
  const place = (orderId: string, version: number) =>
    keys.findIndex((key) => key.orderId === orderId && key.version === version);
  return keys.map(({ orderId, version }, index) => ({
    xid: String(index + 1),
    position: BigInt(index),
    eventId: `${orderId}/${version}`,
    orderId,
    version,
    type: 'order.assigned',
    occurredAt: new Date(0),
    snapshot,
    early: version > 1 && place(orderId, version - 1) > index,
  }));
}

/** Reads the log batch by batch, as a consumer does. */
function readAll(log: readonly ReadEvent[], batchSize: number, skipped: ReadonlySet<string>) {
  const applied: OrderEvent[] = [];
  let waiting: OrderEvent[] = [];
  for (let start = 0; start < log.length; start += batchSize) {
    const batch = log.slice(start, start + batchSize);
    const orders = new Set(batch.map((event) => event.orderId));
    const plan = planBatch(batch, {
      parked: new Set(),
      skipped,
      waiting: waiting.filter((event) => orders.has(event.orderId)),
    });
    applied.push(...plan.apply);
    const released = new Set(plan.released.map((event) => event.eventId));
    waiting = [...waiting.filter((event) => !released.has(event.eventId)), ...plan.wait];
  }
  return { applied: applied.map((event) => event.eventId), waiting };
}

const keys = fc
  .array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 })
  .map((lengths) =>
    lengths.flatMap((length, order) =>
      Array.from({ length }, (_, index) => ({ orderId: `order-${order}`, version: index + 1 })),
    ),
  );

test('in whatever order versions stand in the log, each is applied once and after the one before', () => {
  fc.assert(
    fc.property(
      keys.chain((all) => fc.shuffledSubarray(all, { minLength: all.length })),
      fc.integer({ min: 1, max: 8 }),
      (shuffled, batchSize) => {
        const { applied, waiting } = readAll(buildLog(shuffled), batchSize, new Set());
        expect(waiting).toEqual([]);
        expect([...applied].sort()).toEqual(
          shuffled.map((key) => `${key.orderId}/${key.version}`).sort(),
        );
        for (const orderId of new Set(shuffled.map((key) => key.orderId))) {
          const versions = applied
            .filter((id) => id.startsWith(`${orderId}/`))
            .map((id) => Number(id.split('/')[1]));
          expect(versions).toEqual(versions.map((_, index) => index + 1));
        }
      },
    ),
  );
});

test('where nothing is out of order, the order of the log is kept across orders', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(4), { maxLength: 30 }),
      fc.integer({ min: 1, max: 8 }),
      (picks, batchSize) => {
        const versions = new Map<number, number>();
        const log = buildLog(
          picks.map((order) => {
            const version = (versions.get(order) ?? 0) + 1;
            versions.set(order, version);
            return { orderId: `order-${order}`, version };
          }),
        );
        const { applied } = readAll(log, batchSize, new Set());
        expect(applied).toEqual(log.map((event) => event.eventId));
      },
    ),
  );
});

test('events of a parked order wait, and a skipped event holds up nothing behind it', () => {
  const log = buildLog([
    { orderId: 'a', version: 1 },
    { orderId: 'b', version: 1 },
    { orderId: 'a', version: 2 },
    { orderId: 'b', version: 2 },
  ]);
  const plan = planBatch(log, {
    parked: new Set(['a']),
    waiting: [],
    skipped: new Set(['b/1']),
  });
  expect(plan.apply.map((event) => event.eventId)).toEqual(['b/2']);
  expect(plan.wait.map((event) => event.eventId)).toEqual(['a/1', 'a/2']);
});
