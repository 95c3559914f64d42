import { createHash } from 'node:crypto';
import pg from 'pg';
import { StewardError, unavailable } from '../errors.ts';
import { isDatabaseUnavailable, sqlState } from './database-errors.ts';

/** One step of a schema, frozen once released: a later change is a later migration. */
export interface Migration {
  /** `YYYY-MM-DD-what`: sorted and unique within its context. */
  id: string;
  /** Plain SQL, run in one transaction with the row that records it. */
  sql: string;
  /** A query over the data as it must be afterwards; any row it returns refuses the migration. */
  check?: string;
}

/** A context's migrations. Contexts run in the order given: later ones may use earlier ones. */
export interface MigrationSet {
  context: string;
  migrations: readonly Migration[];
}

export type MigrationState = 'applied' | 'pending' | 'unknown' | 'changed';

export interface MigrationStatus {
  context: string;
  id: string;
  /** `unknown`: in the database but not in this code, which is then too old for the database. */
  state: MigrationState;
  appliedAt: Date | null;
}

/** SQLSTATEs of a server that is there: no such database, wrong password, no such user. */
const REFUSED = new Set(['3D000', '28P01', '28000']);

/** ASCII "stew": the lock that lets one process migrate while the others wait. */
const ADVISORY_LOCK = 0x73746577;

const BOOK = `
  create schema if not exists platform;
  create table if not exists platform.migrations (
    context text not null,
    id text not null,
    checksum text not null,
    applied_at timestamptz not null default now(),
    primary key (context, id)
  );`;

/**
 * Applies what is missing, each migration in its own transaction, under a lock, so that ten
 * processes may start at once.
 * @returns what was applied just now
 * @throws StewardError `database_newer` when the database knows migrations that this code does not,
 *   `migration_changed` when an applied one has another text, `migration_failed` with its id
 */
export async function migrate(
  url: string,
  sets: readonly MigrationSet[],
  afterwards?: (client: pg.Client) => Promise<void>,
): Promise<MigrationStatus[]> {
  return withClient(url, async (client) => {
    await client.query('set statement_timeout = 0');
    // When we are killed, what we left running must not hold the lock for as long as it takes.
    // Servers on some systems cannot look after their clients: then it ends by itself.
    await client.query('set client_connection_check_interval = 1000').catch(() => undefined);
    await client.query('select pg_advisory_lock($1)', [ADVISORY_LOCK]);
    try {
      await client.query(BOOK);
      const status = await readStatus(client, sets);
      refuseMismatch(status);
      const applied: MigrationStatus[] = [];
      for (const set of sets) {
        for (const migration of set.migrations) {
          const pending = status.some(
            (row) =>
              row.context === set.context && row.id === migration.id && row.state === 'pending',
          );
          if (pending) applied.push(await apply(client, set.context, migration));
        }
      }
      await afterwards?.(client);
      return applied;
    } finally {
      // On a broken connection it is free already.
      await client.query('select pg_advisory_unlock($1)', [ADVISORY_LOCK]).catch(() => undefined);
    }
  });
}

/** What stands where; changes nothing. */
export async function migrationStatus(
  url: string,
  sets: readonly MigrationSet[],
): Promise<MigrationStatus[]> {
  return withClient(url, (client) => readStatus(client, sets));
}

/**
 * Refuses to work on a database that does not fit this code; called once at start.
 * @throws StewardError `database_newer`, `migration_changed`, or `database_not_migrated`
 */
export function assertMigrated(status: readonly MigrationStatus[]): void {
  refuseMismatch(status);
  const pending = status.filter((row) => row.state === 'pending');
  if (pending.length === 0) return;
  throw new StewardError(
    'conflict',
    'database_not_migrated',
    `The database lacks ${pending.length} of ${status.length} migrations (first: ${pending[0]?.context}/${pending[0]?.id}). Run "steward db migrate".`,
    { data: { pending: pending.map((row) => `${row.context}/${row.id}`) } },
  );
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'steward migrate',
    connectionTimeoutMillis: 10_000,
  });
  // A connection that breaks tells its query; it also emits the error, which must not end us.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    const refused = REFUSED.has(sqlState(error) ?? '');
    if (!refused && !isDatabaseUnavailable(error)) throw error;
    const target = new URL(url);
    const place = `PostgreSQL at ${target.host}${target.pathname}`;
    const message = refused
      ? `${place} refuses the connection: ${error instanceof Error ? error.message : error}. Is the URL right?`
      : `${place} does not answer. Is it running, and is the URL right?`;
    throw unavailable('database_unavailable', message, error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function readStatus(
  client: pg.Client,
  sets: readonly MigrationSet[],
): Promise<MigrationStatus[]> {
  const book = await client.query("select to_regclass('platform.migrations') as book");
  const rows = book.rows[0]?.book
    ? (await client.query('select context, id, checksum, applied_at from platform.migrations')).rows
    : [];
  const known: MigrationStatus[] = sets.flatMap((set) =>
    set.migrations.map((migration) => {
      const row = rows.find((one) => one.context === set.context && one.id === migration.id);
      const state =
        row === undefined
          ? 'pending'
          : row.checksum === checksum(migration)
            ? 'applied'
            : 'changed';
      return { context: set.context, id: migration.id, state, appliedAt: row?.applied_at ?? null };
    }),
  );
  const unknown: MigrationStatus[] = rows
    .filter((row) => !known.some((one) => one.context === row.context && one.id === row.id))
    .map((row) => ({
      context: row.context,
      id: row.id,
      state: 'unknown',
      appliedAt: row.applied_at,
    }));
  return [...known, ...unknown];
}

function refuseMismatch(status: readonly MigrationStatus[]): void {
  const unknown = status.filter((row) => row.state === 'unknown');
  if (unknown.length > 0) {
    throw new StewardError(
      'conflict',
      'database_newer',
      `The database is newer than this version of steward: it has ${unknown.map((row) => `${row.context}/${row.id}`).join(', ')}. Upgrade steward.`,
      { data: { unknown: unknown.map((row) => `${row.context}/${row.id}`) } },
    );
  }
  const changed = status.find((row) => row.state === 'changed');
  if (changed) {
    throw new StewardError(
      'conflict',
      'migration_changed',
      `Migration ${changed.context}/${changed.id} was applied with another text. An applied migration is never edited: restore it and write a new one.`,
    );
  }
}

async function apply(
  client: pg.Client,
  context: string,
  migration: Migration,
): Promise<MigrationStatus> {
  try {
    await client.query('begin');
    await client.query(migration.sql);
    if (migration.check) {
      const wrong = await client.query(migration.check);
      if (wrong.rows.length > 0) {
        throw new Error(`the data check found ${wrong.rows.length} rows that must not be there`);
      }
    }
    const booked = await client.query(
      `insert into platform.migrations (context, id, checksum) values ($1, $2, $3)
       returning applied_at`,
      [context, migration.id, checksum(migration)],
    );
    await client.query('commit');
    return { context, id: migration.id, state: 'applied', appliedAt: booked.rows[0].applied_at };
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    if (isDatabaseUnavailable(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StewardError(
      'conflict',
      'migration_failed',
      `Migration ${context}/${migration.id} failed and left nothing behind: ${reason}`,
      { cause: error },
    );
  }
}

function checksum(migration: Migration): string {
  return createHash('sha256').update(migration.sql).digest('hex').slice(0, 16);
}
