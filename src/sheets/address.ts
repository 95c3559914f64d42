/** `1` → `A`, `27` → `AA`. */
export function columnLetters(column: number): string {
  let rest = column;
  let letters = '';
  while (rest > 0) {
    const digit = (rest - 1) % 26;
    letters = String.fromCharCode(65 + digit) + letters;
    rest = (rest - 1 - digit) / 26;
  }
  return letters;
}

/** `D7`: as Excel and LibreOffice show it. Both numbers start at 1. */
export function cellAddress(column: number, row: number): string {
  return `${columnLetters(column)}${row}`;
}

/**
 * Reads `D7` without a regular expression, because it is done for every cell of a sheet.
 * Returns null for anything that is no plain address.
 */
export function parseAddress(address: string): { column: number; row: number } | null {
  let column = 0;
  let at = 0;
  for (; at < address.length; at += 1) {
    const code = address.charCodeAt(at);
    if (code >= 65 && code <= 90) column = column * 26 + code - 64;
    else if (code >= 97 && code <= 122) column = column * 26 + code - 96;
    else break;
    if (at > 2) return null;
  }
  const digits = address.length - at;
  if (at === 0 || digits === 0 || digits > 7) return null;
  let row = 0;
  for (; at < address.length; at += 1) {
    const code = address.charCodeAt(at);
    if (code < 48 || code > 57) return null;
    row = row * 10 + code - 48;
  }
  return row === 0 ? null : { column, row };
}
