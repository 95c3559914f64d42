import { type RawBuilder, sql } from 'kysely';
import type { Executor } from '../../../platform/postgres/database.ts';
import type { AllTables } from '../dependencies.ts';
import type { Run } from '../payments.ts';
import type { RunScope } from './run-kind.ts';

/** What stands before the people's lines in what is hashed: a run of other terms is another run. */
export function hashHead(kind: Run['kind'], scope: RunScope): string {
  return JSON.stringify([
    kind,
    scope.period,
    scope.cutoff.toISOString(),
    scope.currency,
    scope.only,
    scope.except.map(({ id, reason }) => [id, reason]).sort(),
  ]);
}

/**
 * SHA-256, in hex, of a run's terms and its people's lines, in the order of their ids.
 * @param lines a select with `id` and `line`
 */
export async function hashOf(
  db: Executor<AllTables>,
  kind: Run['kind'],
  scope: RunScope,
  lines: RawBuilder<unknown>,
): Promise<string> {
  const { rows } = await sql<{ hash: string }>`
    select encode(sha256(convert_to(${hashHead(kind, scope)}::text || E'\\n'
      || coalesce(string_agg(line, E'\\n' order by id), ''), 'UTF8')), 'hex') as hash
    from (${lines}) as l`.execute(db);
  return rows[0]?.hash ?? '';
}
