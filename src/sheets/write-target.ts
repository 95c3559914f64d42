import { randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { StewardError } from '../platform/errors.ts';
import { sheetError } from './sheet-errors.ts';

/** A file that nobody sees until it is complete. */
export interface NewFile {
  /** Bytes written so far, which is where the next ones go. */
  readonly length: number;
  append(bytes: Uint8Array): Promise<void>;
  /** Replaces bytes that were appended before. */
  patch(bytes: Uint8Array, at: number): Promise<void>;
  /** Puts the file in its place; one that was there before is replaced at that moment. */
  keep(): Promise<void>;
  /** Removes what was written; the file that was there before is as it was. */
  discard(): Promise<void>;
}

/** Statements and bank files are personal: who wants others to read them, says so. */
const FILE_MODE = 0o600;
const PERMISSIONS = 0o777;

/**
 * Begins a file under a temporary name in the folder of `path`. Unlike our own data files, which
 * `writeFileAtomically` writes, it is larger than memory, and its folder is the user's: none is
 * made. A file that is replaced hands down its permissions; a link stays and its target is replaced.
 * @throws StewardError `sheet_file_unwritable`, here and from every method
 */
export async function beginFile(path: string): Promise<NewFile> {
  const existing = await findExisting(path);
  const target = existing?.path ?? resolve(path);
  const temporary = join(dirname(target), `.${randomUUID()}.xlsx.tmp`);
  const trying = <Value>(action: () => Promise<Value>) => orUnwritable(path, action);
  const file = await trying(() => open(temporary, 'wx', FILE_MODE));
  let length = 0;
  return {
    get length() {
      return length;
    },
    async append(bytes) {
      await trying(() => writeWhole(file, bytes, length));
      length += bytes.length;
    },
    patch: (bytes, at) => trying(() => writeWhole(file, bytes, at)),
    keep: () =>
      trying(async () => {
        if (existing) await file.chmod(existing.mode);
        await file.sync();
        await file.close();
        await rename(temporary, target);
      }),
    async discard() {
      // Whatever led here is the error to report; a second `close` only rejects.
      await file.close().catch(() => {});
      await rm(temporary, { force: true }).catch(() => {});
    },
  };
}

async function findExisting(path: string): Promise<{ path: string; mode: number } | undefined> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) {
      throw unwritable(`"${path}" is a folder: expected the path of a file in it.`);
    }
    if (!found.isFile()) {
      throw unwritable(`"${path}" is no regular file: expected the path of an .xlsx file.`);
    }
    return { path: await realpath(path), mode: found.mode & PERMISSIONS };
  } catch (error) {
    // That it is not there is the usual case; what else is wrong shows when it is opened.
    if (error instanceof StewardError) throw error;
    return undefined;
  }
}

/** The system may take fewer bytes than it was given. */
async function writeWhole(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

async function orUnwritable<Value>(path: string, action: () => Promise<Value>): Promise<Value> {
  try {
    return await action();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw unwritable(
        `"${path}" cannot be written: there is no folder "${dirname(resolve(path))}".`,
        cause,
      );
    }
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
      throw unwritable(
        `"${path}" cannot be written: this user may not write to the folder "${dirname(resolve(path))}".`,
        cause,
      );
    }
    const why = code === 'ENOSPC' ? 'the disk is full' : String(code ?? cause);
    throw unwritable(`"${path}" cannot be written: ${why}.`, cause);
  }
}

function unwritable(message: string, cause?: unknown) {
  return sheetError('sheet_file_unwritable', message, cause === undefined ? {} : { cause });
}
