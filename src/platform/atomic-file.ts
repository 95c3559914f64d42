import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Only the user that steward runs as: photos and mails are personal data. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

export interface AtomicWriteOptions {
  /** Whether the bytes must be on the disk before the file appears; costs a flush. */
  durable: boolean;
}

/**
 * Writes a file so that a reader sees the whole of it or nothing, whatever crashes when: under a
 * temporary name beside it, then renamed. Missing folders are made. An existing file is replaced.
 */
export async function writeFileAtomically(
  path: string,
  bytes: string | Uint8Array,
  options: AtomicWriteOptions,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
  // Random, not the process id: containers that share a volume all have the same ids.
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx', FILE_MODE);
    try {
      await file.writeFile(bytes);
      if (options.durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
