import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, readFile, realpath, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { writeFileAtomically } from '../atomic-file.ts';
import { StewardError, unavailable } from '../errors.ts';
import { type Account, closedFolder, serverAccount } from './embedded-account.ts';
import { runningServer, stopServer } from './embedded-postmaster.ts';

export interface EmbeddedLog {
  info(obj: object, msg: string): void;
  warn(obj: object, msg: string): void;
}

/** Where the parts of one embedded PostgreSQL lie. */
export interface Place {
  /** `<home>/postgres`: locks, password, port, server log. */
  control: string;
  /** The folder of `data` and the binaries: `control`, unless the server's user cannot enter it. */
  base: string;
  data: string;
  log: string;
  /** Whom the server runs as; undefined: as us. */
  account: Account | undefined;
}

/** Folders for data of homes that the server's user cannot enter; the first that works is taken. */
const outsideFolders = [
  (key: string) => join('/var/lib/steward', key),
  (key: string) => join('/var/tmp', `steward-${key}`),
];
/** In `control`: where the data is, if not here. */
const noteName = 'location';
/** In a folder outside: whose data it is. */
const homeName = 'home';

/**
 * Makes `<home>/postgres` and returns it.
 * @throws StewardError unavailable `embedded_postgres_not_writable`.
 */
export async function makeControlFolder(home: string): Promise<string> {
  const control = join(home, 'postgres');
  try {
    await mkdir(control, { recursive: true });
    return await realpath(control);
  } catch (error) {
    throw unavailable(
      'embedded_postgres_not_writable',
      `The folder ${control} for the embedded PostgreSQL cannot be made; it must belong to the user who runs steward.`,
      error,
    );
  }
}

/**
 * Finds out where the data of this home is or is to be made. Root runs the server as another user,
 * who cannot enter homes such as /root/shop: their data lies in /var/lib/steward instead. Call it
 * under the lock of `control`.
 * @throws StewardError unavailable `embedded_postgres_data_missing`, `embedded_postgres_closed_folder`.
 */
export async function findPlace(control: string, log: EmbeddedLog): Promise<Place> {
  const note = await readNote(control);
  if (note) {
    if (!(await exists(join(note, 'data')))) {
      throw unavailable(
        'embedded_postgres_data_missing',
        `The data of the embedded PostgreSQL should be in ${note}, as ${join(control, noteName)} says, but is not there. Bring it back, or remove ${control} to begin with empty databases.`,
      );
    }
    return place(control, note);
  }
  const inside = await place(control, control);
  if (!inside.account) return inside;
  // Root's locks and password are for root only by their own rights; the data needs a way in.
  await chmod(control, 0o711);
  const closed = await closedFolder(control, inside.account);
  if (!closed) return inside;
  if (await exists(inside.data)) {
    throw unavailable(
      'embedded_postgres_closed_folder',
      `PostgreSQL refuses to run as root and its user "${inside.account.name}" cannot reach the data in ${inside.data}, because the folder ${closed} is closed to other users. Open it with: chmod o+x ${closed}`,
    );
  }
  await removeAbandoned(log);
  return place(control, await makeOutside(control, log));
}

/** Where the data of this home is, if it has been made; changes nothing. */
export async function dataFolder(control: string): Promise<string> {
  return join((await readNote(control)) || control, 'data');
}

async function readNote(control: string): Promise<string> {
  return (await readFile(join(control, noteName), 'utf8').catch(() => '')).trim();
}

/** To be called when the data is whole: from now on a missing data folder is a loss, not a start. */
export async function noteLocation(found: Place): Promise<void> {
  if (found.base !== found.control) {
    await writeFileAtomically(join(found.control, noteName), `${found.base}\n`, { durable: true });
  }
}

async function place(control: string, base: string): Promise<Place> {
  const data = join(base, 'data');
  return {
    control,
    base,
    data,
    log: join(control, 'server.log'),
    account: await serverAccount(data),
  };
}

async function makeOutside(control: string, log: EmbeddedLog): Promise<string> {
  const key = createHash('sha256').update(control).digest('hex').slice(0, 16);
  const faults: unknown[] = [];
  for (const folderOf of outsideFolders) {
    const base = folderOf(key);
    try {
      await makeOwn(base);
    } catch (error) {
      faults.push(error);
      continue;
    }
    if (await exists(join(base, 'data'))) {
      // A home of this name was removed or is not mounted: its data is not ours to use or delete.
      const aside = `${base}-left-${Date.now()}`;
      await rename(base, aside);
      await makeOwn(base);
      log.warn({ folder: aside }, 'data of an earlier home of this name was put aside');
    }
    await writeFileAtomically(join(base, homeName), `${control}\n`, { durable: true });
    log.info({ folder: base }, "the server's user cannot enter the home: its data lies elsewhere");
    return base;
  }
  throw new StewardError(
    'unavailable',
    'embedded_postgres_closed_folder',
    `PostgreSQL refuses to run as root, its own user cannot enter ${control}, and no folder could be made for its data in /var/lib or /var/tmp. Set STEWARD_HOME to a folder that other users may enter.`,
    { cause: faults },
  );
}

/** Makes a folder that is root's own, so that nobody can plant one with a foreseen name. */
async function makeOwn(base: string): Promise<void> {
  if (dirname(base) !== '/var/tmp') {
    await mkdir(dirname(base), { recursive: true });
    await chmod(dirname(base), 0o711);
  }
  await mkdir(base, { recursive: true });
  const found = await lstat(base);
  if (!found.isDirectory() || found.uid !== 0) {
    throw new Error(`${base} exists and is not a folder of root's.`);
  }
  await chmod(base, 0o711);
}

/**
 * Temporary homes (tests, demonstrations) are deleted without a word to us. Data outside whose
 * home was below a folder for temporary files and is gone goes too; any other home may only be not
 * mounted, so its data is left alone.
 */
async function removeAbandoned(log: EmbeddedLog): Promise<void> {
  const volatile = ['/tmp', '/var/tmp', await realpath(tmpdir())];
  for (const folderOf of outsideFolders) {
    const parent = dirname(folderOf('x'));
    for (const name of await readdir(parent).catch(() => [])) {
      if (parent === '/var/tmp' && !name.startsWith('steward-')) continue;
      const base = join(parent, name);
      if ((await lstat(base).catch(() => undefined))?.uid !== 0) continue;
      const home = (await readFile(join(base, homeName), 'utf8').catch(() => '')).trim();
      const temporary = home && volatile.some((folder) => home.startsWith(folder + sep));
      if (!temporary || (await exists(home))) continue;
      const data = join(base, 'data');
      const server = await runningServer(data);
      if (server) await stopServer(server, data);
      await rm(base, { recursive: true, force: true });
      log.info({ folder: base, home }, 'removed the data of a temporary home that is gone');
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
