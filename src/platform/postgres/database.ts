import { createHash } from 'node:crypto';
import { Kysely, type Transaction as KyselyTransaction, PostgresDialect } from 'kysely';
import pg from 'pg';
import { translateDatabaseError } from './database-errors.ts';

/** A pool of connections, typed by the tables that a context declares. */
export type Database<Tables> = Kysely<Tables>;
/** An open transaction: what writes or locks asks for this type, so that it cannot be forgotten. */
export type Transaction<Tables> = KyselyTransaction<Tables>;
/** Either of them, for what only reads. */
export type Executor<Tables> = Kysely<Tables> | KyselyTransaction<Tables>;

export interface DatabaseOptions {
  url: string;
  /** Shown in pg_stat_activity: which part of steward holds the connection. */
  applicationName: string;
  /** Service role to act as (`set role`), so that a process has the least rights it needs. */
  role?: string;
  /** Connections at most. */
  max: number;
  /** A statement that runs longer is cancelled by the server; 0 for none. */
  statementTimeoutMs?: number;
  /** How long to wait for a free or new connection before the answer is "unavailable". */
  connectTimeoutMs?: number;
  /** Called for errors of idle connections; the pool replaces them by itself. */
  onIdleError?: (error: Error) => void;
}

type Lent = Parameters<pg.Pool['connect']>[0];

const INT8 = 20;
const INT8_ARRAY = 1016;
const DATE = 1082;
const parsers = new Map<number, (text: string) => unknown>([
  [INT8, BigInt],
  [INT8_ARRAY, parseBigints],
  // A calendar day, as text: as a moment it would be another day in another time zone.
  [DATE, String],
]);
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => parsers.get(oid) ?? pg.types.getTypeParser(oid, format),
};

/** `{1,NULL}`, of one dimension. */
function parseBigints(text: string): (bigint | null)[] {
  if (text === '{}') return [];
  const parts = text.slice(1, -1).split(',');
  return parts.map((part) => (part === 'NULL' ? null : BigInt(part)));
}

/**
 * SQL texts that get a name. The code has a few hundred; a text beyond that is generated per call
 * and must not fill the server's memory with prepared statements that are used once.
 */
const MAX_NAMED_STATEMENTS = 1_000;

/** Opens a pool. Each SQL text is a named prepared statement, so PostgreSQL plans it once. */
export function openDatabase<Tables>(options: DatabaseOptions): Database<Tables> {
  return databaseOn(openPool(options));
}

/** The typed door to a pool of {@link openPool}; closing it closes the pool. */
export function databaseOn<Tables>(pool: pg.Pool): Database<Tables> {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}

/** A database that is known not to be there: whoever asks it anything gets this error. */
export function databaseNowhere<Tables>(error: () => Error): Database<Tables> {
  const pool = async () => {
    throw error();
  };
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}

/** The pool behind {@link openDatabase}. */
export function openPool(options: DatabaseOptions): pg.Pool {
  const names = new Map<string, string>();
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.applicationName,
    max: options.max,
    types,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 3_000,
    // An idle connection is kept for a while: reconnecting costs a fork on the server.
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    options: sessionSettings(options),
    Client: namedStatements(names),
  });
  pool.on('error', (error) => {
    // While a pool is being closed its server may be stopped too: nobody misses the connection.
    if (!pool.ending) options.onIdleError?.(error);
  });
  // A connection that breaks while it is lent out tells its query, or the next one. It also emits
  // the error, which the pool listens for only while the connection is idle: unheard, it would end
  // the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  // Its refusal says what callers can act on. The form with a callback is pg's own, in pool.query.
  const connect = pool.connect.bind(pool);
  const lend = (callback?: Lent) => {
    if (callback === undefined) return translated(connect());
    return connect((error, client, release) => {
      callback(error && (translateDatabaseError(error) as Error), client, release);
    });
  };
  pool.connect = lend as typeof pool.connect;
  return pool;
}

function sessionSettings(options: DatabaseOptions): string {
  const settings = [
    // Timestamps in snapshots are written as text: one zone for all, or replays would differ.
    'timezone=UTC',
    // What the locks in our statements rely on, whatever the server's default.
    'default_transaction_isolation=read\\ committed',
    `statement_timeout=${options.statementTimeoutMs ?? 30_000}`,
    // A transaction that waits for its client holds locks: ours never wait for anything outside.
    'idle_in_transaction_session_timeout=30000',
    ...(options.role ? [`role=${options.role}`] : []),
  ];
  return settings.map((setting) => `-c ${setting}`).join(' ');
}

/** A client that names the statements that Kysely leaves unnamed, and types the errors. */
function namedStatements(names: Map<string, string>): typeof pg.Client {
  return class extends pg.Client {
    // biome-ignore lint/suspicious/noExplicitAny: pg's own overloads take any of seven shapes
    override query(...args: any[]): any {
      const [text, values, callback] = args;
      if (typeof text === 'string' && Array.isArray(values) && callback === undefined) {
        const name = statementName(names, text);
        return translated(super.query(name ? { name, text, values } : { text, values }));
      }
      const result: unknown = (super.query as (...all: unknown[]) => unknown).apply(this, args);
      return result instanceof Promise ? translated(result) : result;
    }
  };
}

function translated<T>(result: Promise<T>): Promise<T> {
  return result.catch((error: unknown) => {
    throw translateDatabaseError(error);
  });
}

function statementName(names: Map<string, string>, text: string): string | undefined {
  const known = names.get(text);
  if (known || names.size >= MAX_NAMED_STATEMENTS) return known;
  // Names are cut at 63 bytes by the server; 20 hex digits of SHA-256 do not collide.
  const name = `s_${createHash('sha256').update(text).digest('hex').slice(0, 20)}`;
  names.set(text, name);
  return name;
}
