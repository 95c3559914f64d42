import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestContext } from 'vitest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellAddress } from './address.ts';
import { openWorkbook } from './workbook.ts';
import { writeWorkbook } from './write-workbook.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'steward-office-'));
  await writeWorkbook(join(folder, 'list.xlsx'), [
    {
      name: 'Список',
      title: ['Title'],
      columns: [
        { header: 'Id', kind: 'text', hidden: true },
        { header: 'Text', kind: 'text' },
        { header: 'Amount', kind: 'money', currency: 'USD' },
        { header: 'Day', kind: 'day' },
        { header: 'When', kind: 'moment', timeZone: 'Asia/Kolkata' },
        { header: 'Share', kind: 'decimal' },
        { header: 'Paid', kind: 'yesNo' },
      ],
      rows: [
        ['007', '=1+1', -4000n, '2026-11-30', new Date('2026-11-30T18:45:00Z'), 0.6, true],
        ['-5', 'Лиссабон\nи _x0041_', 10n ** 16n + 1n, '1900-03-01', null, -1e-7, false],
      ],
      totals: [null, 'Total', 123456n],
    },
    { name: 'Empty', columns: [{ header: 'Name', kind: 'text' }], rows: [] },
  ]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Of LibreOffice; for CSV: commas, double quotes, UTF-8. */
const FORMATS = { csv: 'csv:Text - txt - csv (StarCalc):44,34,76', xlsx: 'xlsx' };

/** Has LibreOffice open the workbook and save it in another format; skips where there is none. */
async function convert(context: TestContext, format: 'csv' | 'xlsx'): Promise<string> {
  const profile = `-env:UserInstallation=file://${join(folder, 'profile')}`;
  const to = join(folder, format);
  const list = join(folder, 'list.xlsx');
  try {
    await promisify(execFile)(
      'soffice',
      [profile, '--headless', '--convert-to', FORMATS[format], '--outdir', to, list],
      // Decimal points, whatever the language of the one who runs this.
      { timeout: 110_000, env: { ...process.env, LC_ALL: 'C.UTF-8' } },
    );
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      context.skip('LibreOffice (soffice) is not on the PATH.');
    }
    throw error;
  }
  return join(to, `list.${format}`);
}

describe('what LibreOffice makes of it', { timeout: 120_000 }, () => {
  it('shows every value as it was, with formulas still text', async (context) => {
    const csv = await readFile(await convert(context, 'csv'), 'utf8');
    expect(csv.split('\n')).toEqual([
      ',Title,,,,,',
      ',,,,,,',
      'Id,Text,Amount,Day,When,Share,Paid',
      '007,=1+1,-40.00,2026-11-30,2026-12-01 00:15,0.6,yes',
      '-5,"Лиссабон',
      'и _x0041_",100000000000000.01,1900-03-01,,-0.0000001,no',
      ',Total,"1,234.56",,,,',
      '',
    ]);
  });

  it('has the same kinds of cells when it is saved again', async (context) => {
    const workbook = await openWorkbook(await convert(context, 'xlsx'));
    expect(workbook.sheets.map((sheet) => sheet.name)).toEqual(['Список', 'Empty']);
    const cells: Record<string, unknown> = {};
    for await (const rows of workbook.rows('Список')) {
      for (const row of rows) {
        for (const cell of row.cells) cells[cellAddress(cell.column, row.row)] = cell.raw;
      }
    }
    expect(cells).toMatchObject({
      A4: '007',
      B4: '=1+1',
      C4: -40,
      D4: new Date('2026-11-30T00:00:00Z'),
      E4: new Date('2026-12-01T00:15:00Z'),
      F4: 0.6,
      B5: 'Лиссабон\nи _x0041_',
      C5: '100000000000000.01',
      D5: new Date('1900-03-01T00:00:00Z'),
      C6: 1234.56,
    });
  });
});
