import { cellAddress, columnLetters } from './address.ts';
import type { Reading } from './cell.ts';
import { cellText, hasVisible } from './cell.ts';
import type { Fault, FaultCollector } from './faults.ts';
import { createFaultCollector, faultOf, shown } from './faults.ts';
import type { SheetFile } from './file.ts';
import type { FoundList, Header } from './find-header.ts';
import { findHeader } from './find-header.ts';
import type { SheetLimits } from './limits.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { PassedOver } from './passed-over.ts';
import type { RowCell, SheetRow } from './rows.ts';
import type { AnyColumn, Sheet, SheetPatch } from './sheet.ts';
import type { Workbook } from './workbook.ts';
import { openWorkbook } from './workbook.ts';

/** One row of the file, every cell read and checked by itself. */
export interface ReadRow<Columns extends readonly AnyColumn[]> {
  /** As Excel shows it. */
  row: number;
  /** Null when the key itself is missing or faulty. */
  key: string | null;
  /** Absent: leave as it is; null: clear. Holds only what was read without fault. */
  values: SheetPatch<Columns>;
  /** Keys of the columns at fault; empty for a good row. */
  faulty: string[];
}

/** All that a file says, before it is compared with anything. */
export interface SheetReading<Columns extends readonly AnyColumn[]> {
  sheet: Sheet<Columns>;
  file: { name: string; bytes: number; sha256: string };
  found: FoundList;
  rows: ReadRow<Columns>[];
  /** In the order of rows; the first `faultsKept` of `faultCount`. */
  faults: Fault[];
  faultCount: number;
  faultsKept: number;
  passedOver: PassedOver[];
}

export interface ReadOptions {
  /** The sheet to read, where several fit. */
  sheet?: string;
  limits?: SheetLimits;
}

/** Ranges of empty rows that are listed one by one; the rest is counted. */
const EMPTY_RANGES_LISTED = 20;

/**
 * Reads a list from a workbook: finds sheet and header by content, reads every cell by the kind of
 * its column, collects all faults. Compares nothing and writes nothing; hold no transaction open
 * meanwhile.
 * @throws StewardError of kind `invalid` with a code `sheet_…` when there is no list to read
 */
export async function readSheet<const Columns extends readonly AnyColumn[]>(
  sheet: Sheet<Columns>,
  file: SheetFile,
  { sheet: only, limits = DEFAULT_LIMITS }: ReadOptions = {},
): Promise<SheetReading<Columns>> {
  const workbook = await openWorkbook(file, limits);
  const header = await findHeader(sheet, workbook, only);
  const faults = createFaultCollector(limits.faultsKept);
  const rows: ReadRow<Columns>[] = [];
  const reader = createCellReader();
  const seen = createObserver(header);
  const keys = createKeyRegister<Columns>(sheet.key, header, faults);
  for await (const piece of workbook.rows(header.sheet)) {
    for (const row of piece) {
      if (row.row <= header.headerRow || !seen.row(row)) continue;
      const read = readRow(sheet, header, reader, row, faults);
      rows.push(read);
      keys.note(read);
    }
  }
  return {
    sheet,
    file: { name: workbook.fileName, bytes: workbook.bytes, sha256: workbook.sha256 },
    found: foundList(header),
    rows,
    ...faults.sorted(),
    faultsKept: limits.faultsKept,
    passedOver: [...header.passedOver, ...seen.passedOver(), ...macros(workbook)],
  };
}

function foundList({ sheet, headerRow, language, columns, absent }: Header): FoundList {
  return { sheet, headerRow, language, columns, absent };
}

function macros(workbook: Workbook): PassedOver[] {
  if (!workbook.hasMacros) return [];
  const message = 'The workbook has macros; they are never run.';
  return [{ kind: 'macros', where: workbook.fileName, message }];
}

function readRow<Columns extends readonly AnyColumn[]>(
  sheet: Sheet<Columns>,
  header: Header,
  reader: CellReader,
  row: SheetRow,
  faults: FaultCollector,
): ReadRow<Columns> {
  const values: Record<string, unknown> = {};
  const faulty: string[] = [];
  for (const cell of row.cells) {
    const column = header.byColumn.get(cell.column);
    if (!column) continue;
    const fault = readInto(values, header, reader, column, cell, row.row);
    if (!fault) continue;
    faulty.push(column.key);
    faults.add(fault);
  }
  const key = values[sheet.key];
  const keyColumn = header.columns.find((one) => one.key === sheet.key);
  if (key === undefined && keyColumn && !hasCell(header, row, sheet.key)) {
    faulty.push(sheet.key);
    const expected = 'a value, since it names the row';
    faults.add(faultOf(header, row.row, keyColumn, 'missing_key', 'nothing', expected));
  }
  // The keys of `values` are those of the columns, and each value comes from the column's own kind.
  const patch = values as SheetPatch<Columns>;
  return { row: row.row, key: key === undefined ? null : String(key), values: patch, faulty };
}

function hasCell(header: Header, row: SheetRow, key: string): boolean {
  return row.cells.some((cell) => header.byColumn.get(cell.column)?.key === key && !isBlank(cell));
}

/** Puts the cell's value into `values`, or returns the fault. */
function readInto(
  values: Record<string, unknown>,
  header: Header,
  reader: CellReader,
  column: AnyColumn,
  cell: RowCell,
  row: number,
): Fault | null {
  const at = { key: column.key, letters: columnLetters(cell.column) };
  if (cell.problem?.kind === 'formula_without_value') {
    const expected =
      'a formula with its result stored: open the file in Excel or LibreOffice and save it, or paste values';
    return faultOf(header, row, at, 'formula_without_value', 'a formula without result', expected);
  }
  if (cell.problem) {
    return faultOf(header, row, at, 'error_value', `the error ${cell.problem.error}`, 'a value');
  }
  if (cell.raw === null) return null;
  const text = cellText(cell.raw, cell.padTo);
  if (text === '') return null;
  if (/^[-–—]$/.test(text)) {
    if (!column.clearable) {
      const expected = 'a value: this column cannot be cleared';
      return faultOf(header, row, at, 'not_clearable', shown(text), expected);
    }
    values[column.key] = null;
    return null;
  }
  const reading = reader.read(column, cell, text, row);
  if (reading.ok) {
    values[column.key] = reading.value;
    return null;
  }
  const { expected, suggestion } = reading;
  return faultOf(header, row, at, 'bad_value', shown(text), expected, suggestion);
}

/** Reads cells by the kind of their column. */
interface CellReader {
  read(column: AnyColumn, cell: RowCell, text: string, row: number): Reading<unknown>;
}

/** Different texts remembered in a column: categories and lists repeat, names and codes do not. */
const REMEMBERED_TEXTS = 1_000;
/** Longer texts are remarks, which hardly repeat. */
const REMEMBERED_CHARS = 200;

/**
 * Remembers what short texts of a column were read as: a list of 100,000 rows with 20 categories
 * then holds 20 texts, not 100,000. Values may therefore be shared between rows.
 */
function createCellReader(): CellReader {
  const memory = new Map<AnyColumn, Map<string, Reading<unknown>>>();
  return {
    read(column, cell, text, row) {
      const raw = cell.raw ?? text;
      if (typeof raw !== 'string' || text.length > REMEMBERED_CHARS) {
        return column.kind.read({ address: cellAddress(cell.column, row), raw, text });
      }
      let known = memory.get(column);
      if (!known) {
        known = new Map();
        memory.set(column, known);
      }
      const remembered = known.get(text);
      if (remembered) return remembered;
      const reading = column.kind.read({ address: cellAddress(cell.column, row), raw, text });
      if (known.size < REMEMBERED_TEXTS) known.set(text, reading);
      return reading;
    },
  };
}

/** Both rows with the same key are at fault: which one is meant, only the user knows. */
function createKeyRegister<Columns extends readonly AnyColumn[]>(
  key: string,
  header: Header,
  faults: FaultCollector,
) {
  const firsts = new Map<string, ReadRow<Columns>>();
  const told = new Set<string>();
  const column = header.columns.find((one) => one.key === key);

  function tell(read: ReadRow<Columns>, other: number): void {
    read.faulty.push(key);
    if (!column) return;
    const expected = `each ${column.header} once in the file (also in ${column.letters}${other})`;
    faults.add(faultOf(header, read.row, column, 'repeated_key', shown(read.key ?? ''), expected));
  }

  return {
    note(read: ReadRow<Columns>): void {
      if (read.key === null) return;
      const first = firsts.get(read.key);
      if (!first) {
        firsts.set(read.key, read);
        return;
      }
      if (!told.has(read.key)) tell(first, read.row);
      told.add(read.key);
      tell(read, first.row);
    },
  };
}

/** A cell that only looks filled: spaces. */
function isBlank(cell: RowCell): boolean {
  return typeof cell.raw === 'string' && !hasVisible(cell.raw);
}

/** Notes what is passed over between and beside the rows. */
function createObserver(header: Header) {
  let last = header.headerRow;
  let ranges = 0;
  let emptyRows = 0;
  const listed: PassedOver[] = [];
  const headless = new Map<number, { row: number; count: number }>();

  return {
    /** False for a row that is empty in all columns of the list. */
    row(row: SheetRow): boolean {
      let filled = false;
      for (const cell of row.cells) {
        if (header.byColumn.has(cell.column)) filled ||= !isBlank(cell);
        else if (!header.unknown.has(cell.column) && !isBlank(cell)) {
          const seen = headless.get(cell.column);
          if (seen) seen.count += 1;
          else headless.set(cell.column, { row: row.row, count: 1 });
        }
      }
      if (!filled) return false;
      const gap = row.row - last - 1;
      if (gap > 0) {
        ranges += 1;
        emptyRows += gap;
        const which = gap === 1 ? `Row ${last + 1} is` : `Rows ${last + 1} to ${row.row - 1} are`;
        if (ranges <= EMPTY_RANGES_LISTED) {
          const where = `${header.sheet}!A${last + 1}`;
          listed.push({ kind: 'empty_rows', where, message: `${which} empty.` });
        }
      }
      last = row.row;
      return true;
    },
    passedOver(): PassedOver[] {
      const columns = [...headless].map(([column, { row, count }]): PassedOver => {
        const where = `${header.sheet}!${cellAddress(column, row)}`;
        const cells = count === 1 ? 'a cell with content' : `${count} cells with content`;
        const message = `Column ${columnLetters(column)} has ${cells} and no header.`;
        return { kind: 'column', where, message };
      });
      if (ranges > EMPTY_RANGES_LISTED) {
        const message = `In all ${emptyRows} rows in ${ranges} places are empty.`;
        listed.push({ kind: 'empty_rows', where: header.sheet, message });
      }
      return [...columns, ...listed];
    },
  };
}
