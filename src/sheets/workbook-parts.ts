import { posix } from 'node:path';
import type { SheetLimits } from './limits.ts';
import type { NumberFormat } from './number-format.ts';
import { numberFormat } from './number-format.ts';
import { sheetError } from './sheet-errors.ts';
import type { XmlAttributes } from './xml.ts';
import { readXml } from './xml.ts';
import type { Archive } from './zip.ts';

/** What the workbook says of one of its sheets. */
export interface SheetPart {
  name: string;
  hidden: boolean;
  /** Part of the archive; null for charts and dialogs, which have no cells. */
  part: string | null;
}

/** Everything but the cells. */
export interface WorkbookParts {
  sheets: SheetPart[];
  /** Days count from 1904 instead of 1900. */
  date1904: boolean;
  /** By the style number of a cell. */
  formats: NumberFormat[];
  /** By the index in a cell of type `s`. */
  strings: string[];
}

/**
 * Finds the parts by their relations, as the standard demands: names of parts are only a habit.
 * @throws StewardError `sheet_not_xlsx`, `sheet_damaged`, `sheet_too_large`,
 *   `sheet_forbidden_xml`
 */
export async function readWorkbookParts(
  fileName: string,
  archive: Archive,
  limits: SheetLimits,
): Promise<WorkbookParts> {
  refuseOtherArchives(fileName, archive);
  const root = await readRelations(archive, '', limits);
  const main = root.find((relation) => relation.type === 'officeDocument')?.target;
  const workbook = main ?? 'xl/workbook.xml';
  if (!archive.has(workbook)) throw notAWorkbook(fileName, 'a zip archive without a workbook');
  const relations = await readRelations(archive, workbook, limits);
  const { sheets, date1904 } = await readWorkbook(archive, workbook, relations, limits);
  if (sheets.length === 0) throw notAWorkbook(fileName, 'an office document without sheets');
  const target = (type: string) => relations.find((relation) => relation.type === type)?.target;
  return {
    sheets,
    date1904,
    formats: await readFormats(archive, target('styles'), limits),
    strings: await readSharedStrings(fileName, archive, target('sharedStrings'), limits),
  };
}

function refuseOtherArchives(fileName: string, archive: Archive): void {
  const names = archive.names().map((name) => name.toLowerCase());
  if (names.includes('xl/workbook.bin')) throw notAWorkbook(fileName, 'a binary workbook (.xlsb)');
  if (names.includes('mimetype') && names.includes('content.xml')) {
    throw notAWorkbook(fileName, 'an OpenDocument file (.ods)');
  }
  if (names.includes('word/document.xml')) throw notAWorkbook(fileName, 'a Word document');
}

function notAWorkbook(fileName: string, found: string) {
  return sheetError(
    'sheet_not_xlsx',
    `"${fileName}" is ${found}, not .xlsx. Open it in Excel or LibreOffice and save it as "Excel workbook (.xlsx)".`,
  );
}

interface Relation {
  id: string;
  /** Last word of the type: transitional and strict files differ in what stands before it. */
  type: string;
  /** Name of a part; external targets are left out and never followed. */
  target: string;
}

async function readRelations(
  archive: Archive,
  part: string,
  limits: SheetLimits,
): Promise<Relation[]> {
  const folder = posix.dirname(part);
  const name = posix.join(folder, '_rels', `${posix.basename(part)}.rels`);
  if (!archive.has(name)) return [];
  const relations: Relation[] = [];
  await readXml(name, archive.read(name), limits, {
    open(element, attributes) {
      if (element !== 'Relationship' || attributes.TargetMode === 'External') return;
      const target = attributes.Target ?? '';
      relations.push({
        id: attributes.Id ?? '',
        type: (attributes.Type ?? '').replace(/^.*\//, ''),
        target: posix.normalize(
          target.startsWith('/') ? target.slice(1) : posix.join(folder, target),
        ),
      });
    },
    close() {},
    text() {},
  });
  return relations;
}

async function readWorkbook(
  archive: Archive,
  part: string,
  relations: readonly Relation[],
  limits: SheetLimits,
): Promise<{ sheets: SheetPart[]; date1904: boolean }> {
  const sheets: SheetPart[] = [];
  let date1904 = false;
  await readXml(part, archive.read(part), limits, {
    open(element, attributes) {
      if (element === 'workbookPr') date1904 = isTrue(attributes.date1904);
      if (element !== 'sheet') return;
      if (sheets.length >= limits.sheets) {
        throw sheetError('sheet_too_large', `The workbook has more than ${limits.sheets} sheets.`);
      }
      const id = relationId(attributes);
      const relation = relations.find((one) => one.id === id && one.type === 'worksheet');
      sheets.push({
        name: attributes.name ?? `Sheet ${sheets.length + 1}`,
        hidden: attributes.state === 'hidden' || attributes.state === 'veryHidden',
        part: relation?.target ?? null,
      });
    },
    close() {},
    text() {},
  });
  return { sheets, date1904 };
}

/** The namespace prefix is usually `r`, but any is legal. */
function relationId(attributes: XmlAttributes): string | undefined {
  const name = Object.keys(attributes).find((key) => key.endsWith(':id'));
  return name === undefined ? undefined : attributes[name];
}

export function isTrue(value: string | undefined): boolean {
  return value === '1' || value === 'true';
}

async function readFormats(
  archive: Archive,
  part: string | undefined,
  limits: SheetLimits,
): Promise<NumberFormat[]> {
  if (part === undefined || !archive.has(part)) return [];
  const codes = new Map<number, string>();
  const ids: number[] = [];
  let inCellFormats = false;
  await readXml(part, archive.read(part), limits, {
    open(element, attributes) {
      if (element === 'numFmt') codes.set(Number(attributes.numFmtId), attributes.formatCode ?? '');
      if (element === 'cellXfs') inCellFormats = true;
      if (element === 'xf' && inCellFormats) ids.push(Number(attributes.numFmtId ?? 0));
      if (ids.length > limits.styles || codes.size > limits.styles) {
        throw sheetError('sheet_too_large', `There are more than ${limits.styles} cell formats.`);
      }
    },
    close(element) {
      if (element === 'cellXfs') inCellFormats = false;
    },
    text() {},
  });
  return ids.map((id) => numberFormat(id, codes.get(id)));
}

async function readSharedStrings(
  fileName: string,
  archive: Archive,
  part: string | undefined,
  limits: SheetLimits,
): Promise<string[]> {
  const strings: string[] = [];
  if (part === undefined || !archive.has(part)) return strings;
  const collector = createTextCollector(limits.cellChars, () => {
    throw sheetError(
      'sheet_too_large',
      `"${fileName}" holds a text of more than ${limits.cellChars} characters, which is Excel's limit for a cell.`,
    );
  });
  let chars = 0;
  await readXml(part, archive.read(part), limits, {
    open(element) {
      if (element === 'si') collector.start();
      else collector.open(element);
    },
    close(element) {
      if (element !== 'si') return collector.close(element);
      const text = collector.finish();
      chars += text.length;
      strings.push(text);
      if (chars > limits.sharedStringChars || strings.length > limits.sharedStrings) {
        throw sheetError(
          'sheet_too_large',
          `"${fileName}" holds more text than is read (${limits.sharedStrings} texts, ${limits.sharedStringChars} characters): split the list.`,
        );
      }
    },
    text: collector.text,
  });
  return strings;
}

/** Collects the text of `<t>` elements, rich text too; reading aids (`rPh`) are left out. */
export interface TextCollector {
  start(): void;
  open(element: string): void;
  close(element: string): void;
  text(text: string): void;
  finish(): string;
}

export function createTextCollector(maxChars: number, onTooLong: () => never): TextCollector {
  let collected = '';
  let inText = false;
  let phonetic = false;
  return {
    start() {
      collected = '';
      inText = false;
      phonetic = false;
    },
    open(element) {
      if (element === 't') inText = !phonetic;
      else if (element === 'rPh') phonetic = true;
    },
    close(element) {
      if (element === 't') inText = false;
      else if (element === 'rPh') phonetic = false;
    },
    text(text) {
      if (!inText) return;
      collected += text;
      if (collected.length > maxChars) onTooLong();
    },
    finish: () => unescapeText(detach(collected)),
  };
}

/** Excel writes characters that XML cannot hold, and carriage returns, as `_x000D_`. */
function unescapeText(text: string): string {
  if (!text.includes('_x')) return text;
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}

/** V8 makes slices of this length and more point into the text they were cut from. */
const SHORTEST_SLICE = 13;

/**
 * A copy of its own. Without it a cell of 20 characters keeps alive the 64 KB of XML it was cut
 * from, and a table held in memory costs as much as its whole XML.
 */
export function detach(text: string): string {
  return text.length < SHORTEST_SLICE ? text : Buffer.from(text, 'utf8').toString('utf8');
}
