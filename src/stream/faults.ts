import { StewardError } from '../platform/errors.ts';
import { isDatabaseUnavailable, sqlState } from '../platform/postgres/database-errors.ts';

/**
 * Who is to blame when a consumer threw.
 * - `event`: the consumer cannot digest this event; the order is parked
 * - `collision`: transactions got into each other's way; the same again will do
 * - `database`: the server is away, full, or does not fit this code; parking would put aside every
 *   order for nothing
 */
export type Blame = 'event' | 'collision' | 'database';

/** Serialization failure, deadlock, lock not available. */
const COLLISIONS = new Set(['40001', '40P01', '40003', '55P03']);
/** No right, or no such table, column, function or schema: a migration or a grant is missing. */
const MISFITS = new Set(['42501', '42P01', '42703', '42883', '3F000']);

/** Looks at an error that came out of a consumer's transaction. */
export function blame(error: unknown): Blame {
  if (isDatabaseUnavailable(error)) return 'database';
  if (error instanceof StewardError) return error.kind === 'unavailable' ? 'database' : 'event';
  const state = sqlState(error);
  if (state === undefined) return 'event';
  if (COLLISIONS.has(state)) return 'collision';
  // 53: insufficient resources; 58: the operating system failed; 25P03, 57P05: we were thrown out
  // for sitting in a transaction, or in a session.
  if (MISFITS.has(state) || /^(53|58|25P03|57P)/.test(state)) return 'database';
  return 'event';
}

/** Whether the error says that the role may not do this. */
export function isForbidden(error: unknown): boolean {
  return sqlState(error) === '42501';
}

/** What stands in the books about an error; stack traces belong to logs. */
export function describe(error: unknown): string {
  const state = sqlState(error);
  const text = error instanceof Error ? error.message : String(error);
  return `${state ? `[${state}] ` : ''}${text}`.slice(0, 1_000);
}
