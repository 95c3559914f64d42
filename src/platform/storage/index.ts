export { type CheckedPhoto, checkPhoto, MAX_PHOTO_BYTES } from './check-photo.ts';
export { createPhotoStore, type PhotoStore, type StoredPhoto } from './photo-store.ts';
