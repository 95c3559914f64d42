import { describe, expect, it } from 'vitest';
import { StewardError } from '../platform/errors.ts';
import { integer, text } from './cell-kinds.ts';
import { readSheet } from './reading.ts';
import { column, defineSheet } from './sheet.ts';
import type { TestSheet } from './testing.ts';
import { rowCells, tableCells, workbookFile } from './testing.ts';

const sheet = defineSheet({
  name: 'parts',
  key: 'code',
  columns: [
    column({ key: 'code', header: { en: 'Code', ru: 'Код' }, required: true, kind: text() }),
    column({
      key: 'count',
      header: { en: 'Count, pcs', ru: 'Количество, шт' },
      aliases: ['Amount'],
      required: true,
      kind: integer({ min: 0, max: 100 }),
    }),
    column({ key: 'notes', header: { en: 'Notes', ru: 'Примечания' }, kind: text() }),
  ],
});

const read = (sheets: TestSheet[], only?: string) =>
  readSheet(sheet, workbookFile({ sheets }), { sheet: only });

async function failure(sheets: TestSheet[], only?: string): Promise<StewardError> {
  const error: unknown = await read(sheets, only).catch((reason: unknown) => reason);
  if (error instanceof StewardError) return error;
  throw new Error('No error.', { cause: error });
}

const list = tableCells([
  ['Code', 'Count, pcs'],
  ['A', 1],
]);

describe('finding the list', () => {
  it('finds it on any sheet, below titles, with columns in any order and place', async () => {
    const { found, passedOver, rows } = await read([
      { name: 'About', cells: { A1: 'A workbook about parts' } },
      {
        name: 'Parts 2026',
        cells: {
          A1: 'Parts',
          ...{ C5: 'Notes', D5: 'COUNT (PCS)', F5: 'code *' },
          ...{ D6: 7, F6: 'A-1' },
        },
      },
    ]);
    expect(found).toMatchObject({ sheet: 'Parts 2026', headerRow: 5, language: 'en', absent: [] });
    expect(found.columns).toEqual([
      { key: 'notes', header: 'Notes', letters: 'C' },
      { key: 'count', header: 'COUNT (PCS)', letters: 'D' },
      { key: 'code', header: 'code *', letters: 'F' },
    ]);
    expect(rows).toEqual([{ row: 6, key: 'A-1', values: { code: 'A-1', count: 7 }, faulty: [] }]);
    expect(passedOver.map(({ message }) => message)).toEqual([
      'Sheet "About" has none of the headers "Code", "Count, pcs".',
      'Row 1 stands above the header: "Parts".',
    ]);
  });

  it('finds it by Russian headers and by aliases', async () => {
    const russian = tableCells([
      ['КОД', 'Количество шт.'],
      ['A', 1],
    ]);
    const { found } = await read([{ name: 'Список', cells: russian }]);
    expect(found).toMatchObject({ language: 'ru', absent: ['notes'] });
    const alias = tableCells([
      ['code', 'amount'],
      ['A', 1],
    ]);
    expect((await read([{ name: 'S', cells: alias }])).found.columns).toHaveLength(2);
  });

  it('takes the sheet with more of the columns', async () => {
    const more = tableCells([
      ['Code', 'Count, pcs', 'Notes'],
      ['A', 1, 'x'],
    ]);
    const { found, passedOver } = await read([
      { name: 'Old', cells: list },
      { name: 'New', cells: more },
    ]);
    expect(found.sheet).toBe('New');
    expect(passedOver[0]?.message).toBe('Sheet "Old" has the columns too, but fewer of them.');
  });

  it('asks when two sheets fit equally, and takes the one that is named', async () => {
    const sheets: TestSheet[] = [
      { name: 'May', cells: list },
      { name: 'June', cells: list, state: 'hidden' },
    ];
    const error = await failure(sheets);
    expect(error.code).toBe('sheet_ambiguous');
    expect(error.message).toContain('"May" and "June" (hidden)');
    expect(error.data).toEqual({ sheets: ['May', 'June'] });
    expect((await read(sheets, 'june')).found.sheet).toBe('June');
    const unknown = await failure(sheets, 'Jume');
    expect(unknown.code).toBe('sheet_not_found');
    expect(unknown.message).toContain('it has "May", "June". Did you mean "June"?');
  });

  it('says for each sheet what is missing, and what was probably meant', async () => {
    const error = await failure([
      { name: 'Notes', cells: { B2: 'nothing here' } },
      { name: 'Parts', cells: { ...rowCells(3, ['Code', 'Count, psc', 'Notes']) } },
    ]);
    expect(error.code).toBe('sheet_header_not_found');
    expect(error.issues).toEqual([
      {
        path: 'Parts!3',
        message:
          'Sheet "Parts", row 3 has "Code", "Notes", and lacks "Count, pcs". Did you mean "Count, pcs" in B3, which says "Count, psc"?',
      },
      { path: 'Notes!1', message: 'Sheet "Notes" has none of the headers "Code", "Count, pcs".' },
    ]);
    expect(error.message).toContain('Did you mean "Count, pcs" in B3');
  });

  it('speaks of missing headers in the language of the others', async () => {
    const error = await failure([{ name: 'S', cells: rowCells(1, ['Код', 'Примечания']) }]);
    expect(error.issues[0]?.message).toContain('lacks "Количество, шт"');
  });

  it('refuses a header that stands there twice', async () => {
    const cells = tableCells([
      ['Code', 'Amount', 'Count, pcs'],
      ['A', 1, 2],
    ]);
    const error = await failure([{ name: 'S', cells }]);
    expect(error.code).toBe('sheet_header_repeated');
    expect(error.message).toContain('S!B1 and C1 both mean the column "Count, pcs"');
  });

  it('does not look for it below the first 50 rows', async () => {
    const cells = { ...rowCells(51, ['Code', 'Count, pcs']), ...rowCells(52, ['A', 1]) };
    expect((await failure([{ name: 'S', cells }])).code).toBe('sheet_header_not_found');
  });

  it('names a workbook whose sheets are empty', async () => {
    expect((await failure([{ name: 'S', cells: {} }])).code).toBe('sheet_header_not_found');
  });
});

describe('what is passed over', () => {
  it('lists unknown columns, columns without header, empty rows and macros', async () => {
    const file = workbookFile({
      sheets: [
        {
          name: 'S',
          cells: {
            ...rowCells(1, ['Code', 'Amount', 'Nots', 'Colour']),
            ...rowCells(2, ['A', 1, 'x', 'red']),
            ...rowCells(4, ['B', 1]),
            ...rowCells(7, ['C', 1]),
            ...{ F7: 'aside', F9: 'aside', A10: ' ' },
          },
        },
      ],
      parts: [{ name: 'xl/vbaProject.bin', data: 'x' }],
    });
    const { passedOver, rows } = await readSheet(sheet, file);
    expect(rows.map(({ row }) => row)).toEqual([2, 4, 7]);
    expect(passedOver.map(({ where, message }) => `${where} ${message}`)).toEqual([
      'S!C1 Column C ("Nots") is none of the list. Did you mean "Notes"?',
      'S!D1 Column D ("Colour") is none of the list.',
      'S!F7 Column F has 2 cells with content and no header.',
      'S!A3 Row 3 is empty.',
      'S!A5 Rows 5 to 6 are empty.',
      'workbook The workbook has macros; they are never run.',
    ]);
  });
});

describe('declaring a sheet', () => {
  it('refuses headers that mean two columns, and a key that may be missing', () => {
    const code = column({ key: 'code', header: { en: 'Code', ru: 'Код' }, kind: text() });
    const same = column({ key: 'same', header: { en: 'co de', ru: 'То же' }, kind: text() });
    expect(() => defineSheet({ name: 's', key: 'code', columns: [code, same] })).toThrow('both');
    expect(() => defineSheet({ name: 's', key: 'code', columns: [code] })).toThrow('required');
  });
});
