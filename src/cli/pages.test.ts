import { describe, expect, test } from 'vitest';
import { chainPages, collectPages, countRest, shownOf } from './pages.ts';

/** A list of numbers behind pages of at most 200, as the contexts have them. */
function pagesOf(total: number) {
  return async ({ limit, cursor }: { limit: number; cursor?: string }) => {
    expect(limit).toBeLessThanOrEqual(200);
    const from = Number(cursor ?? 0);
    const data = Array.from({ length: Math.min(limit, total - from) }, (_, index) => from + index);
    const next = from + data.length;
    return { data, nextCursor: next < total ? String(next) : null };
  };
}

describe('pages', () => {
  test('a limit beyond one page is collected over several', async () => {
    const page = await collectPages(pagesOf(1_000), 450);
    expect(page.data).toHaveLength(450);
    expect(page.nextCursor).toBe('450');
  });

  test('a cursor goes on where the page before ended, up to the end', async () => {
    const page = await collectPages(pagesOf(412), 500, '30');
    expect(page.data[0]).toBe(30);
    expect(page.data.at(-1)).toBe(411);
    expect(page.nextCursor).toBeNull();
  });

  test('what is not shown is counted, up to a bound', async () => {
    expect(await countRest(pagesOf(412), '30')).toEqual({ count: 382, more: false });
    expect(await countRest(pagesOf(412), null)).toEqual({ count: 0, more: false });
    expect((await countRest(pagesOf(100_000), '0')).more).toBe(true);
  });

  test.each([
    [shownOf(30, 412, 'order'), '30 of 412 orders'],
    [shownOf(1, 1, 'order'), '1 order'],
    [shownOf(0, 0, 'entry'), '0 entries'],
    [shownOf(30, 2_030, 'order', true), '30 of more than 2030 orders'],
  ])('reads "%s"', (text, expected) => {
    expect(text).toBe(expected);
  });
});

describe('several lists as one', () => {
  test.each([
    [[3, 4], 2],
    [[2, 2], 2],
    [[0, 5], 3],
    [[5, 0], 5],
    [[0, 0], 10],
    [[201, 250, 1], 60],
  ])(
    '%j by %i: everything once, in order, and no page that leads to nothing',
    async (totals, limit) => {
      const lists = totals.map(
        (total, list) => async (page: { limit: number; cursor?: string }) => {
          const shown = await pagesOf(total)(page);
          return { ...shown, data: shown.data.map((item) => `${list}/${item}`) };
        },
      );
      const all: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await chainPages(lists)({ limit, cursor });
        if (cursor !== undefined) expect(page.data).not.toEqual([]);
        all.push(...page.data);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      const expected = totals.flatMap((total, list) =>
        Array.from({ length: total }, (_, item) => `${list}/${item}`),
      );
      expect(all).toEqual(expected);
    },
  );
});
