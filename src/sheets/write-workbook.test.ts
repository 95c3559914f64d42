import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cellAddress } from './address.ts';
import { DEFAULT_LIMITS, EXCEL_MAX_ROWS } from './limits.ts';
import { openWorkbook } from './workbook.ts';
import type { WorkbookColumn, WorkbookRow, WorkbookSheet } from './write-sheet.ts';
import { writeWorkbook } from './write-workbook.ts';

let folder = '';
let path = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'steward-write-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  path = join(await mkdtemp(join(folder, 'case-')), 'out.xlsx');
});

/** Every cell of a sheet by its address, as our own reader finds it. */
async function cellsOf(file: string, sheet?: string): Promise<Record<string, unknown>> {
  const workbook = await openWorkbook(file, { ...DEFAULT_LIMITS, fileBytes: 100 * 1024 * 1024 });
  const cells: Record<string, unknown> = {};
  for await (const rows of workbook.rows(sheet ?? workbook.sheets[0]?.name ?? '')) {
    for (const row of rows) {
      for (const cell of row.cells) cells[cellAddress(cell.column, row.row)] = cell.raw;
    }
  }
  return cells;
}

async function roundTrip(columns: readonly WorkbookColumn[], rows: readonly WorkbookRow[]) {
  await writeWorkbook(path, [{ name: 'S', columns, rows }]);
  return cellsOf(path);
}

const NAME: WorkbookColumn = { header: 'Name', kind: 'text' };
const USD: WorkbookColumn = { header: 'Amount', kind: 'money', currency: 'USD' };
const names = (rows: WorkbookSheet['rows'], name = 'S'): WorkbookSheet[] => [
  { name, columns: [NAME], rows },
];

describe('what is read back', () => {
  it('stands below title and header, with the totals at the end', async () => {
    await writeWorkbook(path, [
      {
        name: 'Statement',
        title: ['Statement of Ines Volkova', 'November 2026'],
        columns: [NAME, USD],
        rows: [['Cleaning', 12345n], [], ['Penalty', -4000n]],
        totals: ['Total', 8345n],
      },
    ]);
    expect(await cellsOf(path)).toEqual({
      A1: 'Statement of Ines Volkova',
      A2: 'November 2026',
      A4: 'Name',
      B4: 'Amount',
      A5: 'Cleaning',
      B5: 123.45,
      A7: 'Penalty',
      B7: -40,
      A8: 'Total',
      B8: 83.45,
    });
  });

  it('has several sheets in their order, whatever their names hold', async () => {
    const list = ["Bob's & Co", 'Счета <2>', 'A "third" one'];
    await writeWorkbook(
      path,
      list.flatMap((name) => names([[`in ${name}`]], name)),
    );
    const workbook = await openWorkbook(path);
    expect(workbook.sheets.map((sheet) => sheet.name)).toEqual(list);
    for (const name of list) expect(await cellsOf(path, name)).toMatchObject({ A2: `in ${name}` });
  });

  it('has the amounts of a currency in its own major units', async () => {
    const money = ['USD', 'JPY', 'KWD'].map(
      (currency): WorkbookColumn => ({ header: currency, kind: 'money', currency }),
    );
    const cells = await roundTrip(money, [[-1n, -1n, -1n]]);
    expect(cells).toMatchObject({ A2: -0.01, B2: -1, C2: -0.001 });
  });

  it('has as text what a number would lose digits of', async () => {
    const columns: WorkbookColumn[] = [USD, { header: 'Number', kind: 'integer' }];
    const cells = await roundTrip(columns, [
      [999_999_999_999_999n, 999_999_999_999_999n],
      [1_000_000_000_000_000n, -1_000_000_000_000_001n],
    ]);
    expect(cells).toMatchObject({
      A2: 9_999_999_999_999.99,
      B2: 999_999_999_999_999,
      A3: '10000000000000.00',
      B3: '-1000000000000001',
    });
  });

  it('has moments on the clock of their zone, on both sides of a change of that clock', async () => {
    const cells = await roundTrip(
      [{ header: 'When', kind: 'moment', timeZone: 'Europe/Lisbon' }],
      [
        [new Date('2026-10-25T00:59:59.999Z')],
        [new Date('2026-10-25T01:00:00Z')],
        [new Date('1890-01-01T12:00:00Z')],
      ],
    );
    expect(cells).toMatchObject({
      A2: new Date('2026-10-25T01:59:59Z'),
      A3: new Date('2026-10-25T01:00:00Z'),
      A4: expect.stringMatching(/^1890-01-01 1\d:\d\d:00$/),
    });
  });

  it('has days before March 1900 as text, since programs disagree about them', async () => {
    const cells = await roundTrip(
      [{ header: 'Day', kind: 'day' }],
      [['1900-02-28'], ['1900-03-01'], ['9999-12-31']],
    );
    expect(cells).toMatchObject({
      A2: '1900-02-28',
      A3: new Date('1900-03-01T00:00:00Z'),
      A4: new Date('9999-12-31T00:00:00Z'),
    });
  });

  it('has characters that XML cannot hold, and texts that look like their codes', async () => {
    const texts = ['\u0000 and \r', '_x0041_', '_x0041\u0001', '_x005F_x000D_', '_\u0001x0041_'];
    const cells = await roundTrip(
      [NAME],
      texts.map((text) => [text]),
    );
    expect(Object.values(cells)).toEqual(['Name', ...texts]);
    expect(await roundTrip([NAME], [['half \ud83d of one']])).toMatchObject({
      A2: 'half \ufffd of one',
    });
  });

  it('is any text, number, day and amount that there was', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom(
          '_',
          'x',
          '0',
          '0',
          '4',
          '1',
          'D',
          '\r',
          '\n',
          '\u0001',
          '\uffff',
          '&',
        ),
        maxLength: 30,
      }),
      fc.constantFrom('=1+1', '+351 9', '-5', '@SUM(A1)', '\t=1', '\r=1', '007', 'TRUE', ' x '),
    );
    const day = fc
      .date({ min: new Date('1900-03-01'), max: new Date('9999-12-31'), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10));
    const row = fc.tuple(
      text,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      day,
      fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
      fc.boolean(),
      fc.maxSafeInteger(),
    );
    const columns: WorkbookColumn[] = [
      NAME,
      { header: 'Number', kind: 'decimal' },
      { header: 'Day', kind: 'day' },
      { header: 'Amount', kind: 'money', currency: 'JPY' },
      { header: 'Yes', kind: 'yesNo' },
      { header: 'Whole', kind: 'integer' },
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 30 }), async (rows) => {
        const cells = await roundTrip(columns, rows);
        for (const [at, [name, number, date, amount, yes, whole]] of rows.entries()) {
          const row = at + 2;
          expect(cells[`A${row}`] ?? '').toBe(name);
          expect(Number(cells[`B${row}`]) + 0).toBe(number + 0);
          expect(cells[`C${row}`]).toEqual(new Date(`${date}T00:00:00Z`));
          expect(BigInt(String(cells[`D${row}`]))).toBe(amount);
          expect(cells[`E${row}`]).toBe(yes ? 'yes' : 'no');
          expect(Number(cells[`F${row}`]) + 0).toBe(whole + 0);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is 200,000 rows from a source that gives one at a time', async () => {
    const count = 200_000;
    async function* rows(): AsyncGenerator<WorkbookRow> {
      for (let at = 0; at < count; at += 1) yield [`Row ${at}`, BigInt(at - 100_000)];
    }
    await writeWorkbook(path, [{ name: 'S', columns: [NAME, USD], rows: rows() }]);
    const workbook = await openWorkbook(path);
    let seen = 0;
    for await (const piece of workbook.rows('S')) {
      for (const { row, cells } of piece) {
        if (row === 1) continue;
        const values = cells.map((cell) => cell.raw);
        if (values[0] !== `Row ${seen}` || values[1] !== (seen - 100_000) / 100) {
          expect(values).toEqual([`Row ${seen}`, (seen - 100_000) / 100]);
        }
        seen += 1;
      }
    }
    expect(seen).toBe(count);
  });

  it('is the same bytes for the same rows', async () => {
    await writeWorkbook(path, names([['one']]));
    const first = await readFile(path);
    await writeWorkbook(path, names([['one']]));
    expect(await readFile(path)).toEqual(first);
  });
});

describe('what is refused', () => {
  it('is a row more than Excel opens', async () => {
    function* rows(count: number): Generator<WorkbookRow> {
      for (let at = 0; at < count; at += 1) yield [];
    }
    await writeWorkbook(path, names(rows(EXCEL_MAX_ROWS - 1)));
    await expect(writeWorkbook(path, names(rows(EXCEL_MAX_ROWS)))).rejects.toMatchObject({
      code: 'sheet_too_large',
      message: expect.stringContaining('more than the 1048575 rows that fit'),
    });
    const withTotals = [{ name: 'S', columns: [NAME], rows: rows(EXCEL_MAX_ROWS - 1), totals: [] }];
    await expect(writeWorkbook(path, withTotals)).rejects.toMatchObject({
      code: 'sheet_too_large',
    });
  });

  it.each([
    ['', 'is empty'],
    ['a'.repeat(32), 'has 32 characters'],
    ['in/out', 'a character that Excel does not take'],
    ["'quoted'", 'apostrophe'],
    ['HISTORY', 'reserved'],
  ])('is the sheet name "%s"', async (name, why) => {
    await expect(writeWorkbook(path, names([], name))).rejects.toMatchObject({
      code: 'sheet_name_invalid',
      message: expect.stringContaining(why),
    });
  });

  it('is a name twice, whatever its case', async () => {
    const sheets = [...names([], 'Payouts'), ...names([], 'PAYOUTS')];
    await expect(writeWorkbook(path, sheets)).rejects.toMatchObject({ code: 'sheet_name_invalid' });
  });

  it('is a text that no cell holds, with its address', async () => {
    await roundTrip([NAME], [['&'.repeat(32_767)]]);
    await expect(roundTrip([NAME], [['a'.repeat(32_768)]])).rejects.toMatchObject({
      code: 'sheet_too_large',
      message: expect.stringContaining('A2'),
    });
  });

  it.each<[WorkbookColumn, WorkbookRow]>([
    [NAME, [5]],
    [USD, [5]],
    [{ header: 'Day', kind: 'day' }, ['2026-02-30']],
    [{ header: 'Number', kind: 'decimal' }, [Number.NaN]],
    [{ header: 'Whole', kind: 'integer' }, [1.5]],
    [{ header: 'Yes', kind: 'yesNo' }, ['yes']],
    [{ header: 'When', kind: 'moment', timeZone: 'UTC' }, [new Date(Number.NaN)]],
    [NAME, ['one', 'too many']],
  ])('is a value that does not fit its column: %j', async (column, row) => {
    await expect(roundTrip([column], [row])).rejects.toThrow(TypeError);
  });
});
