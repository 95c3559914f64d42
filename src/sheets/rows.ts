import { cellAddress, parseAddress } from './address.ts';
import type { SheetLimits } from './limits.ts';
import { EXCEL_MAX_COLUMNS, EXCEL_MAX_ROWS } from './limits.ts';
import { dateFromSerial } from './number-format.ts';
import { sheetError } from './sheet-errors.ts';
import type { WorkbookParts } from './workbook-parts.ts';
import { createTextCollector, detach, isTrue } from './workbook-parts.ts';
import type { XmlAttributes } from './xml.ts';
import { createXmlReader } from './xml.ts';

/** What stands in a cell. A Date carries wall-clock time in its UTC fields. */
export type CellValue = string | number | boolean | Date;

/** A cell with something in it. */
export interface RowCell {
  /** 1 is column A. */
  column: number;
  /** Null when `problem` says why there is none. */
  raw: CellValue | null;
  /** Number of digits to which the cell's format fills up with zeros in front. */
  padTo?: number;
  /** The cell has a formula without stored result, or its result is an error such as `#N/A`. */
  problem?: { kind: 'formula_without_value' } | { kind: 'error_value'; error: string };
}

/** A row with at least one cell that has something in it; other rows are not reported. */
export interface SheetRow {
  /** As Excel shows it, from 1. */
  row: number;
  cells: RowCell[];
}

/**
 * Reads the rows of one worksheet in pieces of some hundred rows, so that nothing of the sheet
 * stays in memory. Formulas are taken by their stored value and never evaluated; merged ranges,
 * hidden flags and dimensions are not looked at, so none of them can lie.
 * @throws StewardError `sheet_damaged`, `sheet_too_large`, `sheet_forbidden_xml`
 */
export async function* readRows(
  sheetName: string,
  part: string,
  pieces: AsyncIterable<Buffer>,
  workbook: Pick<WorkbookParts, 'date1904' | 'formats' | 'strings'>,
  limits: SheetLimits,
): AsyncGenerator<SheetRow[], void, undefined> {
  const collector = createRowCollector(sheetName, workbook, limits);
  const reader = createXmlReader(part, limits, collector);
  for await (const piece of pieces) {
    // What follows the cells (merged ranges, validations) is inflated for its checksum only.
    if (collector.done()) continue;
    reader.write(piece);
    const rows = collector.take();
    if (rows.length > 0) yield rows;
  }
  if (!collector.done()) reader.end();
}

/** State of the cell that is being read. */
interface OpenCell {
  column: number;
  type: string;
  style: number;
  hasFormula: boolean;
  value: string | null;
}

function createRowCollector(
  sheetName: string,
  workbook: Pick<WorkbookParts, 'date1904' | 'formats' | 'strings'>,
  limits: SheetLimits,
) {
  let rows: SheetRow[] = [];
  let row: SheetRow = { row: 0, cells: [] };
  const cell: OpenCell = { column: 0, type: 'n', style: 0, hasFormula: false, value: null };
  let state: 'before' | 'rows' | 'row' | 'cell' | 'value' | 'after' = 'before';
  let cellCount = 0;

  const where = () => `${sheetName}!${cellAddress(cell.column, row.row)}`;
  const damaged = (why: string) =>
    sheetError('sheet_damaged', `The workbook is damaged: ${why} (sheet "${sheetName}").`);
  const tooLong = (): never => {
    throw sheetError(
      'sheet_too_large',
      `${where()} has more than ${limits.cellChars} characters, which is Excel's limit for a cell.`,
    );
  };
  const inline = createTextCollector(limits.cellChars, tooLong);

  function openRow(attributes: XmlAttributes): void {
    const number = attributes.r === undefined ? row.row + 1 : Number(attributes.r);
    if (!Number.isInteger(number) || number <= row.row || number > EXCEL_MAX_ROWS) {
      throw damaged(`row "${attributes.r ?? number}" follows row ${row.row}`);
    }
    row = { row: number, cells: [] };
    cell.column = 0;
  }

  function openCell(attributes: XmlAttributes): void {
    const address = attributes.r === undefined ? null : parseAddress(attributes.r);
    if (attributes.r !== undefined && address?.row !== row.row) {
      throw damaged(`cell "${attributes.r}" stands in row ${row.row}`);
    }
    const column = address?.column ?? cell.column + 1;
    if (column <= cell.column || column > EXCEL_MAX_COLUMNS) {
      throw damaged(`cell "${cellAddress(column, row.row)}" is out of order`);
    }
    cell.column = column;
    cell.type = attributes.t ?? 'n';
    cell.style = attributes.s === undefined ? 0 : Number(attributes.s);
    cell.hasFormula = false;
    cell.value = null;
    inline.start();
  }

  function closeCell(): void {
    const read = readCell(cell, inline.finish(), workbook, () => damagedCell(where(), cell.value));
    if (read === null) return;
    cellCount += 1;
    if (cellCount > limits.cells) {
      throw sheetError(
        'sheet_too_large',
        `Sheet "${sheetName}" has more than ${limits.cells} cells with content.`,
      );
    }
    row.cells.push(read);
  }

  return {
    done: () => state === 'after',
    take(): SheetRow[] {
      const taken = rows;
      rows = [];
      return taken;
    },
    open(element: string, attributes: XmlAttributes): void {
      if (state === 'cell') {
        if (element === 'v') {
          state = 'value';
          cell.value = '';
        } else if (element === 'f') cell.hasFormula = true;
        else inline.open(element);
      } else if (state === 'row' && element === 'c') {
        openCell(attributes);
        state = 'cell';
      } else if (state === 'rows' && element === 'row') {
        openRow(attributes);
        state = 'row';
      } else if (state === 'before' && element === 'sheetData') state = 'rows';
    },
    close(element: string): void {
      if (state === 'value') {
        if (element === 'v') state = 'cell';
      } else if (state === 'cell') {
        if (element === 'c') {
          closeCell();
          state = 'row';
        } else inline.close(element);
      } else if (state === 'row' && element === 'row') {
        if (row.cells.length > 0) rows.push(row);
        state = 'rows';
      } else if (state === 'rows' && element === 'sheetData') state = 'after';
    },
    text(text: string): void {
      if (state === 'value') {
        cell.value += text;
        if (cell.value !== null && cell.value.length > limits.cellChars) tooLong();
      } else if (state === 'cell') inline.text(text);
    },
  };
}

function damagedCell(where: string, value: string | null) {
  const found = (value ?? '').slice(0, 40);
  return sheetError('sheet_damaged', `The workbook is damaged: ${where} holds "${found}".`);
}

/** Null for a cell that has only a format, or an empty text. */
function readCell(
  cell: OpenCell,
  inlineText: string,
  workbook: Pick<WorkbookParts, 'date1904' | 'formats' | 'strings'>,
  damaged: () => Error,
): RowCell | null {
  const { column, value } = cell;
  if (cell.type === 'inlineStr') return inlineText === '' ? null : { column, raw: inlineText };
  if (value === null || (value === '' && cell.type !== 'str')) {
    if (!cell.hasFormula) return null;
    return { column, raw: null, problem: { kind: 'formula_without_value' } };
  }
  switch (cell.type) {
    case 's': {
      const text = workbook.strings[Number(value)];
      if (text === undefined) throw damaged();
      return text === '' ? null : { column, raw: text };
    }
    case 'str':
      return value === '' ? null : { column, raw: detach(value) };
    case 'b':
      return { column, raw: isTrue(value) };
    case 'e':
      return { column, raw: null, problem: { kind: 'error_value', error: value } };
    case 'd': {
      const date = new Date(/T/.test(value) ? `${value.replace(/Z$/, '')}Z` : `${value}T00:00Z`);
      if (Number.isNaN(date.getTime())) throw damaged();
      return { column, raw: date };
    }
    case 'n':
      return readNumber(column, Number(value), cell.style, workbook, damaged);
    default:
      throw damaged();
  }
}

function readNumber(
  column: number,
  value: number,
  style: number,
  workbook: Pick<WorkbookParts, 'date1904' | 'formats'>,
  damaged: () => Error,
): RowCell {
  if (!Number.isFinite(value)) throw damaged();
  const format = workbook.formats[style];
  if (format?.kind === 'date') {
    return { column, raw: dateFromSerial(value, workbook.date1904) ?? value };
  }
  if (format?.kind === 'padded') return { column, raw: value, padTo: format.digits };
  return { column, raw: value };
}
