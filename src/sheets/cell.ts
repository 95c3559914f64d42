import type { CellValue } from './rows.ts';

/** A cell with something in it, as the kinds of columns get it. */
export interface Cell {
  /** `D7`. */
  address: string;
  /** As stored. A Date carries wall-clock time in its UTC fields. */
  raw: CellValue;
  /** As text: cleaned, numbers without exponent and without the noise of binary fractions. */
  text: string;
}

/**
 * What came of reading a cell. `expected` is a noun phrase that ends the sentence "found …,
 * expected …"; `suggestion` is what the user probably meant, as it would be typed.
 */
export type Reading<Value> =
  | { ok: true; value: Value }
  | { ok: false; expected: string; suggestion?: string };

/** How cells of a column are read, written and compared. */
export interface CellKind<Value> {
  read(cell: Cell): Reading<Value>;
  /** As a user would type it; reading it back gives the same value. */
  write(value: Value): string;
  same(one: Value, other: Value): boolean;
}

export function good<Value>(value: Value): Reading<Value> {
  return { ok: true, value };
}

export function bad(expected: string, suggestion?: string): Reading<never> {
  return suggestion === undefined ? { ok: false, expected } : { ok: false, expected, suggestion };
}

/** The text of a cell's value; `padTo` gives numbers the zeros in front that their format shows. */
export function cellText(raw: CellValue, padTo = 0): string {
  if (typeof raw === 'string') return cleanText(raw);
  if (typeof raw === 'number') return plainNumber(raw).padStart(padTo, '0');
  if (typeof raw === 'boolean') return raw ? 'TRUE' : 'FALSE';
  return dateText(raw);
}

/** Printable ASCII and Russian letters, no space at either end: nothing to clean, and most common. */
const CLEAN =
  /^[\x21-\x7e\u0410-\u044fЁё](?:[\x20-\x7e\u0410-\u044fЁё]*[\x21-\x7e\u0410-\u044fЁё])?$/;

/**
 * Text without what nobody sees: spaces around it, zero-width characters, other kinds of spaces
 * (as copied from web pages), letters composed in the way of macOS.
 */
export function cleanText(text: string): string {
  if (CLEAN.test(text)) return text;
  return text
    .replace(/[\u200b-\u200d\u2060\ufeff\u00ad]/g, '')
    .replace(/[\u00a0\u2000-\u200a\u202f\u205f\u3000]/g, ' ')
    .replace(/\r\n?/g, '\n')
    .trim()
    .normalize('NFC');
}

/** Whether a text has anything that can be seen: the same question as `cleanText(text) !== ''`. */
export function hasVisible(text: string): boolean {
  return /[^\s\u200b-\u200d\u2060\ufeff\u00ad]/.test(text);
}

/**
 * A number as Excel shows it when nothing is rounded: 15 significant digits, so that
 * 69.90000000000001, which is how 69.9 is sometimes stored, is 69.9 again.
 */
export function plainNumber(value: number): string {
  const rounded = Number(value.toPrecision(15));
  const text = String(Object.is(rounded, -0) ? 0 : rounded);
  if (!text.includes('e')) return text;
  return Math.abs(rounded) >= 1
    ? BigInt(rounded).toString()
    : rounded.toFixed(20).replace(/\.?0+$/, '');
}

/** `2026-09-30`, with the time of day when there is one. */
export function dateText(date: Date): string {
  const iso = date.toISOString();
  return iso.endsWith('T00:00:00.000Z') ? iso.slice(0, 10) : iso.slice(0, 16).replace('T', ' ');
}
