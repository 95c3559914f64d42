import fc from 'fast-check';
import { expect, test } from 'vitest';
import { percentOf } from '../../bookings/book-order.ts';
import { amountText, percentText } from './words.ts';

test('amounts have their thousands apart', () => {
  expect(amountText(1_012_000n, 'USD')).toBe('10,120.00');
  expect(amountText(-123_456_789n, 'USD')).toBe('-1,234,567.89');
  expect(amountText(999n, 'USD')).toBe('9.99');
  expect(amountText(12_345_678n, 'JPY')).toBe('12,345,678');
  expect(amountText(1_234_567n, 'KWD')).toBe('1,234.567');
});

test('a percentage says what was rounded', () => {
  expect(percentText(8_900n, 5, 445n, 'USD')).toBe('89.00 × 5 % = 4.45');
  expect(percentText(8_905n, 5, 445n, 'USD')).toBe('89.05 × 5 % = 4.4525, rounded to 4.45');
  expect(percentText(1n, 5, 0n, 'USD')).toBe('0.01 × 5 % = 0.0005, rounded to 0.00');
  expect(percentText(101n, 50, 51n, 'JPY')).toBe('101 × 50 % = 50.5, rounded to 51');
});

test('the exact product in words is what was rounded', () => {
  const amounts = fc.bigInt({ min: 0n, max: 10n ** 12n });
  fc.assert(
    fc.property(amounts, fc.integer({ min: 0, max: 100 }), (amount, percent) => {
      const result = percentOf(amount, percent);
      const [, exact = ''] = /= ([\d.]+), rounded/.exec(
        percentText(amount, percent, result, 'USD'),
      ) ?? ['', ''];
      if (exact === '') return amount * BigInt(percent) === result * 100n;
      const [whole = '', fraction = ''] = exact.split('.');
      return BigInt(whole + fraction.padEnd(4, '0')) === amount * BigInt(percent);
    }),
  );
});
