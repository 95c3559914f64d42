import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openWorkbook } from './workbook.ts';
import type { WorkbookRow, WorkbookSheet } from './write-sheet.ts';
import { writeWorkbook } from './write-workbook.ts';

let folder = '';
let path = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'steward-target-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  path = join(await mkdtemp(join(folder, 'case-')), 'out.xlsx');
});

const names = (rows: WorkbookSheet['rows']): WorkbookSheet[] => [
  { name: 'S', columns: [{ header: 'Name', kind: 'text' }], rows },
];

/** The texts of the only column, header first. */
async function textsOf(file: string): Promise<unknown[]> {
  const texts: unknown[] = [];
  for await (const rows of (await openWorkbook(file)).rows('S')) {
    texts.push(...rows.flatMap((row) => row.cells.map((cell) => cell.raw)));
  }
  return texts;
}

describe('the file that is written', () => {
  it('is replaced only by a complete one, and nothing is left beside it', async () => {
    await writeFile(path, 'what was there');
    async function* rows(): AsyncGenerator<WorkbookRow> {
      yield ['one'];
      throw new Error('The connection was lost.');
    }
    await expect(writeWorkbook(path, names(rows()))).rejects.toThrow('The connection was lost.');
    expect(await readFile(path, 'utf8')).toBe('what was there');
    expect(await readdir(join(path, '..'))).toEqual(['out.xlsx']);
    await writeWorkbook(path, names([['one']]));
    expect(await textsOf(path)).toEqual(['Name', 'one']);
    expect(await readdir(join(path, '..'))).toEqual(['out.xlsx']);
  });

  it('lets go of its source when it fails', async () => {
    let closed = false;
    function* rows(): Generator<WorkbookRow> {
      try {
        yield [5];
      } finally {
        closed = true;
      }
    }
    await expect(writeWorkbook(path, names(rows()))).rejects.toThrow(TypeError);
    expect(closed).toBe(true);
  });

  it('is for its owner alone, unless one with other permissions is replaced', async () => {
    await writeWorkbook(path, names([]));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await chmod(path, 0o644);
    await writeWorkbook(path, names([]));
    expect((await stat(path)).mode & 0o777).toBe(0o644);
  });

  it('is the one that a link leads to', async () => {
    const link = `${path}.link.xlsx`;
    await writeFile(path, '');
    await symlink(path, link);
    await writeWorkbook(link, names([['one']]));
    expect(await textsOf(path)).toEqual(['Name', 'one']);
  });

  it('needs a folder, and is no folder itself', async () => {
    const missing = join(path, '..', 'no-such-folder');
    await expect(writeWorkbook(join(missing, 'a.xlsx'), names([]))).rejects.toMatchObject({
      code: 'sheet_file_unwritable',
      message: `"${join(missing, 'a.xlsx')}" cannot be written: there is no folder "${missing}".`,
    });
    await mkdir(path);
    await expect(writeWorkbook(path, names([]))).rejects.toMatchObject({
      code: 'sheet_file_unwritable',
      message: `"${path}" is a folder: expected the path of a file in it.`,
    });
  });
});
