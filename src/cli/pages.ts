/** As the contexts answer lists. */
interface Page<T> {
  data: T[];
  nextCursor: string | null;
}
type FetchPage<T> = (page: { limit: number; cursor?: string }) => Promise<Page<T>>;

/** Rows per round trip; the contexts refuse more. */
const PAGE_ROWS = 200;
/** A total is counted by reading on; beyond this it costs too much for a hint. */
const COUNT_AT_MOST = 2_000;

/** Reads up to `limit` items, over as many pages as that takes. */
export async function collectPages<T>(
  fetch: FetchPage<T>,
  limit: number,
  cursor?: string,
): Promise<Page<T>> {
  const data: T[] = [];
  let next: string | null = cursor ?? null;
  do {
    const page: Page<T> = await fetch({
      limit: Math.min(limit - data.length, PAGE_ROWS),
      cursor: next ?? undefined,
    });
    data.push(...page.data);
    next = page.nextCursor;
  } while (next !== null && data.length < limit);
  return { data, nextCursor: next };
}

/** How many follow after this cursor; `more` when counting was given up. */
export async function countRest<T>(
  fetch: FetchPage<T>,
  cursor: string | null,
): Promise<{ count: number; more: boolean }> {
  let count = 0;
  let next = cursor;
  while (next !== null && count < COUNT_AT_MOST) {
    const page: Page<T> = await fetch({ limit: PAGE_ROWS, cursor: next });
    count += page.data.length;
    next = page.nextCursor;
  }
  return { count, more: next !== null };
}

/** `30 of 412 orders`, or `412 orders` where that is all of them. */
export function shownOf(shown: number, total: number, noun: string, more = false): string {
  const name = total === 1 ? noun : plural(noun);
  if (more) return `${shown} of more than ${total} ${name}`;
  return shown === total ? `${total} ${name}` : `${shown} of ${total} ${name}`;
}

function plural(noun: string): string {
  return /[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`;
}

/** Several lists, one after another, as one with cursors of its own. */
export function chainPages<T>(lists: readonly FetchPage<T>[]): FetchPage<T> {
  return async ({ limit, cursor }) => {
    const [, number = '0', inner = ''] = /^(\d+)\.(.*)$/s.exec(cursor ?? '0.') ?? [];
    const data: T[] = [];
    let place = inner === '' ? undefined : inner;
    for (let index = Number(number); ; index++, place = undefined) {
      const list = lists[index];
      if (!list) return { data, nextCursor: null };
      // A full page still has to know whether anything follows it.
      const full = data.length === limit;
      const page = await list({ limit: full ? 1 : limit - data.length, cursor: place });
      if (full && page.data.length > 0) return { data, nextCursor: `${index}.` };
      data.push(...page.data);
      if (page.nextCursor !== null) return { data, nextCursor: `${index}.${page.nextCursor}` };
    }
  };
}
