import type { Header } from './find-header.ts';

/** One thing that is wrong with one cell. */
export interface Fault {
  code:
    | 'bad_value'
    | 'formula_without_value'
    | 'error_value'
    | 'missing_key'
    | 'missing_value'
    | 'not_clearable'
    | 'repeated_key';
  sheet: string;
  row: number;
  /** `D7`. */
  address: string;
  /** Key of the column. */
  column: string;
  /** As the file writes the header. */
  header: string;
  /** What stands there, shortened; in quotes when it is text of the user. */
  found: string;
  /** A noun phrase. */
  expected: string;
  /** What was probably meant, as it would be typed into the cell. */
  suggestion?: string;
  /** The whole sentence. */
  message: string;
}

/** What a fault needs to know of where the list stands. */
export type FaultPlace = Pick<Header, 'sheet' | 'columns'>;

export function faultOf(
  place: FaultPlace,
  row: number,
  column: { key: string; letters: string },
  code: Fault['code'],
  found: string,
  expected: string,
  suggestion?: string,
): Fault {
  const header = place.columns.find((one) => one.key === column.key)?.header ?? column.key;
  const address = `${column.letters}${row}`;
  const hint = suggestion === undefined ? '' : ` Did you mean "${suggestion}"?`;
  return {
    code,
    sheet: place.sheet,
    row,
    address,
    column: column.key,
    header,
    found,
    expected,
    ...(suggestion === undefined ? {} : { suggestion }),
    message: `${place.sheet}!${address} (${header}): found ${found}, expected ${expected}.${hint}`,
  };
}

/** A cell's text as messages show it. */
export function shown(text: string): string {
  return text.length > 60 ? `"${text.slice(0, 60)}…"` : `"${text}"`;
}

export interface FaultCollector {
  add(fault: Fault): void;
  /** In the order of the sheet, and how many there were in all. */
  sorted(): { faults: Fault[]; faultCount: number };
}

/**
 * Keeps so many faults and counts the rest: a file of nothing but faults costs no more memory.
 * @param found what was found before, to go on from
 */
export function createFaultCollector(
  kept: number,
  found: { faults: readonly Fault[]; faultCount: number } = { faults: [], faultCount: 0 },
): FaultCollector {
  const faults = [...found.faults];
  let { faultCount } = found;
  return {
    add(fault) {
      faultCount += 1;
      if (faults.length < kept) faults.push(fault);
    },
    sorted: () => ({ faults: faults.sort((one, other) => one.row - other.row), faultCount }),
  };
}
