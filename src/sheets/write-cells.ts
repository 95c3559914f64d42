import { zoneOffsetMinutes } from '../platform/business-time.ts';
import { formatMinor, minorDigits } from '../platform/money.ts';
import { EXCEL_MAX_CELL_CHARS } from './limits.ts';
import { sheetError } from './sheet-errors.ts';
import type { CellStyle, StyleBook } from './write-styles.ts';
import { xmlText } from './write-texts.ts';

/** What stands in the cells of a column. */
export type CellContent =
  /** `string`, always text: never a number, a date or a formula, whatever it looks like. */
  | { kind: 'text' }
  /** `bigint` in minor units; shown in major units with the currency's digits. */
  | { kind: 'money'; currency: string }
  /** `bigint`, or a whole `number`. */
  | { kind: 'integer' }
  /** `number`. */
  | { kind: 'decimal' }
  /** `string` such as `2026-11-23`. */
  | { kind: 'day' }
  /** `Date`; shown as the clock of the zone, to the minute, kept to the second. */
  | { kind: 'moment'; timeZone: string }
  /** `boolean`; `yes` or `no`. */
  | { kind: 'yesNo' };

/** A value for a cell, by the kind of its column; null leaves the cell empty. */
export type CellInput = string | number | bigint | boolean | Date | null;

/**
 * XML of a cell.
 * @param address `D7`
 * @throws StewardError `sheet_too_large` for a text that no cell can hold
 * @throws TypeError for a value that the column's kind does not take
 */
export type CellWriter = (address: string, value: NonNullable<CellInput>) => string;

/** Writes cells of one kind in one style; what cannot be told exactly otherwise becomes text. */
export function cellWriter(content: CellContent, base: CellStyle, styles: StyleBook): CellWriter {
  const number = styles.number({ ...base, ...columnStyle(content) });
  const text = textWriter({ ...base, align: columnStyle(content).align }, styles);
  const numeric = (address: string, value: string) =>
    `<c r="${address}" s="${number}"><v>${value}</v></c>`;
  const wrong = (value: unknown, expected: string) =>
    new TypeError(`Expected ${expected}, found ${typeof value} "${String(value)}".`);

  switch (content.kind) {
    case 'text':
      return (address, value) => {
        if (typeof value !== 'string') throw wrong(value, 'a string');
        return text(address, value);
      };
    case 'yesNo':
      return (address, value) => {
        if (typeof value !== 'boolean') throw wrong(value, 'a boolean');
        return text(address, value ? 'yes' : 'no');
      };
    case 'money': {
      const digits = minorDigits(content.currency);
      return (address, value) => {
        if (typeof value !== 'bigint') throw wrong(value, 'minor units as a bigint');
        const write = isExact(value) ? numeric : text;
        return write(address, formatMinor(value, digits));
      };
    }
    case 'integer':
      return (address, value) => {
        if (typeof value !== 'bigint' && !Number.isInteger(value)) throw wrong(value, 'an integer');
        const whole = BigInt(value as bigint | number);
        return isExact(whole) ? numeric(address, `${whole}`) : text(address, `${whole}`);
      };
    case 'decimal':
      return (address, value) => {
        if (!Number.isFinite(value)) throw wrong(value, 'a finite number');
        const known = isKnownToExcel(Math.abs(Number(value)));
        return known ? numeric(address, `${value}`) : text(address, `${value}`);
      };
    case 'day':
      return (address, value) => {
        const time = typeof value === 'string' ? dayTime(value) : Number.NaN;
        if (Number.isNaN(time)) throw wrong(value, 'a day such as 2026-11-23');
        const serial = serialOf(time);
        return serial === null ? text(address, `${value}`) : numeric(address, `${serial}`);
      };
    case 'moment': {
      const wallTime = wallClock(content.timeZone);
      return (address, value) => {
        if (!(value instanceof Date) || Number.isNaN(value.getTime())) {
          throw wrong(value, 'a valid Date');
        }
        const time = wallTime(value);
        const serial = serialOf(time);
        if (serial !== null) return numeric(address, `${serial}`);
        return text(address, new Date(time).toISOString().slice(0, 19).replace('T', ' '));
      };
    }
  }
}

/** Number format and alignment that follow from the kind: for empty cells of the column too. */
export function columnStyle(content: CellContent): Pick<CellStyle, 'format' | 'align'> {
  switch (content.kind) {
    case 'text':
      // Without the format, Excel makes a formula of `=…` as soon as somebody edits the cell.
      return { format: '@' };
    case 'yesNo':
      return { format: '@', align: 'center' };
    case 'money': {
      const digits = minorDigits(content.currency);
      return { format: digits === 0 ? '#,##0' : `#,##0.${'0'.repeat(digits)}`, align: 'right' };
    }
    case 'integer':
      return { format: '0', align: 'right' };
    case 'decimal':
      return { align: 'right' };
    case 'day':
      return { format: 'yyyy-mm-dd', align: 'left' };
    case 'moment':
      return { format: 'yyyy-mm-dd hh:mm', align: 'left' };
  }
}

/** Text inside the cell; a table of shared texts would have to stay in memory to the end. */
export function textWriter(base: CellStyle, styles: StyleBook) {
  const plain = styles.number({ ...base, format: '@' });
  const wrapped = styles.number({ ...base, format: '@', wrap: true });
  return (address: string, text: string): string => {
    if (text === '') return '';
    const escaped = xmlText(text);
    if (escaped.length > EXCEL_MAX_CELL_CHARS) refuseLongText(address, text);
    const style = text.includes('\n') ? wrapped : plain;
    return `<c r="${address}" s="${style}" t="inlineStr"><is><t xml:space="preserve">${escaped}</t></is></c>`;
  };
}

/** Codes such as `_x000D_` count as they are written; `&amp;` and the like as one character. */
function refuseLongText(address: string, text: string): void {
  const chars = xmlText(text).replace(/&(?:amp|lt|gt);/g, '&').length;
  if (chars <= EXCEL_MAX_CELL_CHARS) return;
  throw sheetError(
    'sheet_too_large',
    `The text for ${address} has ${chars} characters; a cell holds at most ${EXCEL_MAX_CELL_CHARS}.`,
  );
}

/** Excel keeps 15 significant digits of a number and makes zeros of the rest. */
const EXACT_LIMIT = 10n ** 15n;

function isExact(value: bigint): boolean {
  return value < EXACT_LIMIT && value > -EXACT_LIMIT;
}

/** Excel repairs a file with other numbers by removing them. */
function isKnownToExcel(magnitude: number): boolean {
  return magnitude === 0 || (magnitude >= 2.23e-308 && magnitude <= 9.99999999999999e307);
}

const DAY_MS = 86_400_000;
/** Days from Excel's epoch to 1970-01-01. */
const SERIAL_1970 = 25_569;
/** 1900-03-01: about earlier days Excel and LibreOffice disagree. */
const FIRST_SERIAL = 61;
/** The day after 9999-12-31. */
const END_SERIAL = 2_958_466;

/** Days since Excel's epoch; null for what cannot be a date there. */
function serialOf(time: number): number | null {
  // Parts of a second are dropped: rounded up by a reader, 23:59:59.9 would be the next day.
  const serial = Math.floor(time / 1000) / (DAY_MS / 1000) + SERIAL_1970;
  return serial >= FIRST_SERIAL && serial < END_SERIAL ? serial : null;
}

/** NaN for what is no day. */
function dayTime(day: string): number {
  const time = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  // Some engines take 30 February for 2 March.
  if (Number.isNaN(time) || !new Date(time).toISOString().startsWith(day)) return Number.NaN;
  return time;
}

/** Offsets from UTC change at quarters of an hour. */
const QUARTER_MS = 900_000;
/** About three months of quarters: what a statement or an export in order of time needs at once. */
const REMEMBERED_QUARTERS = 10_000;

/** The clock of a zone as if it were UTC, in milliseconds; asking `Intl` takes 3 µs each time. */
function wallClock(timeZone: string): (moment: Date) => number {
  const offsets = new Map<number, number>();
  return (moment) => {
    const quarter = Math.floor(moment.getTime() / QUARTER_MS);
    let offset = offsets.get(quarter);
    if (offset === undefined) {
      if (offsets.size >= REMEMBERED_QUARTERS) offsets.clear();
      offset = zoneOffsetMinutes(moment, timeZone) * 60_000;
      offsets.set(quarter, offset);
    }
    return moment.getTime() + offset;
  };
}
