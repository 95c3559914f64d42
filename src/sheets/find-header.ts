import { nearest } from '../platform/nearest.ts';
import { cellAddress, columnLetters } from './address.ts';
import { cleanText } from './cell.ts';
import { HEADER_SEARCH_ROWS } from './limits.ts';
import type { PassedOver } from './passed-over.ts';
import type { SheetRow } from './rows.ts';
import type { AnyColumn, HeaderLanguage, Sheet } from './sheet.ts';
import { normalHeader } from './sheet.ts';
import { sheetError } from './sheet-errors.ts';
import type { Workbook } from './workbook.ts';

/** Where a declared column stands in the file. */
export interface FoundColumn {
  key: string;
  /** As the file writes it. */
  header: string;
  /** `D`. */
  letters: string;
}

/** The list that was found in a workbook. */
export interface FoundList {
  sheet: string;
  headerRow: number;
  language: HeaderLanguage;
  /** In the order of the file. */
  columns: FoundColumn[];
  /** Declared columns that the file does not have: those fields stay as they are. */
  absent: string[];
}

/** The found list, with what reading its rows needs. */
export interface Header extends FoundList {
  /** Column number → its declaration, for columns that are read. */
  byColumn: Map<number, AnyColumn>;
  /** Column number → header of a column that is not declared. */
  unknown: Map<number, string>;
  passedOver: PassedOver[];
}

/** One row that may be a header. */
interface Candidate {
  sheet: string;
  hidden: boolean;
  row: number;
  /** Texts of the row by column number. */
  texts: Map<number, string>;
  /** Column numbers by the key they match; several when a header is repeated. */
  matches: Map<string, number[]>;
}

/**
 * Looks for the header in the first rows of every sheet: the row with the most known columns, all
 * required ones among them.
 * @param only name of the sheet to look in; every sheet unless given
 * @throws StewardError `sheet_header_not_found`, `sheet_header_repeated`, `sheet_ambiguous`,
 *   `sheet_not_found`, and what reading rows throws
 */
export async function findHeader(
  sheet: Sheet<readonly AnyColumn[]>,
  workbook: Workbook,
  only: string | undefined,
): Promise<Header> {
  const wanted = only === undefined ? undefined : sheetByName(workbook, only);
  const passedOver: PassedOver[] = [];
  const candidates: Candidate[] = [];
  const above = new Map<string, SheetRow[]>();
  for (const { name, hidden, cells } of workbook.sheets) {
    if (wanted !== undefined && name !== wanted) {
      passedOver.push({
        kind: 'sheet',
        where: name,
        message: `Sheet "${name}" was not asked for.`,
      });
    } else if (!cells) {
      passedOver.push({ kind: 'sheet', where: name, message: `Sheet "${name}" is a chart.` });
    } else {
      const rows = await firstRows(workbook, name);
      above.set(name, rows);
      candidates.push(bestRow(sheet, name, hidden, rows));
    }
  }
  const fitting = candidates.filter((candidate) => missingColumns(sheet, candidate).length === 0);
  const chosen = choose(sheet, workbook, fitting, candidates);
  for (const candidate of candidates) {
    if (candidate !== chosen) passedOver.push(passedSheet(sheet, candidate, fitting));
  }
  for (const { row, cells } of above.get(chosen.sheet) ?? []) {
    if (row >= chosen.row) break;
    const shown = excerpt(cells.map((cell) => headerText(cell.raw)).join(' | '));
    passedOver.push({
      kind: 'row_above_header',
      where: `${chosen.sheet}!A${row}`,
      message: `Row ${row} stands above the header: ${shown}.`,
    });
  }
  return describe(sheet, chosen, passedOver);
}

function sheetByName(workbook: Workbook, wanted: string): string {
  const names = workbook.sheets.map((one) => one.name);
  const same = (name: string) => name.trim().toLowerCase() === wanted.trim().toLowerCase();
  const found = names.find((name) => name === wanted) ?? names.find(same);
  if (found !== undefined) return found;
  const meant = nearest(wanted.slice(0, 100), names);
  const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`;
  throw sheetError(
    'sheet_not_found',
    `"${workbook.fileName}" has no sheet "${wanted}"; it has ${quoted(names)}.${hint}`,
    { data: { sheets: names } },
  );
}

async function firstRows(workbook: Workbook, name: string): Promise<SheetRow[]> {
  const rows: SheetRow[] = [];
  for await (const piece of workbook.rows(name)) {
    for (const row of piece) {
      if (row.row > HEADER_SEARCH_ROWS) return rows;
      rows.push(row);
    }
  }
  return rows;
}

function bestRow(
  sheet: Sheet<readonly AnyColumn[]>,
  name: string,
  hidden: boolean,
  rows: readonly SheetRow[],
): Candidate {
  let best: Candidate = { sheet: name, hidden, row: 1, texts: new Map(), matches: new Map() };
  for (const { row, cells } of rows) {
    const candidate: Candidate = { ...best, row, texts: new Map(), matches: new Map() };
    for (const { column, raw } of cells) {
      const text = headerText(raw);
      candidate.texts.set(column, text);
      const key = sheet.headers.get(normalHeader(text));
      if (key !== undefined) {
        candidate.matches.set(key, [...(candidate.matches.get(key) ?? []), column]);
      }
    }
    if (candidate.matches.size > best.matches.size) best = candidate;
  }
  return best;
}

function headerText(raw: unknown): string {
  return typeof raw === 'string' ? cleanText(raw.slice(0, 500)).replace(/\s+/g, ' ') : `${raw}`;
}

function missingColumns(sheet: Sheet<readonly AnyColumn[]>, candidate: Candidate): AnyColumn[] {
  return sheet.columns.filter((one) => one.required && !candidate.matches.has(one.key));
}

function choose(
  sheet: Sheet<readonly AnyColumn[]>,
  workbook: Workbook,
  fitting: readonly Candidate[],
  candidates: readonly Candidate[],
): Candidate {
  const most = Math.max(0, ...fitting.map((candidate) => candidate.matches.size));
  const best = fitting.filter((candidate) => candidate.matches.size === most);
  const [chosen, other] = best;
  if (!chosen) throw headerNotFound(sheet, workbook, candidates);
  if (other) {
    const names = best.map((one) => `"${one.sheet}"${one.hidden ? ' (hidden)' : ''}`);
    throw sheetError(
      'sheet_ambiguous',
      `${names.join(' and ')} of "${workbook.fileName}" both have the columns of the list of ${sheet.name}: say which one with the option "sheet".`,
      { data: { sheets: best.map((one) => one.sheet) } },
    );
  }
  for (const [key, columns] of chosen.matches) {
    const addresses = columns.map((column) => cellAddress(column, chosen.row));
    if (columns.length < 2) continue;
    throw sheetError(
      'sheet_header_repeated',
      `${chosen.sheet}!${addresses.join(' and ')} both mean the column "${headerOf(sheet, key, 'en')}": rename or remove one of them.`,
      { data: { sheet: chosen.sheet, addresses } },
    );
  }
  return chosen;
}

function headerNotFound(
  sheet: Sheet<readonly AnyColumn[]>,
  workbook: Workbook,
  candidates: readonly Candidate[],
) {
  const sorted = [...candidates].sort((one, other) => other.matches.size - one.matches.size);
  const issues = sorted.map((candidate) => ({
    path: `${candidate.sheet}!${candidate.row}`,
    message: nearMiss(sheet, candidate),
  }));
  return sheetError(
    'sheet_header_not_found',
    `No sheet of "${workbook.fileName}" has the columns of the list of ${sheet.name} in its first ${HEADER_SEARCH_ROWS} rows. ${issues[0]?.message ?? 'It has no sheet with cells.'}`,
    { issues, data: { required: sheet.columns.filter((c) => c.required).map((c) => c.header.en) } },
  );
}

/** One sentence or two: what the nearest row has, what it lacks, and what was probably meant. */
function nearMiss(sheet: Sheet<readonly AnyColumn[]>, candidate: Candidate): string {
  const language = languageOf(sheet, candidate);
  const missing = missingColumns(sheet, candidate).map((one) => one.header[language]);
  if (candidate.matches.size === 0) {
    return `Sheet "${candidate.sheet}" has none of the headers ${quoted(missing)}.`;
  }
  const known = [...candidate.matches.keys()].map((key) => headerOf(sheet, key, language));
  const meant = missing.flatMap((header) => {
    const key = sheet.headers.get(normalHeader(header));
    const cell = [...candidate.texts].find(([, text]) => meantKey(sheet, text) === key);
    if (!cell) return [];
    const address = cellAddress(cell[0], candidate.row);
    return [` Did you mean "${header}" in ${address}, which says "${cell[1].slice(0, 60)}"?`];
  });
  return `Sheet "${candidate.sheet}", row ${candidate.row} has ${quoted(known)}, and lacks ${quoted(missing)}.${meant.join('')}`;
}

/** Key of the column whose header is nearest to a text that is no header itself. */
function meantKey(sheet: Sheet<readonly AnyColumn[]>, text: string): string | undefined {
  const normal = normalHeader(text.slice(0, 60));
  if (normal === '' || sheet.headers.has(normal)) return undefined;
  const meant = nearest(normal, sheet.headers.keys());
  return meant === undefined ? undefined : sheet.headers.get(meant);
}

function passedSheet(
  sheet: Sheet<readonly AnyColumn[]>,
  candidate: Candidate,
  fitting: readonly Candidate[],
): PassedOver {
  const message = fitting.includes(candidate)
    ? `Sheet "${candidate.sheet}" has the columns too, but fewer of them.`
    : nearMiss(sheet, candidate);
  return { kind: 'sheet', where: candidate.sheet, message };
}

function describe(
  sheet: Sheet<readonly AnyColumn[]>,
  chosen: Candidate,
  passedOver: PassedOver[],
): Header {
  const byColumn = new Map<number, AnyColumn>();
  const unknown = new Map<number, string>();
  const columns: FoundColumn[] = [];
  for (const [column, text] of chosen.texts) {
    const key = sheet.headers.get(normalHeader(text));
    const declared = sheet.columns.find((one) => one.key === key);
    if (declared) {
      byColumn.set(column, declared);
      columns.push({ key: declared.key, header: text, letters: columnLetters(column) });
      continue;
    }
    unknown.set(column, text);
    const meant = meantKey(sheet, text);
    const hint =
      meant === undefined || chosen.matches.has(meant)
        ? ''
        : ` Did you mean "${headerOf(sheet, meant, languageOf(sheet, chosen))}"?`;
    passedOver.push({
      kind: 'column',
      where: `${chosen.sheet}!${cellAddress(column, chosen.row)}`,
      message: `Column ${columnLetters(column)} ("${text.slice(0, 60)}") is none of the list.${hint}`,
    });
  }
  return {
    sheet: chosen.sheet,
    headerRow: chosen.row,
    language: languageOf(sheet, chosen),
    columns,
    absent: sheet.columns.filter((one) => !chosen.matches.has(one.key)).map((one) => one.key),
    byColumn,
    unknown,
    passedOver,
  };
}

/** The language that most headers of the row are written in. */
function languageOf(sheet: Sheet<readonly AnyColumn[]>, candidate: Candidate): HeaderLanguage {
  let cyrillic = 0;
  for (const [key, columns] of candidate.matches) {
    const text = candidate.texts.get(columns[0] ?? 0) ?? key;
    if (/\p{Script=Cyrillic}/u.test(text)) cyrillic += 1;
  }
  return sheet.columns.length > 0 && cyrillic * 2 > candidate.matches.size ? 'ru' : 'en';
}

function headerOf(
  sheet: Sheet<readonly AnyColumn[]>,
  key: string,
  language: HeaderLanguage,
): string {
  return sheet.columns.find((one) => one.key === key)?.header[language] ?? key;
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `"${word}"`).join(', ');
}

function excerpt(text: string): string {
  return text.length > 100 ? `"${text.slice(0, 100)}…"` : `"${text}"`;
}
