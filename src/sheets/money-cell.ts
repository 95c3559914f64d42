import { formatAmount, formatMinor, minorDigits } from '../platform/money.ts';
import type { Cell, CellKind } from './cell.ts';
import { bad, good } from './cell.ts';

export interface MoneyOptions {
  /** ISO 4217 code; amounts in other currencies are refused. */
  currency: string;
  /** Smallest accepted amount, in minor units; negative ones are accepted unless told. */
  minMinor?: bigint;
  /** Largest accepted amount, in minor units; a trillion major units unless told. */
  maxMinor?: bigint;
}

/**
 * An amount of money as bigint minor units. Takes numbers and text with point or comma, currency
 * and thousands signs (`1 234,50`, `$1,234.50`, `1.234,50 USD`). More digits than the currency has
 * are refused, never rounded; so is text that can be read in two ways (`1,234`).
 */
export function money({ currency, minMinor, maxMinor }: MoneyOptions): CellKind<bigint> {
  const digits = minorDigits(currency);
  const signs = currencySigns(currency);
  const unit = 10n ** BigInt(digits);
  const largest = maxMinor ?? 10n ** 12n * unit;
  const sample = formatAmount((123_450n * unit) / 100n, currency);
  const precision =
    digits === 0
      ? 'without digits after the point'
      : `with at most ${digits} digits after the point`;
  const expected = `an amount in ${currency} ${precision}, such as ${sample}`;

  function readText(cell: Cell) {
    const bare = withoutCurrency(cell.text, signs);
    if (bare === null) return bad(expected);
    const parts = splitAmount(bare, digits);
    if (parts === 'ambiguous') {
      return bad(`${expected} ("${cell.text}" can be read in two ways: leave out thousands signs)`);
    }
    if (parts === null || parts.fraction.length > digits || parts.whole.length > 15) {
      return bad(expected);
    }
    const minor = BigInt(parts.whole + parts.fraction.padEnd(digits, '0'));
    return good(parts.negative ? -minor : minor);
  }

  return {
    read(cell) {
      if (typeof cell.raw === 'boolean' || cell.raw instanceof Date) return bad(expected);
      const reading = typeof cell.raw === 'number' ? readNumber(cell) : readText(cell);
      if (!reading.ok) return reading;
      if (minMinor !== undefined && reading.value < minMinor) {
        return bad(`an amount of at least ${formatAmount(minMinor, currency)} ${currency}`);
      }
      if (reading.value > largest || reading.value < -largest) {
        return bad(`an amount of at most ${formatAmount(largest, currency)} ${currency}`);
      }
      return reading;
    },
    write: (value) => formatMinor(value, digits),
    same: (one, other) => one === other,
  };

  function readNumber(cell: Cell) {
    const match = /^(-?)(\d{1,15})(?:\.(\d+))?$/.exec(cell.text);
    const fraction = match?.[3] ?? '';
    if (!match || fraction.length > digits) return bad(expected);
    const minor = BigInt((match[2] ?? '') + fraction.padEnd(digits, '0'));
    return good(match[1] ? -minor : minor);
  }
}

/** Ways in which people name the currency, in small letters. */
function currencySigns(currency: string): Set<string> {
  const signs = new Set([currency.toLowerCase()]);
  for (const currencyDisplay of ['symbol', 'narrowSymbol'] as const) {
    const parts = new Intl.NumberFormat('en', {
      style: 'currency',
      currency,
      currencyDisplay,
    }).formatToParts(0);
    const sign = parts.find((part) => part.type === 'currency')?.value;
    if (sign) signs.add(sign.toLowerCase());
  }
  if (currency === 'RUB') for (const sign of ['руб', 'руб.', 'р', 'р.']) signs.add(sign);
  return signs;
}

/** Digits and their signs alone; null when another currency, or other words, stand beside them. */
function withoutCurrency(text: string, signs: ReadonlySet<string>): string | null {
  const match = /^([+-]?)\s*([^\d\s+-]*)\s*([+-]?\d[\d\s.,'’]*?)\s*([^\d\s]*)$/u.exec(text);
  if (!match) return null;
  const [, sign = '', before = '', amount = '', after = ''] = match;
  if (before !== '' && after !== '') return null;
  const currency = before + after;
  if (currency !== '' && !signs.has(currency.toLowerCase())) return null;
  return sign !== '' && /^[+-]/.test(amount) ? null : sign + amount;
}

interface AmountParts {
  negative: boolean;
  whole: string;
  /** Without zeros at its end. */
  fraction: string;
}

/**
 * Tells the decimal sign from thousands signs: with both kinds present the last one is decimal;
 * one that occurs several times is for thousands; a single one followed by exactly three digits
 * could be either, unless the currency has three digits after the point.
 */
function splitAmount(text: string, digits: number): AmountParts | 'ambiguous' | null {
  const negative = text.startsWith('-');
  const amount = text.replace(/^[+-]/, '');
  const match = /^(\d+|\d{1,3}(?:([\s'’.,])\d{3}(?:\2\d{3})*))(?:([.,])(\d*))?$/u.exec(amount);
  if (!match) return null;
  const [, whole = '', thousands, decimal, fraction = ''] = match;
  if (thousands !== undefined && thousands === decimal) return null;
  const single = /^\d{1,3}[.,]\d{3}$/.test(amount);
  if (single && digits < 3) {
    return whole.startsWith('0') ? null : 'ambiguous';
  }
  if (single) return { negative, ...splitOnce(amount) };
  return {
    negative,
    whole: whole.replace(/\D/g, ''),
    fraction: fraction.replace(/0+$/, ''),
  };
}

function splitOnce(amount: string): { whole: string; fraction: string } {
  const [whole = '', fraction = ''] = amount.split(/[.,]/);
  return { whole, fraction: fraction.replace(/0+$/, '') };
}
