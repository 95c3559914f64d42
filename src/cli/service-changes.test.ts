import { describe, expect, test } from 'vitest';
import { serviceChanges } from './service-changes.ts';

describe('flags of "services set"', () => {
  test('say what changes, and nothing about what was not given', () => {
    expect(
      serviceChanges({ price: '89,5', supply: ['mop=1', 'all purpose cleaner = 2'] }, 'USD'),
    ).toEqual({
      priceMinor: 8950n,
      supplies: [
        { item: 'mop', quantity: 1 },
        { item: 'all purpose cleaner', quantity: 2 },
      ],
    });
  });

  test('clear with a hyphen', () => {
    expect(serviceChanges({ price: '-', skill: ['-'], notes: '-' }, 'USD')).toEqual({
      priceMinor: null,
      skills: [],
      notes: null,
    });
  });

  test.each(['mop', 'mop=', 'mop=-1', '=2', 'mop=one'])('refuse the supply "%s"', (supply) => {
    expect(() => serviceChanges({ supply: [supply] }, 'USD')).toThrow(/expected item=quantity/);
  });
});
