import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isLegalWay,
  legalSteps,
  nextStatus,
  ORDER_STATUSES,
  type OrderStatus,
  type OrderStep,
} from './order.ts';

const steps: OrderStep[] = ['issue', 'check-in', 'complete', 'cancel', 'fail'];

describe('the life of an order (R-04)', () => {
  it('goes from assigned over supplied and started to completed', () => {
    expect(nextStatus('assigned', 'issue')).toBe('supplied');
    expect(nextStatus('supplied', 'check-in')).toBe('started');
    expect(nextStatus('started', 'complete')).toBe('completed');
  });

  it('allows no check-in before the supplies are issued (R-07)', () => {
    expect(nextStatus('assigned', 'check-in')).toBeUndefined();
  });

  it.each(['completed', 'cancelled', 'failed'] as const)('ends for good with %s', (status) => {
    expect(legalSteps(status)).toEqual([]);
  });

  it('can be cancelled or fail from every state before completed', () => {
    for (const status of ['assigned', 'supplied', 'started'] as const) {
      expect(legalSteps(status)).toEqual(expect.arrayContaining(['cancel', 'fail']));
    }
  });

  it('recognises every way that legal steps lead, and no way with a jump in it', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...steps), { maxLength: 8 }), (tried) => {
        const way: OrderStatus[] = ['assigned'];
        for (const step of tried) {
          const next = nextStatus(way.at(-1) ?? 'assigned', step);
          if (next) way.push(next);
        }
        expect(isLegalWay(way)).toBe(true);
        expect(isLegalWay(way.slice(1)) && way.length > 1).toBe(false);
      }),
    );
  });

  it('takes any other series of states for illegal', () => {
    const edges = new Set(
      ORDER_STATUSES.flatMap((from) =>
        legalSteps(from).map((step) => `${from} ${nextStatus(from, step)}`),
      ),
    );
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...ORDER_STATUSES), { minLength: 2, maxLength: 6 }),
        (way) => {
          const pairs = way.slice(1).map((status, index) => [way[index], status] as const);
          const legal =
            way[0] === 'assigned' &&
            pairs.every(([from, to]) =>
              from === to ? from === 'completed' : edges.has(`${from} ${to}`),
            );
          expect(isLegalWay(way)).toBe(legal);
        },
      ),
    );
  });
});
