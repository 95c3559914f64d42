import { z } from 'zod';
import { invalid } from './errors.ts';

/** A place in a list, as an opaque text: what the caller gets back unchanged as `cursor`. */
export function encodeCursor(keys: readonly string[]): string {
  return Buffer.from(JSON.stringify(keys)).toString('base64url');
}

/**
 * Reads what {@link encodeCursor} wrote.
 * @param shape one schema per key
 * @throws StewardError `invalid_input` for a text that is no cursor of this list
 */
export function decodeCursor<T extends [z.ZodType, ...z.ZodType[]]>(
  cursor: string | undefined,
  shape: T,
): z.infer<z.ZodTuple<T>> | undefined {
  if (cursor === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    value = undefined;
  }
  const keys = z.tuple(shape).safeParse(value);
  // PostgreSQL takes no text with a NUL or half a character in it.
  if (keys.success && isPlain(keys.data)) return keys.data as z.infer<z.ZodTuple<T>>;
  throw invalid('The cursor is not one of this list.', [
    { path: 'cursor', message: 'expected the nextCursor of an earlier page of the same list' },
  ]);
}

/**
 * Cuts a page out of `limit + 1` rows: the extra row only tells that there is a next page.
 * @param keys what identifies the place after a row
 */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  keys: (row: Row) => string[],
  item: (row: Row) => Item,
): { data: Item[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    data: shown.map(item),
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(keys(last)) : null,
  };
}

function isPlain(keys: readonly unknown[]): boolean {
  return keys.every(
    (key) => typeof key !== 'string' || (key.isWellFormed() && !key.includes('\u0000')),
  );
}
