import type { SheetFile } from './file.ts';
import { loadFile } from './file.ts';
import type { SheetLimits } from './limits.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { SheetRow } from './rows.ts';
import { readRows } from './rows.ts';
import { sheetError } from './sheet-errors.ts';
import { readWorkbookParts } from './workbook-parts.ts';
import { openArchive } from './zip.ts';

/** A workbook whose sheets can be read row by row, each as often as one likes. */
export interface Workbook {
  fileName: string;
  bytes: number;
  /** Of the whole file, in hexadecimal. */
  sha256: string;
  /** In the order of the tabs; `cells` is false for charts. */
  sheets: readonly { name: string; hidden: boolean; cells: boolean }[];
  /** Macros inside: never run, never looked at. */
  hasMacros: boolean;
  /**
   * Rows with content, in order, some hundred at a time. Ending the loop early stops the reading.
   * @throws StewardError `sheet_damaged`, `sheet_too_large`, `sheet_forbidden_xml`
   */
  rows(sheetName: string): AsyncGenerator<SheetRow[], void, undefined>;
}

/**
 * Opens an .xlsx file given as a path or as bytes.
 * @throws StewardError of kind `invalid`, codes `sheet_…`: see `sheet-errors.ts`
 */
export async function openWorkbook(
  file: SheetFile,
  limits: SheetLimits = DEFAULT_LIMITS,
): Promise<Workbook> {
  const loaded = await loadFile(file, limits);
  const archive = await openArchive(loaded, limits);
  const parts = await readWorkbookParts(loaded.name, archive, limits);
  return {
    fileName: loaded.name,
    bytes: loaded.bytes.length,
    sha256: loaded.sha256,
    sheets: parts.sheets.map(({ name, hidden, part }) => ({ name, hidden, cells: part !== null })),
    hasMacros: archive.names().some((name) => /vbaProject\.bin$/i.test(name)),
    rows(sheetName) {
      const part = parts.sheets.find((sheet) => sheet.name === sheetName)?.part;
      if (!part) throw sheetError('sheet_not_found', `There is no sheet "${sheetName}".`);
      return readRows(sheetName, part, archive.read(part), parts, limits);
    },
  };
}
