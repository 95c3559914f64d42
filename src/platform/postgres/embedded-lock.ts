import { accessSync, constants } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { unavailable } from '../errors.ts';

/**
 * Locks between processes that the operating system itself lets go of when their holder dies, even
 * by kill -9. Node has no call for file locks, but its SQLite takes them: an open transaction on an
 * empty database file is a shared or an exclusive lock on that file. So there are no process ids to
 * check, nothing stale to clean up, and a reused process id deceives nobody.
 */
export interface FileLock {
  release(): void;
}

const sqliteBusy = 5;
const retryMs = 10;

/** Keeps held locks from being collected as garbage, which would let go of them. */
const held = new Set<DatabaseSync>();

/** Shared with other shared holders; undefined while somebody holds the file exclusively. */
export function tryShared(path: string): FileLock | undefined {
  return tryLock(path, 'BEGIN; SELECT count(*) FROM sqlite_schema');
}

/** Held by nobody else in any way; undefined if somebody does. */
export function tryExclusive(path: string): FileLock | undefined {
  return tryLock(path, 'BEGIN EXCLUSIVE');
}

/**
 * Waits for the exclusive lock. `onWait` is called once, after `noticeMs` of waiting.
 * @throws StewardError unavailable `embedded_postgres_busy` after `timeoutMs`.
 */
export async function exclusive(
  path: string,
  options: { timeoutMs: number; noticeMs: number; onWait: () => void },
): Promise<FileLock> {
  const begin = performance.now();
  let told = false;
  for (;;) {
    const lock = tryExclusive(path);
    if (lock) return lock;
    const waitedMs = performance.now() - begin;
    if (waitedMs > options.timeoutMs) {
      throw unavailable(
        'embedded_postgres_busy',
        `Another steward process has been starting or stopping the embedded PostgreSQL for ${Math.round(waitedMs / 1000)} seconds; it holds the lock ${path}.`,
      );
    }
    if (!told && waitedMs > options.noticeMs) {
      told = true;
      options.onWait();
    }
    await sleep(retryMs);
  }
}

function tryLock(path: string, sql: string): FileLock | undefined {
  let file: DatabaseSync | undefined;
  try {
    file = new DatabaseSync(path);
    // SQLite would quietly take a lesser lock on a file that it may only read.
    accessSync(path, constants.W_OK);
    file.exec(sql);
  } catch (error) {
    file?.close();
    if (isBusy(error)) return undefined;
    throw unavailable(
      'embedded_postgres_not_writable',
      `The lock file ${path} of the embedded PostgreSQL cannot be opened and locked: its folder must belong to the user who runs steward and lie on a local disk.`,
      error,
    );
  }
  const locked = file;
  held.add(locked);
  return {
    release() {
      if (held.delete(locked)) locked.close();
    },
  };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy;
}
