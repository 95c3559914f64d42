import { columnLetters } from './address.ts';
import { EXCEL_MAX_COLUMNS, EXCEL_MAX_ROWS } from './limits.ts';
import { sheetError } from './sheet-errors.ts';
import type { CellContent, CellInput, CellWriter } from './write-cells.ts';
import { cellWriter, columnStyle, textWriter } from './write-cells.ts';
import type { CellStyle, StyleBook } from './write-styles.ts';

/** A column of a sheet that is written. */
export type WorkbookColumn = CellContent & {
  header: string;
  /** In characters, as Excel counts; one that fits header and kind unless told. */
  width?: number;
  /** There for programs, not shown to people. */
  hidden?: boolean;
};

/** One value for each column, in their order; columns left out at the end are empty. */
export type WorkbookRow = readonly CellInput[];

export interface WorkbookSheet {
  /** On the tab: 1 to 31 characters, unique without regard to case, none of `[]:*?/\`. */
  name: string;
  /** Lines above the table: the first is shown as its title, the others as remarks. */
  title?: readonly string[];
  columns: readonly WorkbookColumn[];
  /** Taken one by one while the file is written. */
  rows: Iterable<WorkbookRow> | AsyncIterable<WorkbookRow>;
  /** A last row, set apart: sums, or a word in a column of text. */
  totals?: WorkbookRow;
}

/** A sheet ready to be written. */
export interface PlannedSheet {
  name: string;
  /** The row of the header, from 1. */
  headerRow: number;
  /** The part of the archive, some ten thousand characters at a time. */
  xml(): AsyncGenerator<string, void, undefined>;
}

/** Large enough that passing it on costs nothing, small enough to be nothing in memory. */
const PIECE_CHARS = 32 * 1024;

const WORKSHEET =
  '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">';

/**
 * Prepares a sheet, so that what is wrong with its columns is known before a file is begun.
 * @throws TypeError when there are no columns or more than a sheet can have
 */
export function planSheet(sheet: WorkbookSheet, first: boolean, styles: StyleBook): PlannedSheet {
  const { name, columns, title = [] } = sheet;
  if (columns.length === 0 || columns.length > EXCEL_MAX_COLUMNS) {
    throw new TypeError(`Sheet "${name}" has ${columns.length} columns: expected 1 to 16,384.`);
  }
  const headerRow = title.length === 0 ? 1 : title.length + 2;
  const letters = columns.map((_, at) => columnLetters(at + 1));
  const indents = indentsOf(columns);
  const rowWriter = (style: CellStyle) =>
    createRowWriter(
      name,
      letters,
      columns.map((column, at) => cellWriter(column, { ...style, indent: indents[at] }, styles)),
    );
  const bodyRow = rowWriter({});
  const totalsRow = rowWriter(TOTALS);
  const emptyTotals = columns.map((column) => styles.number({ ...TOTALS, ...columnStyle(column) }));
  const head = [
    WORKSHEET,
    '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>',
    viewXml(headerRow, first),
    '<sheetFormatPr defaultRowHeight="15"/>',
    columnsXml(columns, styles),
    '<sheetData>',
    titleXml(title, letters[columns.findIndex((column) => column.hidden !== true)], styles),
    headerXml(columns, letters, indents, headerRow, styles),
  ].join('');

  return {
    name,
    headerRow,
    async *xml() {
      let piece = head;
      let row = headerRow;
      const lastRow = EXCEL_MAX_ROWS - (sheet.totals === undefined ? 0 : 1);
      for await (const values of sheet.rows) {
        row += 1;
        if (row > lastRow) throw tooManyRows(name, lastRow - headerRow);
        piece += bodyRow(values, row);
        if (piece.length < PIECE_CHARS) continue;
        yield piece;
        piece = '';
      }
      if (sheet.totals) piece += totalsRow(sheet.totals, row + 1, emptyTotals);
      yield piece + tailXml(columns, letters);
    },
  };
}

const HEADER: CellStyle = { font: 'bold', frame: 'header', wrap: true };
const TOTALS: CellStyle = { font: 'bold', frame: 'totals' };

/** Which columns begin where the numbers of the column before end. */
function indentsOf(columns: readonly WorkbookColumn[]): boolean[] {
  const shown = columns.filter((column) => column.hidden !== true);
  return columns.map((column) => {
    const before = shown[shown.indexOf(column) - 1];
    if (before === undefined || columnStyle(before).align !== 'right') return false;
    const { align = 'left' } = columnStyle(column);
    return align === 'left';
  });
}

function tooManyRows(name: string, rows: number) {
  return sheetError(
    'sheet_too_large',
    `Sheet "${name}" has more than the ${rows} rows that fit: Excel opens at most ${EXCEL_MAX_ROWS} rows in a sheet. Write them in parts, by period for example.`,
    { data: { rows } },
  );
}

/**
 * XML of a row; empty for one without content, which a sheet need not mention.
 * `emptyStyles` gives cells without content a style, so that a line through the row has no gaps.
 */
function createRowWriter(name: string, letters: readonly string[], writers: readonly CellWriter[]) {
  return (values: WorkbookRow, row: number, emptyStyles?: readonly number[]): string => {
    if (values.length > writers.length) {
      throw new TypeError(
        `Sheet "${name}", row ${row}: ${values.length} values for ${writers.length} columns.`,
      );
    }
    let cells = '';
    let lines = 1;
    for (let at = 0; at < writers.length; at += 1) {
      const address = `${letters[at]}${row}`;
      const value = values[at] ?? null;
      const xml = value === null ? '' : writers[at]?.(address, value);
      if (typeof value === 'string' && value.includes('\n')) {
        lines = Math.max(lines, value.split('\n').length);
      }
      if (xml) cells += xml;
      else if (emptyStyles) cells += `<c r="${address}" s="${emptyStyles[at]}"/>`;
    }
    if (cells === '') return '';
    return `<row r="${row}"${lines === 1 ? '' : heightXml(lines * LINE_POINTS)}>${cells}</row>`;
  };
}

/** Height of a line of text. */
const LINE_POINTS = 15;
/** Excel's own limit. */
const HIGHEST_ROW_POINTS = 409;

/** LibreOffice does not find the height by itself in files that it did not write. */
function heightXml(points: number): string {
  return ` ht="${Math.min(points, HIGHEST_ROW_POINTS)}"`;
}

/** The header and what stands above it stay in sight. */
function viewXml(headerRow: number, first: boolean): string {
  const below = `A${headerRow + 1}`;
  const pane = `<pane ySplit="${headerRow}" topLeftCell="${below}" activePane="bottomLeft" state="frozen"/>`;
  const selection = `<selection pane="bottomLeft" activeCell="${below}" sqref="${below}"/>`;
  const selected = first ? ' tabSelected="1"' : '';
  return `<sheetViews><sheetView${selected} workbookViewId="0">${pane}${selection}</sheetView></sheetViews>`;
}

const WIDTHS: Record<CellContent['kind'], number> = {
  text: 26,
  money: 16,
  integer: 10,
  decimal: 12,
  day: 12,
  moment: 17,
  yesNo: 8,
};
/** Longer headers break into lines. */
const WIDEST_HEADER = 24;

function widthOf({ width, header, kind }: WorkbookColumn): number {
  return width ?? Math.max(WIDTHS[kind], charsOf(header, WIDEST_HEADER));
}

/** Bold letters are wider than those by which widths are counted. */
function charsOf(header: string, most = Number.POSITIVE_INFINITY): number {
  return Math.min(header.length, most) * 1.15 + 2;
}

function columnsXml(columns: readonly WorkbookColumn[], styles: StyleBook): string {
  const list = columns.map((column, at) => {
    const hidden = column.hidden === true ? ' hidden="1"' : '';
    const style = styles.number(columnStyle(column));
    return `<col min="${at + 1}" max="${at + 1}" width="${widthOf(column).toFixed(2)}" style="${style}" customWidth="1"${hidden}/>`;
  });
  return `<cols>${list.join('')}</cols>`;
}

const TITLE_POINTS = 21;

function titleXml(lines: readonly string[], letters = 'A', styles: StyleBook): string {
  const title = textWriter({ font: 'title' }, styles);
  const remark = textWriter({ font: 'remark' }, styles);
  return lines
    .map((line, at) => {
      const write = at === 0 ? title : remark;
      const height = heightXml(at === 0 ? TITLE_POINTS : LINE_POINTS);
      return `<row r="${at + 1}"${height}>${write(`${letters}${at + 1}`, line)}</row>`;
    })
    .join('');
}

function headerXml(
  columns: readonly WorkbookColumn[],
  letters: readonly string[],
  indents: readonly boolean[],
  row: number,
  styles: StyleBook,
): string {
  const cells = columns.map((column, at) => {
    const { align } = columnStyle(column);
    const style = { ...HEADER, align, indent: indents[at] };
    return textWriter(style, styles)(`${letters[at]}${row}`, column.header);
  });
  const lines = columns.map((column) => Math.ceil(charsOf(column.header) / widthOf(column)));
  const height = heightXml(Math.max(...lines) * LINE_POINTS + HEADER_PADDING_POINTS);
  return `<row r="${row}"${height}>${cells.join('')}</row>`;
}

const HEADER_PADDING_POINTS = 5;

/** A4; as many pages down as it takes, one across. */
function tailXml(columns: readonly WorkbookColumn[], letters: readonly string[]): string {
  const shown = columns.filter((column) => column.hidden !== true);
  const width = shown.reduce((sum, column) => sum + widthOf(column), 0);
  const orientation = width > PORTRAIT_CHARS ? 'landscape' : 'portrait';
  const all = `A1:${letters.at(-1)}${EXCEL_MAX_ROWS}`;
  return [
    '</sheetData>',
    '<pageMargins left="0.5" right="0.5" top="0.6" bottom="0.6" header="0.3" footer="0.3"/>',
    `<pageSetup paperSize="9" orientation="${orientation}" fitToWidth="1" fitToHeight="0"/>`,
    '<headerFooter><oddFooter>&amp;L&amp;A&amp;R&amp;P / &amp;N</oddFooter></headerFooter>',
    // No green corners: numbers that are text, such as codes, are so on purpose.
    `<ignoredErrors><ignoredError sqref="${all}" numberStoredAsText="1"/></ignoredErrors>`,
    '</worksheet>',
  ].join('');
}

/** What fits across an upright page without being made smaller. */
const PORTRAIT_CHARS = 95;
