import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StewardError } from '../platform/errors.ts';
import type { SheetFile } from './file.ts';
import type { SheetLimits } from './limits.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { TestWorkbook } from './testing.ts';
import { workbookFile, zipFile } from './testing.ts';
import { openWorkbook } from './workbook.ts';

/** Reads every sheet; how many rows had content. */
async function readAll(file: SheetFile, limits: Partial<SheetLimits> = {}): Promise<number> {
  const workbook = await openWorkbook(file, { ...DEFAULT_LIMITS, ...limits });
  let rows = 0;
  for (const { name } of workbook.sheets) {
    for await (const piece of workbook.rows(name)) rows += piece.length;
  }
  return rows;
}

/** Code and message of the error that reading ends with. */
async function failure(file: SheetFile, limits: Partial<SheetLimits> = {}) {
  const error = await readAll(file, limits).then(
    (rows) => new Error(`It was read: ${rows} rows.`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof StewardError)) throw error;
  expect(error.kind).toBe('invalid');
  return { code: error.code, message: error.message };
}

const book = (cells: string, more: Partial<TestWorkbook> = {}) =>
  workbookFile({ sheets: [{ name: 'S', cells }], ...more });

async function onDisk(name: string, content: string | Buffer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sheets-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe('files that are no workbook', () => {
  it('says that there is no such file, or that it is a folder', async () => {
    expect(await failure('samples/nothing.xlsx')).toEqual({
      code: 'sheet_file_unreadable',
      message: 'There is no file "samples/nothing.xlsx".',
    });
    expect((await failure('samples')).message).toContain('is a folder');
    expect((await failure('/dev/zero')).message).toContain('is not a regular file');
  });

  it('says that the file is empty', async () => {
    expect((await failure(await onDisk('a.xlsx', ''))).code).toBe('sheet_file_empty');
    expect((await failure(Buffer.alloc(0))).code).toBe('sheet_file_empty');
  });

  it.each([
    ['a.csv', 'Code;Service\nA;b\n', 'a text file (CSV)'],
    ['a.xls', '<html><table></table></html>', 'a web page'],
    ['a.pdf', '%PDF-1.7\n', 'a PDF'],
    ['a.xls', Buffer.from('d0cf11e0a1b11ae10000', 'hex'), '(.xls)'],
    ['a.bin', Buffer.from('00010203', 'hex'), 'a file of an unknown kind'],
  ])('calls %s by its name and says what to do', async (name, content, expected) => {
    const { code, message } = await failure(await onDisk(name, content));
    expect(code).toBe('sheet_not_xlsx');
    expect(message).toContain(expected);
    expect(message).toContain('save it as "Excel workbook (.xlsx)"');
  });

  it('recognises other archives', async () => {
    const part = (name: string) => zipFile([{ name, data: 'x' }]);
    expect((await failure(part('word/document.xml'))).message).toContain('a Word document');
    expect((await failure(part('xl/workbook.bin'))).message).toContain('.xlsb');
    expect((await failure(part('readme.txt'))).message).toContain('without a workbook');
    const ods = zipFile([
      { name: 'mimetype', data: 'x' },
      { name: 'content.xml', data: 'x' },
    ]);
    expect((await failure(ods)).message).toContain('.ods');
  });

  it('says that a password is in the way', async () => {
    const ole = Buffer.concat([
      Buffer.from('d0cf11e0a1b11ae1', 'hex'),
      Buffer.alloc(500),
      Buffer.from('EncryptedPackage', 'utf16le'),
    ]);
    expect((await failure(ole)).code).toBe('sheet_encrypted');
    const part = { name: 'xl/worksheets/sheet1.xml', data: '<worksheet/>', flags: 1 };
    expect((await failure(book('', { parts: [part] }))).code).toBe('sheet_encrypted');
  });

  it('does not load a file that is too large', async () => {
    const { code, message } = await failure(await onDisk('a.xlsx', 'PK'.repeat(2_000)), {
      fileBytes: 1_000,
    });
    expect(code).toBe('sheet_too_large');
    expect(message).toContain('a.xlsx');
  });
});

describe('archives that lie', () => {
  const bomb = 'a'.repeat(30_000_000);

  it('stops at a part that inflates far beyond its size', async () => {
    expect(await failure(book(`<row r="1"><c r="A1"><f>${bomb}</f></c></row>`))).toMatchObject({
      code: 'sheet_too_large',
    });
    const { message } = await failure(book('<row><c/></row>'.repeat(800_000)));
    expect(message).toContain('unpacks to more than 200 times its size');
  });

  it('counts what is really inflated over all parts', async () => {
    const rows = Array.from({ length: 5_000 }, (_, at) => `<row r="${at + 1}"/>`).join('');
    const { message } = await failure(book(rows), { inflatedBytes: 50_000 });
    expect(message).toContain('unpacks to more than 0 MB');
  });

  it('does not believe a part that says it is small', async () => {
    const data = `<worksheet><sheetData>${'<row/>'.repeat(50_000)}</sheetData></worksheet>`;
    const parts = [{ name: 'xl/worksheets/sheet1.xml', data, declaredBytes: 10 }];
    expect(await failure(book('', { parts }))).toMatchObject({
      code: 'sheet_damaged',
      message: expect.stringContaining('is larger than it says'),
    });
  });

  it('notices parts cut off, changed, missing or there twice', async () => {
    const good = book('<row r="1"><c r="A1"><v>1</v></c></row>');
    expect(await readAll(good)).toBe(1);
    expect((await failure(good.subarray(0, good.length - 30))).code).toBe('sheet_damaged');
    const at = good.indexOf(Buffer.from('xl/worksheets/sheet1.xml')) + 24;
    const changed = Buffer.from(good);
    changed.writeUInt8(changed.readUInt8(at + 20) ^ 0xff, at + 20);
    expect((await failure(changed)).code).toBe('sheet_damaged');
    const missing = workbookFile({ sheets: [{ name: 'S', cells: '' }] })
      .toString('latin1')
      .replaceAll('xl/worksheets/sheet1.xml', 'xl/worksheets/other1.xml');
    expect((await failure(Buffer.from(missing, 'latin1'))).message).toContain('is missing');
    const twice = zipFile([
      { name: 'xl/workbook.xml', data: '<workbook/>' },
      { name: 'XL/Workbook.xml', data: '<workbook/>' },
    ]);
    expect((await failure(twice)).message).toContain('twice');
  });

  it('refuses thousands of parts before it looks at them', async () => {
    const parts = Array.from({ length: 2_100 }, (_, at) => ({ name: `p${at}`, data: '' }));
    expect((await failure(zipFile(parts))).code).toBe('sheet_too_large');
  });
});

describe('XML that attacks', () => {
  it('refuses document types, and so every entity', async () => {
    const data =
      '<!DOCTYPE w [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet><sheetData><row><c><v>&b;</v></c></row></sheetData></worksheet>';
    const parts = [{ name: 'xl/worksheets/sheet1.xml', data }];
    expect((await failure(book('', { parts }))).code).toBe('sheet_forbidden_xml');
    const undeclared = '<row r="1"><c r="A1"><v>&b;</v></c></row>';
    expect((await failure(book(undeclared))).code).toBe('sheet_damaged');
  });

  it('limits depth, tokens and the text of a cell', async () => {
    expect((await failure(book('<a>'.repeat(100)))).message).toContain('nests more than');
    const attribute = randomLetters(400_000);
    expect((await failure(book(`<row r="${attribute}"/>`))).message).toContain('text or tag');
    const text = 'ab '.repeat(20_000);
    const cell = `<row r="3"><c r="B3" t="inlineStr"><is><t>${text}</t></is></c></row>`;
    expect((await failure(book(cell))).message).toContain('S!B3 has more than 32767 characters');
  });

  it('limits the text that is held in memory', async () => {
    const strings = Array.from({ length: 100 }, (_, at) => `<t>text ${at}</t>`);
    expect((await failure(book('', { strings }), { sharedStrings: 50 })).code).toBe(
      'sheet_too_large',
    );
    expect((await failure(book('', { strings }), { sharedStringChars: 100 })).code).toBe(
      'sheet_too_large',
    );
  });

  it('refuses sheets that contradict themselves', async () => {
    for (const xml of [
      '<row r="2"/><row r="1"/>',
      '<row r="2"/><row r="2"/>',
      '<row r="1048577"/>',
      '<row r="1"><c r="A2"><v>1</v></c></row>',
      '<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>',
      '<row r="1"><c r="XFE1"><v>1</v></c></row>',
      '<row r="1"><c r="A1" t="s"><v>7</v></c></row>',
      '<row r="1"><c r="A1"><v>1e999</v></c></row>',
      '<row r="1"><c r="A1"><v>one</v></c></row>',
      '<row r="1"><c r="A1"></row>',
    ]) {
      expect((await failure(book(xml))).code, xml).toBe('sheet_damaged');
    }
  });
});

describe('sheets that are only large', () => {
  it('does not care for one enormous merged range or a wrong dimension', async () => {
    const file = workbookFile({
      sheets: [
        {
          name: 'S',
          cells: { A1: 'Code' },
          after: '<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>',
        },
      ],
    });
    expect(await readAll(file)).toBe(1);
  });

  it('passes over a million empty rows', async () => {
    const rows = Array.from({ length: 1_048_576 }, (_, at) => `<row r="${at + 1}" ht="15"/>`);
    expect(await readAll(book(rows.join('')))).toBe(0);
  });

  it('limits the cells with content', async () => {
    const rows = Array.from({ length: 50 }, (_, at) => `<row r="${at + 1}"><c><v>1</v></c></row>`);
    expect((await failure(book(rows.join('')), { cells: 49 })).code).toBe('sheet_too_large');
  });
});

/** Letters that do not compress: otherwise the ratio is refused first. */
function randomLetters(length: number): string {
  let state = 1;
  return Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return String.fromCharCode(97 + (state % 26));
  }).join('');
}
