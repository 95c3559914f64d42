import { sheetError } from './sheet-errors.ts';
import type { PlannedSheet, WorkbookSheet } from './write-sheet.ts';
import { planSheet } from './write-sheet.ts';
import { createStyleBook } from './write-styles.ts';
import { beginFile } from './write-target.ts';
import { xmlAttribute, xmlText } from './write-texts.ts';
import { createZipWriter } from './write-zip.ts';

/**
 * Writes an .xlsx workbook: per sheet an optional title, a header that stays in sight, the rows,
 * an optional row of totals. Memory does not grow with the number of rows. The file appears when
 * it is complete; one that was there before is replaced then, or left alone when anything fails.
 * The same sheets give the same bytes.
 *
 * Numbers, money and dates are real ones in the file, except what Excel would not keep exactly:
 * more than 15 digits, and days before 1900-03-01, are written as text. Text is always text, also
 * when it looks like a formula.
 * @param target path of the file; its folder must be there
 * @throws StewardError `sheet_file_unwritable`, `sheet_name_invalid`, and `sheet_too_large` for
 *   more rows than a sheet can have or a text longer than a cell can hold; errors of the rows'
 *   source go through as they are
 * @throws TypeError for values that do not fit their columns
 */
export async function writeWorkbook(
  target: string,
  sheets: readonly WorkbookSheet[],
): Promise<void> {
  refuseBadNames(sheets.map((sheet) => sheet.name));
  const styles = createStyleBook();
  const planned = sheets.map((sheet, at) => planSheet(sheet, at === 0, styles));
  const file = await beginFile(target);
  try {
    const zip = createZipWriter(file);
    await zip.add('[Content_Types].xml', [contentTypesXml(planned.length)]);
    await zip.add('_rels/.rels', [relationsXml([['officeDocument', 'xl/workbook.xml']])]);
    await zip.add('xl/workbook.xml', [workbookXml(planned)]);
    await zip.add('xl/_rels/workbook.xml.rels', [
      relationsXml([
        ...planned.map((_, at) => ['worksheet', sheetPart(at)] as const),
        ['styles', 'styles.xml'],
      ]),
    ]);
    await zip.add('xl/styles.xml', [styles.xml()]);
    for (const [at, sheet] of planned.entries()) await zip.add(`xl/${sheetPart(at)}`, sheet.xml());
    await zip.finish();
    await file.keep();
  } catch (error) {
    await file.discard();
    throw error;
  }
}

const MAX_NAME_CHARS = 31;

/** Excel offers to repair a workbook whose sheets have other names, and removes things then. */
function refuseBadNames(names: readonly string[]): void {
  if (names.length === 0) throw new TypeError('A workbook has at least one sheet.');
  const seen = new Set<string>();
  for (const name of names) {
    const fault = nameFault(name) ?? (seen.has(name.toLowerCase()) ? 'is there twice' : null);
    if (fault !== null) {
      throw sheetError('sheet_name_invalid', `The name of a sheet, "${name}", ${fault}.`);
    }
    seen.add(name.toLowerCase());
  }
}

function nameFault(name: string): string | null {
  if (name.trim() === '') return 'is empty';
  if (name.length > MAX_NAME_CHARS) {
    return `has ${name.length} characters; Excel takes at most ${MAX_NAME_CHARS}`;
  }
  if (/[[\]:*?/\\\p{Cc}\ufffe\uffff]/u.test(name) || !name.isWellFormed()) {
    return 'has a character that Excel does not take: none of [ ] : * ? / \\ may be in it';
  }
  if (/^'|'$/.test(name)) return 'begins or ends with an apostrophe, which Excel does not take';
  return name.toLowerCase() === 'history' ? 'is reserved by Excel' : null;
}

function sheetPart(at: number): string {
  return `worksheets/sheet${at + 1}.xml`;
}

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const SPREADSHEET = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

function contentTypesXml(sheets: number): string {
  const override = (part: string, type: string) =>
    `<Override PartName="/xl/${part}" ContentType="${SPREADSHEET}.${type}+xml"/>`;
  return [
    `${XML}<Types xmlns="${PACKAGE}/content-types">`,
    `<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>`,
    '<Default Extension="xml" ContentType="application/xml"/>',
    override('workbook.xml', 'sheet.main'),
    override('styles.xml', 'styles'),
    ...Array.from({ length: sheets }, (_, at) => override(sheetPart(at), 'worksheet')),
    '</Types>',
  ].join('');
}

/** Relations are numbered from 1 in the order given. */
function relationsXml(relations: readonly (readonly [type: string, target: string])[]): string {
  const list = relations.map(
    ([type, target], at) =>
      `<Relationship Id="rId${at + 1}" Type="${OFFICE}/${type}" Target="${target}"/>`,
  );
  return `${XML}<Relationships xmlns="${PACKAGE}/relationships">${list.join('')}</Relationships>`;
}

function workbookXml(sheets: readonly PlannedSheet[]): string {
  const tabs = sheets.map(
    ({ name }, at) =>
      `<sheet name="${xmlAttribute(name)}" sheetId="${at + 1}" r:id="rId${at + 1}"/>`,
  );
  // The header is repeated on every printed page.
  const printTitles = sheets.map(({ name, headerRow }, at) => {
    const rows = `'${xmlText(name.replaceAll("'", "''"))}'!$${headerRow}:$${headerRow}`;
    return `<definedName name="_xlnm.Print_Titles" localSheetId="${at}">${rows}</definedName>`;
  });
  return [
    `${XML}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}">`,
    '<bookViews><workbookView/></bookViews>',
    `<sheets>${tabs.join('')}</sheets>`,
    `<definedNames>${printTitles.join('')}</definedNames>`,
    '</workbook>',
  ].join('');
}
