import { crc32, deflateSync } from 'node:zlib';
import { createRandom } from './random.ts';

/** Pixels a side: small enough to be quick, large enough to count as a photo. */
const SIDE = 24;
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** 8 bits a channel, red, green and blue, no interlacing (PNG, section 11.2.1). */
const HEADER = Buffer.from([0, 0, 0, SIDE, 0, 0, 0, SIDE, 8, 2, 0, 0, 0]);

/** A picture of coloured noise, as PNG; another subject gives another picture. */
export function drawPhoto(subject: string): Buffer {
  const random = createRandom(subject);
  // Each row begins with the byte that says "no filter".
  const rows = Buffer.alloc(SIDE * (1 + SIDE * 3));
  for (let at = 0; at < rows.length; at++) {
    rows[at] = at % (1 + SIDE * 3) === 0 ? 0 : random.int(0, 256);
  }
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', HEADER),
    chunk('IDAT', deflateSync(rows, { level: 1 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
