import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { decodeCursor, encodeCursor, toPage } from './paging.ts';

const NOT_OF_THIS_LIST = expect.objectContaining({ kind: 'invalid', code: 'invalid_input' });

test('a cursor comes back as the keys that it was made of, and stands in a URL as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.uuid(), (name, id) => {
      const cursor = encodeCursor([name, id]);
      expect(encodeURIComponent(cursor)).toBe(cursor);
      expect(decodeCursor(cursor, [z.string(), z.uuid()])).toEqual([name, id]);
    }),
  );
});

test('no cursor is the first page', () => {
  expect(decodeCursor(undefined, [z.uuid()])).toBeUndefined();
});

test('whatever else is sent is refused by name, and never breaks', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String(), fc.json()), (text) => {
      expect(() => decodeCursor(text, [z.uuid()])).toThrow(NOT_OF_THIS_LIST);
    }),
  );
  for (const keys of [[], ['no uuid'], ['019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c', 'one more']]) {
    expect(() => decodeCursor(encodeCursor(keys), [z.uuid()])).toThrow(NOT_OF_THIS_LIST);
  }
});

test('going from page to page shows every row once, whatever their number', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 60 }),
      fc.integer({ min: 1, max: 20 }),
      (count, limit) => {
        const all = Array.from({ length: count }, (_, index) => index);
        const seen: number[] = [];
        let cursor: string | null | undefined;
        do {
          const after = decodeCursor(cursor ?? undefined, [z.coerce.number()])?.[0] ?? -1;
          const rows = all.filter((row) => row > after).slice(0, limit + 1);
          const page = toPage(
            rows,
            limit,
            (row) => [String(row)],
            (row) => row,
          );
          expect(page.data.length).toBeLessThanOrEqual(limit);
          seen.push(...page.data);
          cursor = page.nextCursor;
        } while (cursor !== null);
        expect(seen).toEqual(all);
      },
    ),
  );
});
