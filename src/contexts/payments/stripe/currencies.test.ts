import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chargeStep, fromStripeAmount, leastCharge, toStripeAmount } from './currencies.ts';

test.each([
  // ours, currency, Stripe's
  [10_00n, 'USD', 1000],
  [500n, 'JPY', 500],
  [5n, 'ISK', 500],
  [5n, 'UGX', 500],
  [5120n, 'KWD', 5120],
  [300n, 'MGA', 3],
  [12_345n, 'HUF', 12_345],
  [80_045n, 'TWD', 80_045],
  [-1000n, 'ISK', -100_000],
])('%s minor units of %s are %s in the API', (ours, currency, theirs) => {
  expect(toStripeAmount(ours, currency)).toBe(theirs);
  expect(fromStripeAmount(theirs, currency.toLowerCase())).toBe(ours);
});

test.each([
  [5124n, 'KWD', 10n],
  [350n, 'MGA', 100n],
])('%s of %s cannot be charged: the step is %s', (ours, currency, step) => {
  expect(chargeStep(currency)).toBe(step);
  expect(() => toStripeAmount(ours, currency)).toThrow(RangeError);
});

test('what Stripe tells below our least unit is not rounded away', () => {
  expect(() => fromStripeAmount(550, 'isk')).toThrow(RangeError);
});

test('currencies that Stripe does not know are refused', () => {
  expect(() => toStripeAmount(10_000n, 'CLF')).toThrow('CLF');
});

test.each([
  ['USD', 50n],
  ['GBP', 30n],
  ['JPY', 50n],
  ['HUF', 17_500n],
  ['SEK', 300n],
  ['KWD', 10n],
  ['MGA', 100n],
  ['XAF', 1n],
])('the least charge in %s is %s', (currency, least) => {
  expect(leastCharge(currency)).toBe(least);
});

test('multiples of the step go to Stripe and come back unchanged', () => {
  const currency = fc.constantFrom('USD', 'EUR', 'JPY', 'ISK', 'UGX', 'KWD', 'BHD', 'MGA', 'HUF');
  fc.assert(
    fc.property(currency, fc.bigInt({ min: 0n, max: 9_999_999n }), (code, steps) => {
      const ours = steps * chargeStep(code);
      expect(fromStripeAmount(toStripeAmount(ours, code), code.toLowerCase())).toBe(ours);
    }),
  );
});
