/** How a cell's number is to be understood; Excel tells dates from numbers only by their format. */
export type NumberFormat =
  | { kind: 'number' }
  | { kind: 'date' }
  /** `00000`: the zeros in front belong to what the user sees. */
  | { kind: 'padded'; digits: number };

const NUMBER: NumberFormat = { kind: 'number' };
const DATE: NumberFormat = { kind: 'date' };

/** ECMA-376 part 1, 18.8.30: the built-in formats that show dates and times, in all languages. */
function isBuiltInDate(id: number): boolean {
  return (
    (id >= 14 && id <= 22) ||
    (id >= 27 && id <= 36) ||
    (id >= 45 && id <= 47) ||
    (id >= 50 && id <= 58)
  );
}

/**
 * Understands a number format.
 * @param id the format's id; those below 164 are built in
 * @param code the format's own text, where the workbook declares one
 */
export function numberFormat(id: number, code: string | undefined): NumberFormat {
  if (code === undefined) return isBuiltInDate(id) ? DATE : NUMBER;
  // Only the first section is for positive numbers; text in quotes or after a backslash is shown
  // as it is; brackets hold colours, conditions and locales, except elapsed time as in `[h]:mm`.
  const bare = code
    .split(';', 1)
    .join('')
    .replace(/"[^"]*"|\\.|_./g, '')
    .replace(/\[(?!(?:h+|m+|s+)\])[^\]]*\]/gi, '');
  if (/^general$/i.test(bare.trim())) return NUMBER;
  if (/[dmyhs]/i.test(bare.replace(/general/gi, ''))) return DATE;
  const zeros = /^0{2,}$/.exec(bare);
  return zeros ? { kind: 'padded', digits: zeros[0].length } : NUMBER;
}

const DAY_MS = 86_400_000;
/** 9999-12-31, the last day that Excel knows, in the 1900 system. */
const LAST_SERIAL = 2_958_465;
/** Days from the 1900 to the 1904 date system, which old Macs used. */
const SERIALS_1904 = 1_462;

/**
 * A date as Excel stores it: days since an epoch, the time of day as the fraction. It is a wall
 * clock without zone; the Date returned carries it in its UTC fields. Milliseconds are rounded,
 * since binary fractions of a day never hit a second exactly.
 * Returns null for numbers that are no date (negative, or after the year 9999).
 */
export function dateFromSerial(serial: number, date1904: boolean): Date | null {
  const serial1900 = date1904 ? serial + SERIALS_1904 : serial;
  if (serial < 0 || serial1900 >= LAST_SERIAL + 1) return null;
  // Excel believes that 1900 was a leap year (after Lotus 1-2-3): serial 60 is a day that never
  // was, and earlier ones are a day further from the epoch.
  const days = serial1900 < 60 ? serial1900 + 1 : serial1900;
  const milliseconds = Math.round((days * DAY_MS) / 1000) * 1000;
  return new Date(Date.UTC(1899, 11, 30) + milliseconds);
}
