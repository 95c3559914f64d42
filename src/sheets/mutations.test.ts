import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StewardError } from '../platform/errors.ts';
import { workbookFile } from './testing.ts';
import { openWorkbook } from './workbook.ts';

/** Reads everything: what a damaged file may do is end with one of our errors. */
async function readOrRefuse(file: Buffer): Promise<'read' | 'refused'> {
  try {
    const workbook = await openWorkbook(file);
    for (const { name, cells } of workbook.sheets) {
      if (!cells) continue;
      for await (const rows of workbook.rows(name)) expect(rows.length).toBeGreaterThan(0);
    }
    return 'read';
  } catch (error) {
    if (error instanceof StewardError && error.code.startsWith('sheet_')) return 'refused';
    throw error;
  }
}

describe('damaged workbooks', () => {
  it('are read or refused whatever bytes are changed, cut off or repeated', async () => {
    const file = await readFile('samples/services.xlsx');
    const place = fc.integer({ min: 0, max: file.length - 1 });
    const damage = fc.oneof(
      fc.array(fc.tuple(place, fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 8 }),
      fc.record({ from: place, to: place }),
    );
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(damage, async (how) => {
        const damaged = Buffer.from(file);
        if (Array.isArray(how)) for (const [at, byte] of how) damaged[at] = byte;
        const cut = Array.isArray(how)
          ? damaged
          : Buffer.concat([damaged.subarray(0, how.from), damaged.subarray(how.to)]);
        if ((await readOrRefuse(cut)) === 'refused') refused += 1;
      }),
      { numRuns: 200 },
    );
    expect(refused).toBeGreaterThan(0);
  });

  it('are read or refused whatever XML stands in the sheet', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '<row>',
        '</row>',
        '<row r="2">',
        '<row r="-1"/>',
        '<c>',
        '</c>',
        '<c r="A1">',
      ),
      fc.constantFrom('<c r="B2" t="s">', '<c t="b">', '<c t="e">', '<c t="d">', '<c t="str">'),
      fc.constantFrom(
        '<c s="99">',
        '<v>',
        '</v>',
        '<v>1</v>',
        '<v/>',
        '<f/>',
        '<is>',
        '<t>',
        '</t>',
      ),
      fc.constantFrom(
        '&#0;',
        '&amp;',
        ']]>',
        '<![CDATA[',
        '<!--',
        '</sheetData>',
        '<x:c>',
        '\u0001',
      ),
      fc.string({ maxLength: 5 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const cells = pieces.join('');
        await readOrRefuse(workbookFile({ sheets: [{ name: 'S', cells }], strings: ['<t>a</t>'] }));
      }),
      { numRuns: 500 },
    );
  });
});
