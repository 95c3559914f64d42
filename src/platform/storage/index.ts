export { checkPhoto, MAX_PHOTO_BYTES } from './check-photo.ts';
export { createPhotoStore, type PhotoStore } from './photo-store.ts';
