import type { CellKind, Reading } from './cell.ts';
import { bad, good } from './cell.ts';

/** Items stand in one cell, separated by semicolons or line breaks; empty items are nothing. */
const SEPARATOR = /[;\n]/;

function items(text: string): string[] {
  return text
    .split(SEPARATOR)
    .map((item) => item.trim().replace(/\s+/g, ' '))
    .filter((item) => item !== '');
}

export interface ListOptions {
  /** Brings an item into its normal form, or returns null when it is none. */
  item(text: string): string | null;
  /** Noun phrase for one item: "a skill of 1 to 40 small letters". */
  itemExpected: string;
  maxItems?: number;
}

/** A list of words or short texts in one cell: `cleaning; heavy`. An item given twice is a fault. */
export function list({ item, itemExpected, maxItems = 50 }: ListOptions): CellKind<string[]> {
  const expected = `a list such as "one; two", each item ${itemExpected}`;
  return {
    read(cell) {
      if (typeof cell.raw === 'boolean' || cell.raw instanceof Date) return bad(expected);
      const values: string[] = [];
      for (const text of items(cell.text)) {
        const value = item(text);
        if (value === null) return bad(`${expected}; "${text}" is none`, commasMeant(cell.text));
        values.push(value);
      }
      if (values.length === 0) return bad(expected);
      if (values.length > maxItems) return bad(`at most ${maxItems} items`);
      const unique = [...new Set(values)];
      if (unique.length === values.length) return good(values);
      const twice = values.find((value, at) => values.indexOf(value) !== at);
      return bad(`each item once; "${twice}" stands there twice`, unique.join('; '));
    },
    write: (value) => value.join('; '),
    same: (one, other) =>
      one.length === other.length && one.every((value, at) => value === other[at]),
  };

  /** `cleaning, heavy` was probably meant as two items. */
  function commasMeant(text: string): string | undefined {
    const meant = items(text.replaceAll(',', ';')).map(item);
    return meant.length > 1 && meant.every((value) => value !== null)
      ? meant.join('; ')
      : undefined;
  }
}

/** So many of something. */
export interface Quantity {
  item: string;
  quantity: number;
}

export interface QuantitiesOptions {
  maxQuantity?: number;
  maxItems?: number;
  maxItemChars?: number;
}

/** The sign between item and number: x and its Cyrillic twin, ×, *. */
const TIMES = '[xX×хХ*✕]';
/** `Cloth pack x2`: letters need a space in front, or "Box" would end in one; `×2` does not. */
const AFTER = new RegExp(`^(.+?)(?:\\s${TIMES}|[×✕*])\\s*([+-]?\\d[\\d.,]*)$`, 'u');
/** `2 x Cloth pack`. */
const BEFORE = new RegExp(`^([+-]?\\d[\\d.,]*)\\s*${TIMES}\\s+(.+)$`, 'u');
/** `Cloth pack x`: the number was forgotten. */
const UNFINISHED = new RegExp(`\\s${TIMES}$`, 'u');

/**
 * A list of items with quantities in one cell: `Cloth pack x2; Glass cleaner x1`. Also understood:
 * `×`, `*`, the Cyrillic `х`, `2 x Cloth pack`, and an item alone, which means one.
 */
export function quantities({
  maxQuantity = 999,
  maxItems = 100,
  maxItemChars = 80,
}: QuantitiesOptions = {}): CellKind<Quantity[]> {
  const expected = `items with quantities from 1 to ${maxQuantity}, such as "Cloth pack x2; Towel x1"`;

  function readItem(text: string): Reading<Quantity> {
    const after = AFTER.exec(text);
    const before = after ? null : BEFORE.exec(text);
    const item = (after?.[1] ?? before?.[2] ?? text).trim();
    const number = after?.[2] ?? before?.[1] ?? '1';
    if (UNFINISHED.test(text)) return bad(`${expected}; "${text}" has no number after the sign`);
    if (!/^\d{1,6}$/.test(number) || Number(number) < 1 || Number(number) > maxQuantity) {
      return bad(`${expected}; "${text}" has none of these quantities`);
    }
    if (item.length > maxItemChars) return bad(`items of at most ${maxItemChars} characters`);
    return good({ item, quantity: Number(number) });
  }

  return {
    read(cell) {
      if (typeof cell.raw === 'boolean' || cell.raw instanceof Date) return bad(expected);
      const values: Quantity[] = [];
      for (const text of items(cell.text)) {
        const reading = readItem(text);
        if (!reading.ok) return reading;
        values.push(reading.value);
      }
      if (values.length === 0) return bad(expected);
      if (values.length > maxItems) return bad(`at most ${maxItems} items`);
      return repeated(values) ?? good(values);
    },
    write: (value) => value.map(({ item, quantity }) => `${item} x${quantity}`).join('; '),
    same: (one, other) =>
      one.length === other.length &&
      one.every(
        ({ item, quantity }, at) => item === other[at]?.item && quantity === other[at]?.quantity,
      ),
  };

  /** The same item twice: added up as a suggestion, but not by itself, since one may be a typo. */
  function repeated(values: readonly Quantity[]): Reading<never> | null {
    const sums = new Map<string, Quantity>();
    let twice: string | undefined;
    for (const { item, quantity } of values) {
      const key = item.toLowerCase();
      const sum = sums.get(key);
      if (sum) twice ??= item;
      sums.set(key, { item: sum?.item ?? item, quantity: (sum?.quantity ?? 0) + quantity });
    }
    if (twice === undefined) return null;
    const meant = [...sums.values()].map(({ item, quantity }) => `${item} x${quantity}`).join('; ');
    return bad(`each item once; "${twice}" stands there twice`, meant);
  }
}
