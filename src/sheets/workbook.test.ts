import { describe, expect, it } from 'vitest';
import { cellAddress } from './address.ts';
import type { SheetFile } from './file.ts';
import type { TestWorkbook } from './testing.ts';
import { workbookFile } from './testing.ts';
import { openWorkbook } from './workbook.ts';

/** Every cell of a sheet by its address. */
async function cellsOf(file: SheetFile, sheet?: string) {
  const workbook = await openWorkbook(file);
  const cells: Record<string, unknown> = {};
  for await (const rows of workbook.rows(sheet ?? workbook.sheets[0]?.name ?? '')) {
    for (const { row, cells: list } of rows) {
      for (const cell of list) {
        cells[cellAddress(cell.column, row)] = cell.problem ?? cell.raw;
      }
    }
  }
  return cells;
}

const read = (workbook: TestWorkbook) => cellsOf(workbookFile(workbook));
const one = (cells: TestWorkbook['sheets'][0]['cells'], more: Partial<TestWorkbook> = {}) =>
  read({ sheets: [{ name: 'S', cells }], ...more });

describe('the samples', () => {
  it('reads what LibreOffice saved, with cells at the addresses that it shows', async () => {
    const cells = await cellsOf('samples/services.xlsx');
    expect(cells).toMatchObject({
      A1: 'Price list, autumn 2026',
      A4: 'Code',
      I4: 'Notes',
      A5: 'CLEAN-STD',
      D7: 75.5,
      H34: 'yes',
    });
    expect(cells).not.toHaveProperty('D34');
    expect(Object.keys(cells)).not.toContain('B1');
  });

  it('reads what openpyxl saved: texts inside the cells, dates as formatted numbers', async () => {
    const cells = await cellsOf('samples/candidates.xlsx');
    expect(cells).toMatchObject({
      A2: 'Ines Volkova',
      D2: new Date('1968-04-24T00:00:00Z'),
      G2: new Date('2026-10-25T17:27:00Z'),
      I3: 90.2,
    });
    expect(Object.keys(cells).filter((address) => /^A\d+$/.test(address))).toHaveLength(321);
  });

  it('reads Russian texts, and dates of birth that are text in every other row', async () => {
    const cells = await cellsOf('samples/candidates.ru.xlsx');
    expect(cells).toMatchObject({
      A1: 'Отбор кандидатов, ноябрь 2026',
      A3: 'ФИО',
      D4: new Date('1986-11-20T00:00:00Z'),
      D5: '12.01.1998',
    });
  });

  it('lists the sheets and hashes the file', async () => {
    const workbook = await openWorkbook('samples/services.xlsx');
    expect(workbook.sheets.map((sheet) => sheet.name)).toEqual(['Price list', 'Notes']);
    expect(workbook.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(workbook.fileName).toBe('services.xlsx');
  });
});

describe('addresses', () => {
  it('keeps them when rows and columns in front are empty', async () => {
    expect(await one({ C4: 'Code', D6: 75.5 })).toEqual({ C4: 'Code', D6: 75.5 });
  });

  it('counts cells and rows that carry no address', async () => {
    const xml =
      '<row><c><v>1</v></c><c/><c><v>3</v></c></row><row r="5"><c r="B5"><v>4</v></c><c><v>5</v></c></row><row><c><v>6</v></c></row>';
    expect(await one(xml)).toEqual({ A1: 1, C1: 3, B5: 4, C5: 5, A6: 6 });
  });

  it('reads the last cell that Excel has', async () => {
    expect(await one({ XFD1048576: 1 })).toEqual({ XFD1048576: 1 });
  });
});

describe('texts', () => {
  const strings = [
    '<t>plain</t>',
    '<r><t>rich </t></r><r><rPr><b/></rPr><t>text</t></r>',
    '<t>課長</t><rPh sb="0" eb="2"><t>カチョウ</t></rPh>',
    '<t/>',
    '<t>a_x000D__x000A_b &amp; &#1071; <![CDATA[<c>]]></t>',
  ];
  const shared = (index: number) => ({ attributes: 't="s"', xml: `<v>${index}</v>` });

  it('reads shared strings that come after the sheet in the archive', async () => {
    const cells = { A1: shared(0), B1: shared(1), C1: shared(2), D1: shared(3), E1: shared(4) };
    expect(await one(cells, { strings })).toEqual({
      A1: 'plain',
      B1: 'rich text',
      C1: '課長',
      E1: 'a\r\nb & Я <c>',
    });
  });

  it('understands element names with a namespace prefix', async () => {
    const file = workbookFile({
      sheets: [{ name: 'S', cells: '' }],
      parts: [
        {
          name: 'xl/worksheets/sheet1.xml',
          data: '<x:worksheet xmlns:x="m"><x:sheetData><x:row r="2"><x:c r="B2" t="inlineStr"><x:is><x:t>hello</x:t></x:is></x:c></x:row></x:sheetData></x:worksheet>',
        },
      ],
    });
    expect(await cellsOf(file)).toEqual({ B2: 'hello' });
  });

  it('reads XML in UTF-16', async () => {
    const xml =
      '<?xml version="1.0" encoding="UTF-16"?><worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Код</t></is></c></row></sheetData></worksheet>';
    const data = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(xml, 'utf16le')]);
    const parts = [{ name: 'xl/worksheets/sheet1.xml', data }];
    expect(await one('', { parts })).toEqual({ A1: 'Код' });
  });
});

describe('numbers and dates', () => {
  it('tells dates from numbers by their format, in both date systems', async () => {
    const formats = ['yyyy\\-mm\\-dd', 'dd.mm.yyyy hh:mm', '#,##0.00" days"', '[Red]0', '[h]:mm'];
    const cells = {
      A1: { number: 46_320, format: 0 },
      B1: { number: 46_320.727_083_333_33, format: 1 },
      C1: { number: 46_320, format: 2 },
      D1: { number: 46_320, format: 3 },
      E1: { number: 0.5, format: 4 },
      F1: 46_320,
    };
    expect(await one(cells, { formats })).toEqual({
      A1: new Date('2026-10-25T00:00:00Z'),
      B1: new Date('2026-10-25T17:27:00Z'),
      C1: 46_320,
      D1: 46_320,
      E1: new Date('1899-12-31T12:00:00Z'),
      F1: 46_320,
    });
    expect(await one({ A1: { number: 46_320, format: 0 } }, { formats, date1904: true })).toEqual({
      A1: new Date('2030-10-26T00:00:00Z'),
    });
  });

  it("steps over Excel's 29 February 1900", async () => {
    const formats = ['yyyy-mm-dd'];
    const day = (number: number) => ({ number, format: 0 });
    expect(await one({ A1: day(1), B1: day(59), C1: day(61) }, { formats })).toEqual({
      A1: new Date('1900-01-01T00:00:00Z'),
      B1: new Date('1900-02-28T00:00:00Z'),
      C1: new Date('1900-03-01T00:00:00Z'),
    });
  });

  it('reads truth values and ISO dates', async () => {
    const iso = { attributes: 't="d"', xml: '<v>2026-10-25T17:27:00</v>' };
    expect(await one({ A1: true, B1: false, C1: iso })).toEqual({
      A1: true,
      B1: false,
      C1: new Date('2026-10-25T17:27:00Z'),
    });
  });
});

describe('formulas and errors', () => {
  it('takes a formula by its stored value and says where there is none', async () => {
    const cells = {
      A1: { xml: '<f>1+1</f><v>2</v>' },
      B1: { attributes: 't="str"', xml: '<f>"a"</f><v>a</v>' },
      C1: { attributes: 't="str"', xml: '<f>""</f><v></v>' },
      D1: { xml: '<f>SUM(A:A)</f>' },
      E1: { xml: '<f>SUM(A:A)</f><v/>' },
      F1: { attributes: 't="e"', xml: '<f>1/0</f><v>#DIV/0!</v>' },
    };
    expect(await one(cells)).toEqual({
      A1: 2,
      B1: 'a',
      D1: { kind: 'formula_without_value' },
      E1: { kind: 'formula_without_value' },
      F1: { kind: 'error_value', error: '#DIV/0!' },
    });
  });
});

describe('reading in part', () => {
  it('can be ended early and started anew', async () => {
    const rows = Array.from(
      { length: 20_000 },
      (_, at) => `<row r="${at + 1}"><c><v>${at}</v></c></row>`,
    );
    const workbook = await openWorkbook(
      workbookFile({ sheets: [{ name: 'S', cells: rows.join('') }] }),
    );
    for await (const [first] of workbook.rows('S')) {
      expect(first?.row).toBe(1);
      break;
    }
    let count = 0;
    for await (const piece of workbook.rows('S')) count += piece.length;
    expect(count).toBe(20_000);
  });
});
