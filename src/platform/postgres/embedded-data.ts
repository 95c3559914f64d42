import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  access,
  chown,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  statfs,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeFileAtomically } from '../atomic-file.ts';
import { unavailable } from '../errors.ts';
import type { Account } from './embedded-account.ts';
import type { Binaries } from './embedded-binaries.ts';
import type { Place } from './embedded-place.ts';
import { spawnIdentity } from './embedded-postmaster.ts';

const run = promisify(execFile);

/** The owner of all embedded databases. */
export const ownerName = 'steward';
/** The PostgreSQL of our npm packages; the data on disk is bound to it. */
const majorVersion = '18';
const settingsFile = 'steward.conf';
const freshPrefix = 'data-new-';

/**
 * The owner's password, made up at the first start and kept in a file for us alone.
 * @throws StewardError unavailable `embedded_postgres_password_missing` if there is data already.
 */
export async function ownerPassword(place: Place): Promise<string> {
  const path = join(place.control, 'password');
  const known = (await readFile(path, 'utf8').catch(() => '')).trim();
  if (known) return known;
  if (await hasData(place.data)) {
    throw unavailable(
      'embedded_postgres_password_missing',
      `The file ${path} with the password of the embedded PostgreSQL is missing or cannot be read, but there is data in ${place.data}. Bring the file back, or remove ${place.control} to begin with empty databases.`,
    );
  }
  const password = randomBytes(24).toString('base64url');
  await writeFileAtomically(path, `${password}\n`, { durable: true });
  return password;
}

/**
 * Makes the data folder if there is none: UTF-8, sorted and cased by PostgreSQL's own C.UTF-8 (the
 * same on every machine), page checksums, scram passwords for every connection. It is made under
 * another name and renamed when it is whole.
 * @throws StewardError unavailable `embedded_postgres_other_version`, `embedded_postgres_failed`.
 */
export async function provideData(
  place: Place,
  binaries: Binaries,
  password: string,
): Promise<void> {
  await removeUnfinished(place.base);
  if (await hasData(place.data)) return checkVersion(place.data);
  const fresh = await mkdtemp(join(place.base, freshPrefix));
  const passwordFile = `${fresh}.password`;
  try {
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    await give(passwordFile, place.account);
    await give(fresh, place.account);
    await initialise(binaries, fresh, passwordFile, place);
    await rename(fresh, place.data);
    await syncFolder(place.base);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(fresh, { recursive: true, force: true });
  }
}

async function initialise(binaries: Binaries, fresh: string, passwordFile: string, place: Place) {
  const args = [
    ['--pgdata', fresh],
    ['--username', ownerName],
    ['--pwfile', passwordFile],
    ['--auth', 'scram-sha-256'],
    ['--encoding', 'UTF8'],
    ['--locale-provider', 'builtin'],
    ['--builtin-locale', 'C.UTF-8'],
    ['--locale', 'C'],
    ['--data-checksums', '--no-instructions'],
    // Read last, so it wins over what initdb wrote above it.
    ['--set', `include_if_exists=${settingsFile}`],
  ].flat();
  try {
    await run(binaries.initdb, args, spawnIdentity(place.account, fresh));
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    throw unavailable(
      'embedded_postgres_failed',
      `The embedded PostgreSQL could not make its data folder below ${place.base}: ${output.trim() || String(error)}`,
      error,
    );
  }
}

async function checkVersion(data: string): Promise<void> {
  const version = (await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => '')).trim();
  if (version === majorVersion) return;
  throw unavailable(
    'embedded_postgres_other_version',
    `The data in ${data} was made by PostgreSQL ${version || '(no version found)'}, but this steward brings PostgreSQL ${majorVersion}. Take a dump with the steward that made it and restore it here, or set DATABASE_URL to a server of that version.`,
  );
}

/**
 * What the server is started with, written anew at each start. The settings a caller adds win.
 * `sharedBuffersMb` is smaller on a second try, where memory is short.
 */
export async function writeSettings(
  place: Place,
  options: { port: number; sharedBuffersMb: number; settings: Readonly<Record<string, string>> },
): Promise<void> {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(options.port),
    // No socket file: its path would be too long in deep folders, and passwords need none.
    unix_socket_directories: '',
    cluster_name: 'steward',
    // API, payments, workers and commands together, each with its pools.
    max_connections: '200',
    shared_buffers: `${options.sharedBuffersMb}MB`,
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Start failures are told apart by their messages.
    lc_messages: 'C',
    log_destination: 'stderr',
    logging_collector: 'off',
    log_line_prefix: '%m [%p] %q%a %u@%d ',
    ...(await memorySettings()),
    ...options.settings,
  };
  const lines = Object.entries(settings).map(([name, value]) => {
    return `${name} = '${value.replaceAll("'", "''").replaceAll('\\', '\\\\')}'\n`;
  });
  const path = join(place.data, settingsFile);
  await rm(path, { force: true });
  await writeFile(
    path,
    `# Written by steward at each start; put your own settings at the end of postgresql.conf.\n${lines.join('')}`,
    { mode: 0o600 },
  );
  await give(path, place.account);
}

/** Containers have a /dev/shm of 64 MB, in which parallel queries fail; files do as well. */
async function memorySettings(): Promise<Record<string, string>> {
  if (process.platform === 'win32') return {};
  if (process.platform !== 'linux') return { shared_memory_type: 'mmap' };
  const disk = await statfs('/dev/shm').catch(() => undefined);
  const freeMb = disk ? (disk.bavail * disk.bsize) / 1024 ** 2 : 0;
  return {
    shared_memory_type: 'mmap',
    dynamic_shared_memory_type: freeMb >= 512 ? 'posix' : 'mmap',
  };
}

export async function hasData(data: string): Promise<boolean> {
  return access(data).then(
    () => true,
    () => false,
  );
}

/**
 * What a start that was killed left behind. Its initdb may still be writing there: then the folder
 * is pulled from under it, and if that fails, the rest is left for the next start.
 */
async function removeUnfinished(base: string): Promise<void> {
  for (const name of await readdir(base)) {
    if (!name.startsWith(freshPrefix)) continue;
    await rm(join(base, name), {
      recursive: true,
      force: true,
      maxRetries: 10,
      retryDelay: 20,
    }).catch(() => undefined);
  }
}

async function give(path: string, account: Account | undefined): Promise<void> {
  if (account) await chown(path, account.uid, account.gid);
}

/** So that the renamed folder is still there after a power cut. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
