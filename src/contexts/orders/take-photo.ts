import { createHash } from 'node:crypto';
import { checkPhoto, type PhotoStore } from '../../platform/storage/index.ts';

/**
 * Checks and stores a photo of an order. The key follows from the content, so that a request that
 * is sent again stores the same photo in the same place.
 * @returns its key
 * @throws StewardError `not_a_photo`, `photo_store_unavailable`
 */
export async function takePhoto(
  photos: PhotoStore,
  orderId: string,
  what: 'check-in' | 'report',
  bytes: Uint8Array,
): Promise<string> {
  const photo = await checkPhoto(bytes);
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  const key = `orders/${orderId}/${what}-${digest}.${photo.extension}`;
  await photos.put(key, bytes, photo.contentType);
  return key;
}
