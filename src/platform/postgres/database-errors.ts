import { StewardError, unavailable } from '../errors.ts';

/** SQLSTATE classes and codes that say "the server is not there now", not "the statement is wrong". */
const GONE = new Set(['57P01', '57P02', '57P03', '57P05', '53300', '58000', '25006']);
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'ENETUNREACH',
  'EHOSTUNREACH',
]);
/** node-postgres reports these without any code. */
const MESSAGES =
  /connection terminated|timeout exceeded when trying to connect|client has encountered a connection error|connection error and is not queryable|cannot use a pool after/i;

/** Whether the error means that PostgreSQL cannot be reached, as against a refused statement. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (error instanceof StewardError) return error.code === 'database_unavailable';
  if (error instanceof AggregateError) return error.errors.some(isDatabaseUnavailable);
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return (
    GONE.has(code) || NETWORK.has(code) || code.startsWith('08') || MESSAGES.test(error.message)
  );
}

/** `database_unavailable` where the server is away; every other error as it is. */
export function translateDatabaseError(error: unknown): unknown {
  if (!isDatabaseUnavailable(error) || error instanceof StewardError) return error;
  return unavailable(
    'database_unavailable',
    'The database does not answer at the moment. Nothing was lost; please try again.',
    error,
  );
}

/** SQLSTATE of a database error, or undefined for anything else. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  // All of them have a digit, unlike EPIPE and EPERM.
  return typeof error.code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(error.code)
    ? error.code
    : undefined;
}
