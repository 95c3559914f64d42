/**
 * Whether a picture is whole, as far as its container tells, and the part that says its width and
 * height. Only that part goes to the library that reads it: its loops search on through whatever
 * follows, and a made-up file of 10 MB could keep them busy for minutes.
 */
export type PictureHeader =
  | { header: Uint8Array }
  /** Where and why it is not whole, to go on a sentence. */
  | { fault: string };

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const buffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const ascii = (bytes: Uint8Array, start: number, end: number) =>
  buffer(bytes).toString('latin1', start, end);

const JPEG_START_OF_SCAN = 0xda;
const JPEG_END_OF_IMAGE = Buffer.from([0xff, 0xd9]);

/** Segments must follow each other up to the pixels, and the end marker must come after those. */
export function readJpegHeader(bytes: Uint8Array): PictureHeader {
  const data = view(bytes);
  let offset = 2;
  while (offset + 4 <= bytes.length) {
    if (bytes[offset] !== 0xff) return { fault: `byte ${offset} should start a segment` };
    const marker = bytes[offset + 1];
    const length = data.getUint16(offset + 2);
    if (length < 2) return { fault: `the segment at byte ${offset} has no length` };
    if (marker === JPEG_START_OF_SCAN) {
      // Phones append films and notes, so that the end marker need not be the last bytes.
      const ends = buffer(bytes).indexOf(JPEG_END_OF_IMAGE, offset + 2 + length) > 0;
      return ends ? { header: bytes.subarray(0, offset) } : { fault: NO_END };
    }
    offset += 2 + length;
  }
  return { fault: 'it ends before the pixels begin' };
}

const NO_END = 'the end of the picture is missing';
/** Signature, and the first chunk with its length, name, 13 bytes and checksum. */
const PNG_HEADER_BYTES = 8 + 12 + 13;

/** Chunks must follow each other up to the end chunk; the first one holds width and height. */
export function readPngHeader(bytes: Uint8Array): PictureHeader {
  if (ascii(bytes, 12, 16) !== 'IHDR') return { fault: 'its header is missing' };
  const data = view(bytes);
  let offset = 8;
  while (offset + 12 <= bytes.length) {
    const type = ascii(bytes, offset + 4, offset + 8);
    offset += 12 + data.getUint32(offset);
    if (type === 'IEND' && offset <= bytes.length) {
      return { header: bytes.subarray(0, PNG_HEADER_BYTES) };
    }
  }
  return { fault: NO_END };
}

/** RIFF and WEBP, then the head of the first chunk and as much of it as can hold the size. */
const WEBP_HEADER_BYTES = 12 + 8 + 10;

/** The header says how long the file is. */
export function readWebpHeader(bytes: Uint8Array): PictureHeader {
  const announced = view(bytes).getUint32(4, true) + 8;
  if (announced <= bytes.length) return { header: bytes.subarray(0, WEBP_HEADER_BYTES) };
  return { fault: `${announced} bytes are announced, ${bytes.length} are there` };
}

/** A photo of 200 megapixels has some 40 kB of index. */
const MAX_HEIF_INDEX_BYTES = 256 * 1024;
/** Size entries: the picture, its tile and thumbnail, maps of depth and brightness. */
const MAX_HEIF_SIZES = 64;

/** Boxes must fit into the file: the index, soon read, and the pixels. */
export function readHeifHeader(bytes: Uint8Array): PictureHeader {
  const data = view(bytes);
  const parts: Uint8Array[] = [];
  let hasPixels = false;
  let offset = 0;
  while (offset + 8 <= bytes.length) {
    const size = boxSize(data, offset);
    if (size !== 0 && size < 8) return { fault: `the box at byte ${offset} has no length` };
    const end = size === 0 ? bytes.length : offset + size;
    if (end > bytes.length) return { fault: `the box at byte ${offset} goes beyond the end` };
    const type = ascii(bytes, offset + 4, offset + 8);
    if (type === 'ftyp' || type === 'meta') parts.push(bytes.subarray(offset, end));
    if (type === 'mdat') hasPixels = true;
    offset = end;
  }
  const header = Buffer.concat(parts);
  if (parts.length !== 2) return { fault: 'its index is missing' };
  if (header.length > MAX_HEIF_INDEX_BYTES) return { fault: 'its index is too large' };
  if (header.toString('latin1').split('ispe').length > MAX_HEIF_SIZES) {
    return { fault: 'its index has too many entries' };
  }
  // Small pictures may hold their pixels in the index itself.
  return hasPixels || header.includes('idat') ? { header } : { fault: NO_END };
}

function boxSize(data: DataView, offset: number): number {
  const size = data.getUint32(offset);
  // 1: the real size stands in the next eight bytes.
  if (size !== 1) return size;
  const isThere = offset + 16 <= data.byteLength;
  return isThere ? Number(data.getBigUint64(offset + 8)) : Number.POSITIVE_INFINITY;
}
