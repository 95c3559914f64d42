import { sql } from 'kysely';
import { invalid } from '../../platform/errors.ts';
import type { Executor } from '../../platform/postgres/database.ts';
import type { ListServices, ServicesPage } from './catalog.ts';
import { SERVICE_COLUMNS } from './store.ts';
import type { CatalogTables } from './tables.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

/** A page of services by category and code. See `Catalog.list`. */
export async function listServices(
  db: Executor<CatalogTables>,
  { active, search, category, limit = DEFAULT_LIMIT, cursor }: ListServices,
): Promise<ServicesPage> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    const message = `Expected a whole number from 1 to ${MAX_LIMIT}.`;
    throw invalid(`limit: ${message}`, [{ path: 'limit', message }], 'invalid_limit');
  }
  const after = cursor === undefined ? undefined : decodeCursor(cursor);
  let matching = db.selectFrom('catalog.services');
  if (active !== undefined) matching = matching.where('active', '=', active);
  if (category !== undefined) {
    matching = matching.where(sql`lower(category)`, '=', category.trim().toLowerCase());
  }
  if (search !== undefined && search.trim() !== '') {
    const pattern = `%${search.trim().replace(/[\\%_]/g, '\\$&')}%`;
    matching = matching.where((where) =>
      where.or([
        where('code', 'ilike', pattern),
        where('name', 'ilike', pattern),
        where('category', 'ilike', pattern),
        where(sql<string>`array_to_string(skills, ' ')`, 'ilike', pattern),
      ]),
    );
  }
  const counted = await matching
    .select((select) => select.fn.countAll<bigint>().as('total'))
    .executeTakeFirstOrThrow();
  let page = matching.select(SERVICE_COLUMNS).orderBy('category').orderBy('code');
  if (after) page = page.where(sql<boolean>`(category, code) > (${after[0]}, ${after[1]})`);
  const services = await page.limit(limit + 1).execute();
  const more = services.length > limit;
  const shown = services.slice(0, limit);
  const last = shown.at(-1);
  return {
    services: shown,
    nextCursor: more && last ? encodeCursor(last.category, last.code) : null,
    total: Number(counted.total),
  };
}

/** Opaque to callers: where the page ended. */
function encodeCursor(category: string, code: string): string {
  return Buffer.from(JSON.stringify([category, code])).toString('base64url');
}

function decodeCursor(cursor: string): [category: string, code: string] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(value) && value.length === 2) {
      const [category, code]: unknown[] = value;
      if (isText(category) && isText(code)) return [category, code];
    }
  } catch {
    // Not ours: the same answer as for any other text.
  }
  const message = 'Expected the nextCursor of an earlier page.';
  throw invalid(`cursor: ${message}`, [{ path: 'cursor', message }], 'invalid_cursor');
}

/** What PostgreSQL takes as text: no NUL, no half of a character. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed() && !value.includes('\u0000');
}
