export { type CheckedPhoto, checkPhoto } from './check-photo.ts';
export { createPhotoStore, type PhotoStore, type StoredPhoto } from './photo-store.ts';
