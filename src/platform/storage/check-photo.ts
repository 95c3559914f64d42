import { StewardError } from '../errors.ts';
import {
  type PictureHeader,
  readHeifHeader,
  readJpegHeader,
  readPngHeader,
  readWebpHeader,
} from './picture-header.ts';

/** A tiny photo is a pixel that somebody made up; real ones start at some thousand bytes. */
export const MIN_PHOTO_BYTES = 100;
/** Phones make 3 to 6 MB; more than 10 is a film or an attack. */
export const MAX_PHOTO_BYTES = 10 * 1024 * 1024;
/** Cameras of 200 megapixels make 16,384; more is a picture meant to burst its viewer's memory. */
export const MAX_PHOTO_SIDE_PX = 20_000;

/** What a photo turned out to be. */
export interface CheckedPhoto {
  contentType: string;
  /** For its key, without a dot. */
  extension: 'jpg' | 'png' | 'webp' | 'heic' | 'heif';
  /** As stored: a viewer may turn it by the orientation in its header. */
  widthPx: number;
  heightPx: number;
}

interface Format {
  extension: CheckedPhoto['extension'];
  readHeader(bytes: Uint8Array): PictureHeader;
}

const FORMATS: Readonly<Record<string, Format>> = {
  'image/jpeg': { extension: 'jpg', readHeader: readJpegHeader },
  'image/png': { extension: 'png', readHeader: readPngHeader },
  'image/webp': { extension: 'webp', readHeader: readWebpHeader },
  'image/heic': { extension: 'heic', readHeader: readHeifHeader },
  'image/heif': { extension: 'heif', readHeader: readHeifHeader },
};

/**
 * Checks by its content that an upload is a whole JPEG, PNG, WebP or HEIC photo of a sensible size.
 * Headers are read, pixels are not decoded.
 * @throws StewardError `not_a_photo` (kind `invalid`), saying what it looks like instead
 */
export async function checkPhoto(bytes: Uint8Array): Promise<CheckedPhoto> {
  if (bytes.length === 0) throw notAPhoto('The file is empty.');
  if (bytes.length > MAX_PHOTO_BYTES) {
    throw notAPhoto(
      `The file has ${bytes.length} bytes; a photo may have ${MAX_PHOTO_BYTES} at most.`,
    );
  }
  // Loaded late: only who receives photos pays for it.
  const [{ fileTypeFromBuffer }, { imageSize }] = await Promise.all([
    import('file-type'),
    import('image-size'),
  ]);
  const found = await fileTypeFromBuffer(bytes);
  const format = found && FORMATS[found.mime];
  if (!format) {
    throw notAPhoto(
      `The file looks like ${found ? `${found.ext.toUpperCase()} (${found.mime})` : looksLike(bytes)}; expected a JPEG, PNG, WebP or HEIC photo.`,
    );
  }
  const name = format.extension.toUpperCase();
  if (bytes.length < MIN_PHOTO_BYTES) {
    throw notAPhoto(
      `The ${name} has ${bytes.length} bytes; a photo has ${MIN_PHOTO_BYTES} at least.`,
    );
  }
  const read = format.readHeader(bytes);
  if ('fault' in read) throw notAPhoto(`The ${name} is damaged or was cut off: ${read.fault}.`);
  const size = measure(imageSize, read.header, name);
  for (const [side, px] of Object.entries(size)) {
    if (Number.isInteger(px) && px >= 1 && px <= MAX_PHOTO_SIDE_PX) continue;
    throw notAPhoto(
      `The ${name} has a ${side} of ${px} pixels; expected 1 to ${MAX_PHOTO_SIDE_PX}.`,
    );
  }
  return {
    contentType: found.mime,
    extension: format.extension,
    widthPx: size.width,
    heightPx: size.height,
  };
}

function measure(
  imageSize: (header: Uint8Array) => { width: number; height: number },
  header: Uint8Array,
  name: string,
): { width: number; height: number } {
  try {
    const { width, height } = imageSize(header);
    return { width, height };
  } catch {
    throw notAPhoto(`The ${name} is damaged: its header does not say its width and height.`);
  }
}

const MARKUP = /^\s*(?:<!--[\s\S]{0,500}?-->\s*)*<(?:!doctype\s+html|html|head|body|script)\b/i;
const SAMPLE_BYTES = 1_000;

/** A guess in words at what has no signature. */
function looksLike(bytes: Uint8Array): string {
  const sample = new TextDecoder().decode(bytes.subarray(0, SAMPLE_BYTES), { stream: true });
  if (MARKUP.test(sample)) return 'an HTML page';
  if (/^\s*<svg\b/i.test(sample)) return 'an SVG drawing';
  // The decoder puts this mark where bytes are no UTF-8; NUL stands in no text.
  return /[\0\ufffd]/.test(sample) ? 'no format that we know' : 'plain text';
}

function notAPhoto(message: string): StewardError {
  return new StewardError('invalid', 'not_a_photo', message, {
    issues: [{ path: 'photo', message }],
  });
}
