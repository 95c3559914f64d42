import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Column, renderFields, renderTable } from './table.ts';
import { displayWidth, wrapText } from './text-width.ts';

interface Row {
  id: string;
  name: string | null;
  count: number;
}
const columns: Column<Row>[] = [
  { header: 'id', value: (row) => row.id },
  { header: 'count', value: (row) => row.count, align: 'right' },
  { header: 'name', value: (row) => row.name },
];
const piped = { width: undefined, color: false };

describe('a table', () => {
  test('is plain in a pipe: aligned, one line per row, no trailing spaces', () => {
    const rows = [
      { id: 'a', name: 'Ann', count: 5 },
      { id: 'bbb', name: null, count: 1200 },
    ];
    expect(renderTable(columns, rows, piped)).toEqual([
      'id   count  name',
      'a        5  Ann',
      'bbb   1200  –',
    ]);
  });

  test('moves what does not fit the terminal to a second line, and cuts nothing', () => {
    const id = '019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c';
    const rows = [{ id, name: 'A name that is rather long', count: 1 }];
    expect(renderTable(columns, rows, { width: 50, color: false })).toEqual([
      'id                                    count',
      '  name',
      `${id}      1`,
      '  A name that is rather long',
    ]);
  });

  test('keeps columns straight under wide letters and accents', () => {
    const rows = [
      { id: '清掃', name: 'x', count: 1 },
      { id: 'é́', name: 'y', count: 1 },
      { id: 'abcd', name: 'z', count: 1 },
    ];
    const lines = renderTable(columns, rows, piped);
    expect(lines.map((line) => displayWidth(line.slice(0, line.lastIndexOf(' '))))).toEqual(
      Array(4).fill(displayWidth('abcd  count ')),
    );
  });

  test("shows other people's escape sequences and direction marks as harmless signs", () => {
    const rows = [{ id: 'a', name: '\u001b[2Jgone\u202eevil\nnext', count: 1 }];
    const [, line = ''] = renderTable(columns, rows, piped);
    expect(line).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(line).toContain('gone');
    expect(line).toContain('next');
  });

  test('is never wider than the terminal, and holds every value whole', () => {
    const cell = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 6 }), (values) => {
        const some: Column<null>[] = values.map((value) => ({ header: 'h', value: () => value }));
        const lines = renderTable(some, [null], { width: 60, color: false });
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(60);
      }),
    );
  });
});

describe('fields', () => {
  test('stand under each other, long ones wrap beside their names, empty ones are left out', () => {
    const fields = [
      ['id', 'x'],
      ['description', 'word '.repeat(12).trim()],
      ['notes', null],
    ] as const;
    expect(renderFields(fields, { width: 44, color: false })).toEqual([
      'id           x',
      'description  word word word word word word',
      '             word word word word word word',
    ]);
  });
});

describe('wrapping', () => {
  test('keeps every letter', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 80 });
    fc.assert(
      fc.property(text, fc.integer({ min: 4, max: 40 }), (given, width) => {
        const bare = (value: string) => value.replaceAll(' ', '');
        expect(bare(wrapText(given, width).join(''))).toBe(bare(given));
      }),
    );
  });
});
