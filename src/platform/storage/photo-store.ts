import type { Config } from '../config.ts';
import { StewardError, unavailable } from '../errors.ts';
import type { OpenDisk } from './open-disk.ts';
import { contentTypeOfKey } from './photo-key.ts';

/** A photo as it was stored. */
export interface StoredPhoto {
  bytes: Uint8Array;
  contentType: string;
}

/** Where photos are. Keys look like `orders/<orderId>/check-in-<uuid>.jpg`. */
export interface PhotoStore {
  /**
   * Stores a photo, whole or not at all; one already there under that key is replaced.
   * @throws StewardError `photo_key_invalid`, `photo_type_differs` where the key says another type,
   *   `photo_store_unavailable`
   */
  put(key: string, bytes: Uint8Array, contentType: string): Promise<void>;
  /**
   * The photo, or null where there is none.
   * @throws StewardError `photo_key_invalid`, `photo_store_unavailable`
   */
  get(key: string): Promise<StoredPhoto | null>;
  /**
   * Deletes the photo; one that is not there is none the less deleted.
   * @throws StewardError `photo_key_invalid`, `photo_store_unavailable`
   */
  delete(key: string): Promise<void>;
  /** Closes connections. */
  close(): Promise<void>;
}

/** The store that the configuration names. Nothing is opened or loaded before the first photo. */
export function createPhotoStore(config: Config['photos']): PhotoStore {
  let opening: Promise<OpenDisk> | undefined;
  const disk = async () => {
    opening ??= openDisk(config);
    return (await opening).disk;
  };
  return {
    put: async (key, bytes, contentType) => {
      const expected = contentTypeOfKey(key);
      if (contentType !== expected) {
        throw new StewardError(
          'invalid',
          'photo_type_differs',
          `The key ${key} is that of ${expected}, the photo is ${contentType}.`,
        );
      }
      const target = await disk();
      await target.put(key, bytes, { contentType, contentLength: bytes.length }).catch(refuse);
    },
    get: async (key) => {
      const contentType = contentTypeOfKey(key);
      const source = await disk();
      try {
        return { bytes: await source.getBytes(key), contentType };
      } catch (error) {
        if (isMissing(error)) return null;
        return refuse(error);
      }
    },
    delete: async (key) => {
      contentTypeOfKey(key);
      const target = await disk();
      await target.delete(key).catch(refuse);
    },
    close: async () => {
      if (opening) (await opening).close();
    },
  };
}

/** Loads only the part that is used: the AWS client alone takes longer to load than a command. */
async function openDisk(config: Config['photos']): Promise<OpenDisk> {
  if (config.kind === 'files') {
    const { openFileDisk } = await import('./file-disk.ts');
    return openFileDisk(config.folder);
  }
  const { openS3Disk } = await import('./s3-disk.ts');
  return openS3Disk(config);
}

/** flydrive wraps what happened; what the driver said is the cause. */
function isMissing(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return false;
  return ('code' in cause && cause.code === 'ENOENT') || cause.name === 'NoSuchKey';
}

function refuse(error: unknown): never {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw unavailable(
    'photo_store_unavailable',
    `The photo store does not work at the moment: ${reason || 'it gave no reason'}`,
    cause,
  );
}
