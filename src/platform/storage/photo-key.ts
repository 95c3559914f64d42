import { StewardError } from '../errors.ts';

/** What photos are, by the extension that `checkPhoto` gives them. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  heic: 'image/heic',
  heif: 'image/heif',
};

/**
 * `orders/<id>/check-in-<id>.jpg`: folders and a file, each of letters, digits, `-` and `_`, so
 * that no key can leave the store, hide, or mean another thing to another store.
 */
const KEY =
  /^(?:[A-Za-z0-9][A-Za-z0-9_-]{0,99}\/){1,5}[A-Za-z0-9][A-Za-z0-9_-]{0,99}\.([a-z]{3,4})$/;

/**
 * The type of the photo under this key: it stands in the key's extension, so that files and S3
 * answer the same without a second request.
 * @throws StewardError `photo_key_invalid`
 */
export function contentTypeOfKey(key: string): string {
  const extension = KEY.exec(key)?.[1];
  const contentType = extension === undefined ? undefined : CONTENT_TYPES[extension];
  if (contentType) return contentType;
  throw new StewardError(
    'invalid',
    'photo_key_invalid',
    `"${key.slice(0, 200)}" is no key of a photo: expected folders and a file such as orders/<id>/check-in-<id>.jpg.`,
  );
}
