import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StewardError } from '../errors.ts';
import { checkPhoto, MAX_PHOTO_BYTES } from './check-photo.ts';
import { sampleHeic, sampleJpeg, sampleWebp } from './testing.ts';

const text = (content: string) => new Uint8Array(Buffer.from(content));

async function refusal(bytes: Uint8Array): Promise<string> {
  const error = await checkPhoto(bytes).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(StewardError);
  expect(error).toMatchObject({ kind: 'invalid', code: 'not_a_photo' });
  return error instanceof StewardError ? error.message : '';
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}

function png(widthPx: number, heightPx: number, pixels = 3_000): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(widthPx, 0);
  header.writeUInt32BE(heightPx, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const noise = Uint8Array.from({ length: pixels }, (_, index) => (index * 7919) % 251);
  return new Uint8Array(
    Buffer.concat([
      Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
      chunk('IHDR', header),
      chunk('IDAT', deflateSync(noise)),
      chunk('IEND', new Uint8Array()),
    ]),
  );
}

describe('photos are told by their content', () => {
  test('a JPEG, a PNG, a WebP and a HEIC are taken, with their width and height', async () => {
    expect(await checkPhoto(sampleJpeg())).toEqual({
      contentType: 'image/jpeg',
      extension: 'jpg',
      widthPx: 8,
      heightPx: 6,
    });
    expect(await checkPhoto(png(640, 480))).toEqual({
      contentType: 'image/png',
      extension: 'png',
      widthPx: 640,
      heightPx: 480,
    });
    expect(await checkPhoto(sampleWebp())).toMatchObject({
      contentType: 'image/webp',
      extension: 'webp',
      widthPx: 64,
      heightPx: 48,
    });
    expect(await checkPhoto(sampleHeic())).toMatchObject({
      contentType: 'image/heic',
      extension: 'heic',
      widthPx: 128,
      heightPx: 64,
    });
  });

  test('a view into a larger block of memory is read as itself', async () => {
    const photo = sampleJpeg();
    const block = new Uint8Array(photo.length + 50).fill(0xff);
    block.set(photo, 20);
    const found = await checkPhoto(block.subarray(20, 20 + photo.length));
    expect(found).toMatchObject({ widthPx: 8, heightPx: 6 });
  });

  test('what a phone appends after a JPEG does no harm', async () => {
    const photo = Buffer.concat([sampleJpeg(), Buffer.from('MotionPhoto_Data film')]);
    expect(await checkPhoto(new Uint8Array(photo))).toMatchObject({ contentType: 'image/jpeg' });
  });

  test.each([
    ['nothing', new Uint8Array(), 'The file is empty.'],
    ['an HTML page', text('<!-- hello --><!DOCTYPE html><p>hi</p>'), 'looks like an HTML page'],
    ['a PDF', text(`%PDF-1.7\n${'x'.repeat(500)}`), 'looks like PDF (application/pdf)'],
    ['a drawing', text('<svg onload="alert(1)"/>'), 'looks like an SVG drawing'],
    ['a text', text('Dear sir, see attached. Ünterschrift'), 'looks like plain text'],
    ['a GIF', text(`GIF89a${'\0'.repeat(200)}`), 'looks like GIF (image/gif)'],
    ['noise', Uint8Array.from({ length: 200 }, (_, i) => (i * 97) % 256), 'no format that we know'],
  ])('%s is refused, saying what it looks like', async (_name, bytes, message) => {
    expect(await refusal(bytes)).toContain(message);
  });

  test('size and dimensions have limits', async () => {
    const large = new Uint8Array(MAX_PHOTO_BYTES + 1);
    large.set(sampleJpeg());
    expect(await refusal(large)).toContain('10485760 at most');
    expect(await refusal(png(1, 1, 1))).toContain('100 at least');
    expect(await refusal(png(20_001, 10))).toContain('width of 20001 pixels');
    expect(await refusal(png(10, 0))).toContain('height of 0 pixels');
    expect(await checkPhoto(png(20_000, 20_000))).toMatchObject({ widthPx: 20_000 });
  });
});

describe('photos must be whole', () => {
  test.each([
    ['JPEG', sampleJpeg()],
    ['PNG', png(64, 64)],
    ['WebP', sampleWebp()],
    ['HEIC', sampleHeic()],
  ])('a %s cut off anywhere is refused', async (_name, photo) => {
    for (let length = 1; length < photo.length; length += 3) {
      await refusal(photo.slice(0, length));
    }
    expect(await refusal(photo.slice(0, photo.length - 1))).toMatch(/cut off|at least/);
  });

  test('whatever bytes are wrong, the answer is a photo or a refusal', async () => {
    const photos = [sampleJpeg(), png(32, 32), sampleWebp(), sampleHeic()];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...photos),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 12 }),
        async (photo, changes) => {
          const bytes = photo.slice();
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          const result = await checkPhoto(bytes).catch((error: unknown) => error);
          if (result instanceof Error) expect(result).toMatchObject({ code: 'not_a_photo' });
          else expect(result).toMatchObject({ widthPx: expect.any(Number) });
        },
      ),
      { numRuns: 300 },
    );
  });

  test('an index made to keep a reader busy is refused before it is read', async () => {
    const real = sampleHeic();
    const entry = Buffer.alloc(20);
    entry.writeUInt32BE(20, 0);
    entry.write('ispe', 4);
    const fill = Buffer.concat(Array.from({ length: 400_000 }, () => entry));
    const meta = Buffer.alloc(8);
    meta.writeUInt32BE(fill.length + 8, 0);
    meta.write('meta', 4);
    const bytes = Buffer.concat([real.subarray(0, 28), meta, fill]);
    expect(await refusal(new Uint8Array(bytes))).toContain('its index is too large');
    const fewer = fill.subarray(0, 20 * 1_000);
    meta.writeUInt32BE(fewer.length + 8, 0);
    const small = Buffer.concat([real.subarray(0, 28), meta, fewer]);
    expect(await refusal(new Uint8Array(small))).toContain('too many entries');
  });
});
