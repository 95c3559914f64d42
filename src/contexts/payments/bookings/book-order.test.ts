import fc from 'fast-check';
import { expect, test } from 'vitest';
import { paymentsRulesSchema } from '../rules.ts';
import {
  bookingRules,
  bookOrder,
  discountPercent,
  orderPostings,
  percentOf,
  rulesVersion,
} from './book-order.ts';

const RULES = bookingRules(paymentsRulesSchema.parse({}), 'USD', 'UTC');
const OUTCOMES = ['completed', 'cancelled', 'failed'] as const;
const price = fc.bigInt({ min: 0n, max: 10n ** 12n });
const paid = fc.bigInt({ min: 0n, max: 20_000_000n });

test.each([
  [10_000, 0, 5],
  [20_000, 5, 6],
  [30_000, 6, 7],
  [40_000, 7, 8],
  [50_000, 8, 9],
  [60_000, 9, 10],
  [70_000, 10, 11],
  [80_000, 11, 12],
  [90_000, 12, 12],
])(
  'R-21: with %i units paid it is still %i %%, one cent more makes it %i %%',
  (units, at, over) => {
    const border = BigInt(units) * 100n;
    expect(discountPercent(RULES, border - 1n)).toBe(at);
    expect(discountPercent(RULES, border)).toBe(at);
    expect(discountPercent(RULES, border + 1n)).toBe(over);
  },
);

test('tiers are of major units, however many digits the currency has', () => {
  const yen = { ...RULES, currency: 'JPY' };
  expect([10_000n, 10_001n].map((minor) => discountPercent(yen, minor))).toEqual([0, 5]);
  const dinar = { ...RULES, currency: 'KWD' };
  expect([10_000_000n, 10_000_001n].map((minor) => discountPercent(dinar, minor))).toEqual([0, 5]);
});

test('at every border of any tiers the discount is the one of the last tier passed', () => {
  const tiers = fc
    .uniqueArray(fc.record({ overUnits: fc.nat(100_000), percent: fc.nat(100) }), {
      selector: (tier) => tier.overUnits,
      maxLength: 10,
    })
    .map((list) => list.sort((one, other) => one.overUnits - other.overUnits));
  fc.assert(
    fc.property(tiers, (discounts) => {
      const rules = { ...RULES, discounts };
      for (const [index, tier] of discounts.entries()) {
        const border = BigInt(tier.overUnits) * 100n;
        const before = discounts[index - 1]?.percent ?? 0;
        expect(discountPercent(rules, border)).toBe(before);
        expect(discountPercent(rules, border + 1n)).toBe(tier.percent);
      }
    }),
  );
});

test.each([
  [10n, 5, 1n],
  [9n, 5, 0n],
  [29n, 5, 1n],
  [30n, 5, 2n],
  [-10n, 5, -1n],
  [-9n, 5, 0n],
  [1n, 50, 1n],
  [-1n, 50, -1n],
])('%i at %i %% is %i: half a cent goes away from zero', (amount, percent, expected) => {
  expect(percentOf(amount, percent)).toBe(expected);
});

test('a percentage is never off by more than half a minor unit, and mirrors below zero', () => {
  fc.assert(
    fc.property(price, fc.nat(100), (amount, percent) => {
      const rest = percentOf(amount, percent) * 100n - amount * BigInt(percent);
      expect(rest > -50n && rest <= 50n).toBe(true);
      expect(percentOf(-amount, percent)).toBe(-percentOf(amount, percent));
    }),
  );
});

test('every order balances, and the customer pays the same whatever the outcome (R-20)', () => {
  fc.assert(
    fc.property(price, paid, fc.constantFrom(...OUTCOMES), (priceMinor, before, outcome) => {
      const amounts = bookOrder(RULES, { priceMinor, outcome }, before);
      const sum = orderPostings('c', 'w', amounts).reduce((all, one) => all + one.amountMinor, 0n);
      expect(sum).toBe(0n);
      expect(amounts.netMinor + amounts.discountMinor).toBe(priceMinor);
      expect(amounts.netMinor >= 0n && amounts.discountMinor >= 0n).toBe(true);
      const completed = bookOrder(RULES, { priceMinor, outcome: 'completed' }, before);
      expect(amounts.netMinor).toBe(completed.netMinor);
    }),
  );
});

test('R-23: 60 % of the price before discount, nothing when cancelled, 40 units off when failed', () => {
  const of = (outcome: (typeof OUTCOMES)[number]) => {
    const { payMinor, penaltyMinor } = bookOrder(
      RULES,
      { priceMinor: 10_001n, outcome },
      10n ** 9n,
    );
    return { payMinor, penaltyMinor };
  };
  expect(of('completed')).toEqual({ payMinor: 6_001n, penaltyMinor: 0n });
  expect(of('cancelled')).toEqual({ payMinor: 0n, penaltyMinor: 0n });
  expect(of('failed')).toEqual({ payMinor: 0n, penaltyMinor: 4_000n });
});

test('the version of the rules follows their content and nothing else', () => {
  const shuffled = {
    timeZone: 'UTC',
    currency: 'USD',
    failurePenaltyUnits: 40,
    workerSharePercent: 60,
    discounts: RULES.discounts.map(({ overUnits, percent }) => ({ percent, overUnits })),
  };
  expect(rulesVersion(shuffled)).toBe(rulesVersion(RULES));
  expect(rulesVersion(RULES)).toMatch(/^[0-9a-f]{12}$/);
  const others = [
    { ...RULES, discounts: RULES.discounts.slice(1) },
    { ...RULES, workerSharePercent: 61 },
    { ...RULES, failurePenaltyUnits: 41 },
    { ...RULES, currency: 'EUR' },
    { ...RULES, timeZone: 'Europe/Riga' },
  ];
  expect(new Set([RULES, ...others].map(rulesVersion)).size).toBe(6);
});
