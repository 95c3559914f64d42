import type { Cell, CellKind } from './cell.ts';
import { bad, dateText, good, plainNumber } from './cell.ts';

/** From here on Excel no longer keeps every digit of a number: it has 15. */
const EXCEL_DIGITS_LIMIT = 1e15;

export interface TextOptions {
  /** Longest accepted text; 1,000 characters unless told. */
  maxChars?: number;
  /** Keeps line breaks; otherwise they and repeated spaces become one space. */
  multiline?: boolean;
}

/** Text. Numbers keep their digits; what Excel has turned into a date or lost digits of is refused. */
export function text({ maxChars = 1_000, multiline = false }: TextOptions = {}): CellKind<string> {
  return {
    read(cell) {
      if (cell.raw instanceof Date) {
        return bad('text (Excel has made a date of it: format the cell as text and type it again)');
      }
      if (typeof cell.raw === 'number' && Math.abs(cell.raw) >= EXCEL_DIGITS_LIMIT) {
        return bad('text (Excel keeps 15 digits of a number: format the cell as text first)');
      }
      const value = multiline ? cell.text : cell.text.replace(/\s+/g, ' ');
      return value.length > maxChars ? bad(`at most ${maxChars} characters`) : good(value);
    },
    write: (value) => value,
    same: (one, other) => one === other,
  };
}

/** Cyrillic letters that look like Latin ones, as keyboards mix them. */
const LOOK_ALIKES = new Map(
  Array.from('АВЕКМНОРСТУХ', (letter, at) => [letter, 'ABEKMHOPCTYX'[at]]),
);

export interface CodeOptions {
  /** Matches the whole code, after letters were made capital. */
  pattern: RegExp;
  /** Noun phrase: "1 to 40 letters A–Z, digits and hyphens". */
  expected: string;
}

/**
 * A code that people type: small letters are made capital, the rest must match. Letters of another
 * alphabet that only look right, spaces and underscores are refused with the code that was meant.
 */
export function code({ pattern, expected }: CodeOptions): CellKind<string> {
  return {
    read(cell) {
      if (cell.raw instanceof Date) {
        return bad(`${expected} (Excel has made a date of it: format the cell as text)`);
      }
      const value = cell.text.toUpperCase();
      if (pattern.test(value)) return good(value);
      const meant = Array.from(value, (letter) => LOOK_ALIKES.get(letter) ?? letter)
        .join('')
        .replace(/[\s_–—]+/g, '-');
      if (!pattern.test(meant)) return bad(expected);
      const foreign = /\p{Script=Cyrillic}/u.exec(value)?.[0];
      return bad(foreign ? `${expected} (the letter "${foreign}" is Cyrillic)` : expected, meant);
    },
    write: (value) => value,
    same: (one, other) => one === other,
  };
}

export interface IntegerOptions {
  min: number;
  max: number;
}

/** A whole number, as number or text (`1 200`, `120,0`). */
export function integer({ min, max }: IntegerOptions): CellKind<number> {
  const expected = `a whole number from ${min} to ${max}`;
  return {
    read(cell) {
      if (typeof cell.raw === 'boolean' || cell.raw instanceof Date) return bad(expected);
      const match = /^([+-]?)(\d{1,3}(?: \d{3})+|\d+)(?:[.,]0*)?$/.exec(cell.text);
      if (!match) {
        // "120 min" and "120.5" are not what was asked for, but the first shows what was meant.
        const meant = /^(\d{1,9})\s*\p{L}+\.?$/u.exec(cell.text)?.[1];
        return bad(expected, meant && inRange(Number(meant)) ? meant : undefined);
      }
      const value = Number(`${match[1] === '-' ? '-' : ''}${(match[2] ?? '').replaceAll(' ', '')}`);
      return inRange(value) ? good(value) : bad(expected);
    },
    write: (value) => plainNumber(value),
    same: (one, other) => one === other,
  };

  function inRange(value: number): boolean {
    return value >= min && value <= max;
  }
}

const YES = new Set(['yes', 'y', 'true', '1', 'x', 'х', '+', 'v', '✓', '✔', 'да', 'д', 'истина']);
const NO = new Set(['no', 'n', 'false', '0', 'нет', 'н', 'ложь']);

/** Yes or no, in English or Russian, or as Excel's own TRUE and FALSE. */
export function yesNo(): CellKind<boolean> {
  return {
    read(cell) {
      const word = cell.text.toLowerCase();
      if (YES.has(word)) return good(true);
      if (NO.has(word)) return good(false);
      return bad('yes or no (да or нет)');
    },
    write: (value) => (value ? 'yes' : 'no'),
    same: (one, other) => one === other,
  };
}

export interface DateOptions {
  /** Accept a date with a time of day and keep the date alone; otherwise it is refused. */
  dropTime?: boolean;
}

/** A day, as ISO text `2026-09-30`: real dates of both date systems, `30.09.2026`, `2026-09-30`. */
export function date({ dropTime = false }: DateOptions = {}): CellKind<string> {
  const expected = 'a date such as 2026-09-30 or 30.09.2026';
  return {
    read(cell) {
      const day = cell.raw instanceof Date ? dateText(cell.raw) : readDay(cell, expected);
      if (typeof day !== 'string') return day;
      const [iso = '', time] = day.split(' ');
      return time !== undefined && !dropTime ? bad(`${expected}, without a time`, iso) : good(iso);
    },
    write: (value) => value,
    same: (one, other) => one === other,
  };
}

function readDay(cell: Cell, expected: string) {
  if (typeof cell.raw === 'boolean' || typeof cell.raw === 'number') return bad(expected);
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$/.exec(
    cell.text,
  );
  const dotted = /^(\d{1,2})\.(\d{1,2})\.(\d{4})(?: г\.?)?$/.exec(cell.text);
  const time = /[T ](\d{1,2}:\d{2})/.exec(cell.text)?.[1];
  const day = iso
    ? isoDay(iso[1], iso[2], iso[3])
    : dotted
      ? isoDay(dotted[3], dotted[2], dotted[1])
      : undefined;
  if (day !== undefined) return time === undefined ? day : `${day} ${time}`;
  const slashed = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(cell.text);
  if (!slashed) return bad(expected);
  // 03/04/2026 is March in America and April elsewhere: only a day above 12 tells.
  const dayFirst = isoDay(slashed[3], slashed[2], slashed[1]);
  const monthFirst = isoDay(slashed[3], slashed[1], slashed[2]);
  if (dayFirst !== undefined && monthFirst !== undefined) {
    return bad(`${expected} (with slashes it could be ${dayFirst} or ${monthFirst})`);
  }
  return bad(expected, dayFirst ?? monthFirst);
}

/** Undefined when there is no such day. */
function isoDay(year = '', month = '', day = ''): string | undefined {
  const iso = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const parsed = new Date(`${iso}T00:00:00Z`);
  if (Number.isNaN(parsed.getTime())) return undefined;
  return parsed.toISOString().startsWith(iso) ? iso : undefined;
}
