import { describe, expect, test } from 'vitest';
import type { ExtendedOrder, OrderEvent } from '../stream/index.ts';
import { applyEvents, renderFrame, type WatchState } from './order-watch.ts';
import { displayWidth } from './text-width.ts';

const START = new Date('2026-11-24T10:00:00Z').getTime();
const empty: WatchState = { orders: [], seen: new Map() };

function event(number: number, status: ExtendedOrder['status'], seconds: number): OrderEvent {
  const id = `019ab0c2-7c1e-7d2a-9a55-00000000000${number}`;
  return {
    xid: '1',
    position: BigInt(seconds),
    eventId: id,
    orderId: id,
    version: 1,
    type: `order.${status}` as OrderEvent['type'],
    occurredAt: new Date(START + seconds * 1_000),
    snapshot: {
      id,
      status,
      scheduledAt: '2026-11-25T09:00:00Z',
      service: { code: 'CLEAN-STD' },
      customer: { id: 'c1' },
      worker: { id: 'w1' },
      city: 'Berlin',
    } as ExtendedOrder,
  };
}

describe('the live view of orders', () => {
  test('shows the last changed first, and as many as fit', () => {
    const events = [
      event(1, 'assigned', 1),
      event(2, 'assigned', 2),
      event(3, 'assigned', 3),
      event(1, 'supplied', 4),
    ];
    const state = applyEvents(empty, events, {}, 2);
    expect(state.orders.map((order) => [order.id.at(-1), order.status])).toEqual([
      ['1', 'supplied'],
      ['3', 'assigned'],
    ]);
  });

  test('an order leaves the view when it no longer fits the filter, and is counted', () => {
    const filter = { status: ['assigned'] };
    const before = applyEvents(empty, [event(1, 'assigned', 1)], filter, 10);
    const after = applyEvents(before, [event(1, 'cancelled', 2)], filter, 10);
    expect(after.orders).toEqual([]);
    expect([...after.seen]).toEqual([
      ['order.assigned', 1],
      ['order.cancelled', 1],
    ]);
    const other = applyEvents(after, [event(2, 'cancelled', 3)], filter, 10);
    expect(other.seen).toEqual(after.seen);
  });

  test('no line is wider than the terminal, and ids stay whole', () => {
    const state = applyEvents(empty, [event(1, 'assigned', 1)], { city: 'berlin' }, 10);
    const names = new Map([['w1', 'A worker with a very long name indeed']]);
    const now = new Date(START);
    const lines = renderFrame(state, { width: 60, timeZone: 'UTC', now, names });
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(60);
    expect(lines.at(-1)).toContain('019ab0c2-7c1e-7d2a-9a55-000000000001');
  });
});
