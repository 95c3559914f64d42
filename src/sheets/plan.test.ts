import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { integer, text, yesNo } from './cell-kinds.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { list } from './list-cells.ts';
import { money } from './money-cell.ts';
import { planImport, planToJson } from './plan.ts';
import type { RowOf, SheetPatch } from './sheet.ts';
import { column, defineSheet } from './sheet.ts';
import type { TestCell } from './testing.ts';
import { tableCells, workbookFile } from './testing.ts';

const sheet = defineSheet({
  name: 'parts',
  key: 'code',
  columns: [
    column({
      key: 'code',
      header: { en: 'Code', ru: 'Код' },
      required: true,
      kind: text(),
      schema: z.string().regex(/^[A-Z]\d*$/, 'a capital letter and digits'),
    }),
    column({
      key: 'count',
      header: { en: 'Count', ru: 'Количество' },
      required: true,
      kind: integer({ min: 0, max: 100 }),
    }),
    column({
      key: 'price',
      header: { en: 'Price', ru: 'Цена' },
      kind: money({ currency: 'USD' }),
    }),
    column({
      key: 'tags',
      header: { en: 'Tags', ru: 'Метки' },
      kind: list({ item: (tag) => tag, itemExpected: 'a word' }),
    }),
    column({
      key: 'sold',
      header: { en: 'Sold', ru: 'Продаётся' },
      clearable: false,
      kind: yesNo(),
    }),
  ],
});
type Part = RowOf<typeof sheet>;

const HEADER = ['Code', 'Count', 'Price', 'Tags', 'Sold'];
const file = (...rows: (TestCell | null)[][]) =>
  workbookFile({ sheets: [{ name: 'S', cells: tableCells([HEADER, ...rows]) }] });

const part = (code: string, more: Partial<Part> = {}): Part => ({
  code,
  count: 1,
  price: 7_550n,
  tags: ['a', 'b'],
  sold: true,
  ...more,
});
const present = (...parts: Part[]) => new Map(parts.map((one) => [one.code, one]));
const plan = (current: Map<string, Part>, ...rows: (TestCell | null)[][]) =>
  planImport(sheet, file(...rows), current);

describe('types', () => {
  it('come from the declaration', () => {
    expectTypeOf<Part>().toEqualTypeOf<{
      code: string;
      count: number;
      price: bigint | null;
      tags: string[] | null;
      sold: boolean | null;
    }>();
    expectTypeOf<SheetPatch<(typeof sheet)['columns']>['price']>().toEqualTypeOf<
      bigint | null | undefined
    >();
  });
});

describe('the plan', () => {
  it('creates, changes with old and new, and leaves the same alone', async () => {
    const current = present(part('A'), part('B'), part('C', { price: null }), part('Z'));
    const { counts, steps, file, faults } = await plan(
      current,
      ['A', 1, 75.5, 'a; b', 'yes'],
      ['B', 2, '80,10', 'b; a', null],
      ['C', null, '-', null, null],
      ['D', 5, null, null, null],
    );
    expect(counts).toEqual({ rows: 4, create: 1, change: 1, same: 2, refuse: 0, untouched: 1 });
    expect(faults).toEqual([]);
    expect(file.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(steps.map(({ action, key, row }) => `${row} ${action} ${key}`)).toEqual([
      '2 same A',
      '3 change B',
      '4 same C',
      '5 create D',
    ]);
    expect(steps[1]).toMatchObject({
      values: { count: 2, price: 8_010n, tags: ['b', 'a'] },
      changes: [
        { field: 'count', address: 'B3', before: 1, after: 2, beforeText: '1', afterText: '2' },
        { field: 'price', address: 'C3', beforeText: '75.50', afterText: '80.10' },
        { field: 'tags', address: 'D3', beforeText: 'a; b', afterText: 'b; a' },
      ],
    });
    expect(steps[3]).toMatchObject({ values: { code: 'D', count: 5 } });
  });

  it('leaves what an empty cell stands for, and clears at a hyphen', async () => {
    const { steps } = await plan(present(part('A')), ['A', null, '–', ' ', null]);
    expect(steps[0]).toMatchObject({
      values: { code: 'A', price: null },
      changes: [{ field: 'price', beforeText: '75.50', afterText: '' }],
    });
  });

  it('collects every fault with address, what was found and what was expected', async () => {
    const { counts, faults, steps } = await plan(
      present(part('A')),
      ['A', 'many', 75.555, 'x; x', 'maybe'],
      ['b', 1],
      [null, 1],
      ['-', 1],
      ['D', null, 1],
      ['E', '-'],
      ['F', 1, { xml: '<f>C1</f>' }, { attributes: 't="e"', xml: '<v>#N/A</v>' }, '-'],
    );
    expect(counts).toMatchObject({ rows: 7, refuse: 7, change: 0, create: 0 });
    expect(faults.map(({ message }) => message)).toEqual([
      'S!B2 (Count): found "many", expected a whole number from 0 to 100.',
      'S!C2 (Price): found "75.555", expected an amount in USD with at most 2 digits after the point, such as 1234.50.',
      'S!D2 (Tags): found "x; x", expected each item once; "x" stands there twice. Did you mean "x"?',
      'S!E2 (Sold): found "maybe", expected yes or no (да or нет).',
      'S!A3 (Code): found "b", expected a capital letter and digits.',
      'S!A4 (Code): found nothing, expected a value, since it names the row.',
      'S!A5 (Code): found "-", expected a value: this column cannot be cleared.',
      'S!B6 (Count): found nothing, expected a value, since D is new.',
      'S!B7 (Count): found "-", expected a value: this column cannot be cleared.',
      'S!C8 (Price): found a formula without result, expected a formula with its result stored: open the file in Excel or LibreOffice and save it, or paste values.',
      'S!D8 (Tags): found the error #N/A, expected a value.',
      'S!E8 (Sold): found "-", expected a value: this column cannot be cleared.',
    ]);
    expect(steps[0]).toMatchObject({ action: 'refuse', key: 'A' });
    expect(steps[0]?.action === 'refuse' && steps[0].faults).toHaveLength(4);
    expect(faults[2]).toMatchObject({ address: 'D2', column: 'tags', suggestion: 'x' });
  });

  it('refuses every row of a key that is repeated, naming the other', async () => {
    const { counts, faults } = await plan(new Map(), ['A', 1], ['B', 1], ['A', 2], ['A', 3]);
    expect(counts).toMatchObject({ create: 1, refuse: 3 });
    expect(faults.map(({ message }) => message)).toEqual([
      'S!A2 (Code): found "A", expected each Code once in the file (also in A4).',
      'S!A4 (Code): found "A", expected each Code once in the file (also in A2).',
      'S!A5 (Code): found "A", expected each Code once in the file (also in A2).',
    ]);
  });

  it('keeps so many faults and counts them all', async () => {
    const rows = Array.from({ length: 20 }, (_, at) => [`A${at}`, 'many']);
    const limits = { ...DEFAULT_LIMITS, faultsKept: 5 };
    const result = await planImport(sheet, file(...rows), new Map(), { limits });
    expect(result.faultCount).toBe(20);
    expect(result.faults).toHaveLength(5);
    expect(result.counts.refuse).toBe(20);
  });

  it('is plain JSON on request, with values as they would be typed', async () => {
    const result = await plan(present(part('A')), ['A', 2], ['B', 1, '$5', 'x; y', 'no'], ['C']);
    const json = JSON.parse(JSON.stringify(planToJson(result)));
    expect(json).toMatchObject({
      list: 'parts',
      sheet: 'S',
      headerRow: 1,
      counts: { create: 1, change: 1, refuse: 1 },
      steps: [
        { action: 'change', changes: [{ field: 'count', address: 'B2', before: '1', after: '2' }] },
        {
          action: 'create',
          values: { code: 'B', count: '1', price: '5.00', tags: 'x; y', sold: 'no' },
        },
        { action: 'refuse', faults: [expect.stringContaining('S!B4')] },
      ],
    });
  });
});
