import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Disk } from 'flydrive';
import { FSDriver } from 'flydrive/drivers/fs';
import { writeFileAtomically } from '../atomic-file.ts';
import type { OpenDisk } from './open-disk.ts';

/** Photos as files below one folder, readable by nobody else. */
export function openFileDisk(folder: string): OpenDisk {
  return { disk: new Disk(new AtomicFileDriver(folder)), close: () => undefined };
}

/**
 * flydrive's own driver writes in place and for everybody to read: a crash would leave half a photo
 * under a key that an order refers to.
 */
class AtomicFileDriver extends FSDriver {
  readonly #folder: string;

  constructor(folder: string) {
    super({ location: folder, visibility: 'private' });
    this.#folder = folder;
  }

  override async put(key: string, contents: string | Uint8Array): Promise<void> {
    // Durable: the order's state that refers to the photo will be, too.
    await writeFileAtomically(join(this.#folder, key), contents, { durable: true });
  }

  /** The base class hands out the whole memory block that a small file may share with others. */
  override async getBytes(key: string): Promise<Uint8Array> {
    return new Uint8Array(await readFile(join(this.#folder, key)));
  }
}
