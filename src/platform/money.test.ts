import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatAmount,
  formatMinor,
  formatMoney,
  fromJson,
  minorDigits,
  money,
  parseAmount,
  toJson,
} from './money.ts';

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const amounts = fc.bigInt({ min: -MAX_SAFE, max: MAX_SAFE });
/** Up to 15 digits, whatever the currency. */
const written = fc.bigInt({ min: 1n - 10n ** 15n, max: 10n ** 15n - 1n });
const currencies = fc.constantFrom('USD', 'EUR', 'HUF', 'JPY', 'KWD', 'CLF');

describe('digits after the point', () => {
  test.each([
    ['USD', 2],
    ['JPY', 0],
    ['ISK', 0],
    ['KWD', 3],
    ['TND', 3],
    ['CLF', 4],
    // In print they have none; ISO 4217 and payment providers count in hundredths.
    ['HUF', 2],
    ['IDR', 2],
    ['ALL', 2],
  ])('%s has %i', (currency, digits) => {
    expect(minorDigits(currency)).toBe(digits);
  });
});

describe('text', () => {
  test.each([
    [0n, 'USD', '0.00 USD'],
    [5n, 'USD', '0.05 USD'],
    [-5n, 'USD', '-0.05 USD'],
    [123_450n, 'USD', '1234.50 USD'],
    [123_450n, 'JPY', '123450 JPY'],
    [123_450n, 'KWD', '123.450 KWD'],
    [-1n, 'KWD', '-0.001 KWD'],
    [10n ** 30n, 'USD', `1${'0'.repeat(28)}.00 USD`],
  ])('%s minor units of %s are written %s', (minor, currency, text) => {
    expect(formatMoney(money(minor, currency))).toBe(text);
  });

  test('what was written is read as the same amount', () => {
    fc.assert(
      fc.property(written, currencies, (minor, currency) => {
        const text = formatAmount(minor, currency);
        expect(parseAmount(text, currency)).toBe(minor);
        expect(parseAmount(text.replace('.', ','), currency)).toBe(minor);
        expect(formatMinor(minor, minorDigits(currency))).toBe(text);
      }),
    );
  });

  test('digits may be left out, never be too many', () => {
    expect(parseAmount('89', 'USD')).toBe(8_900n);
    expect(parseAmount(' 75.5 ', 'USD')).toBe(7_550n);
    expect(parseAmount('1,5', 'KWD')).toBe(1_500n);
    expect(parseAmount('-0.5', 'USD')).toBe(-50n);
    for (const [text, currency] of [
      ['1.005', 'USD'],
      ['1.5', 'JPY'],
      ['1.2345', 'KWD'],
      // A thousand, or one: whoever writes this means the other.
      ['1,000', 'USD'],
      ['1.000', 'JPY'],
    ] as const) {
      expect(() => parseAmount(text, currency), text).toThrow(
        expect.objectContaining({ kind: 'invalid', code: 'invalid_amount' }),
      );
    }
  });

  test.each([
    '',
    ' ',
    '-',
    '.',
    '1.',
    '.5',
    '1.2.3',
    '1 000',
    '1e3',
    '0x10',
    '٣',
    '+5',
    '--5',
    'NaN',
  ])('%j is no amount', (text) => {
    expect(() => parseAmount(text, 'USD')).toThrow(`"${text}" is not an amount in USD`);
  });

  test('no number of digits can overflow', () => {
    expect(parseAmount('999999999999999.99', 'USD')).toBe(99_999_999_999_999_999n);
    expect(() => parseAmount('9'.repeat(16), 'USD')).toThrow('not an amount');
  });
});

describe('JSON', () => {
  test('survives the way through text', () => {
    fc.assert(
      fc.property(amounts, currencies, (minor, currency) => {
        const value = money(minor, currency);
        expect(fromJson(JSON.parse(JSON.stringify(toJson(value))))).toEqual(value);
      }),
    );
  });

  test('an amount that a JSON number cannot hold exactly is refused', () => {
    expect(toJson(money(MAX_SAFE, 'USD')).amount).toBe(Number.MAX_SAFE_INTEGER);
    for (const minor of [MAX_SAFE + 1n, -MAX_SAFE - 1n, 2n ** 63n]) {
      expect(() => toJson(money(minor, 'USD'))).toThrow(RangeError);
    }
    expect(() => fromJson({ amount: 0.5, currency: 'USD' })).toThrow(RangeError);
  });
});
