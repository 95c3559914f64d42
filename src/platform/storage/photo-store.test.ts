import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createPhotoStore, type PhotoStore } from './photo-store.ts';
import { sampleJpeg } from './testing.ts';

const KEY = 'orders/0197a000-0000-7000-8000-000000000001/check-in-0197a000.jpg';

async function fileStore(): Promise<{ store: PhotoStore; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'photos-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return { store: createPhotoStore({ kind: 'files', folder: join(folder, 'photos') }), folder };
}

interface S3Server {
  store: PhotoStore;
  objects: Map<string, { bytes: Buffer; contentType: string | undefined }>;
  /** Answers of this status, instead of the real ones, that are still to come. */
  faults: number[];
  requests: string[];
}

/** As much of S3 as a photo store needs: objects of one bucket in memory. */
async function s3Store(): Promise<S3Server> {
  const objects: S3Server['objects'] = new Map();
  const faults: number[] = [];
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const path = new URL(request.url ?? '/', 'http://s3').pathname;
    requests.push(`${request.method} ${path}`);
    const fault = faults.shift();
    const signed = request.headers.authorization?.includes('Credential=key-id/') === true;
    if (fault !== undefined || !signed) {
      const code = fault === undefined || fault === 403 ? 'AccessDenied' : 'SlowDown';
      response.writeHead(fault ?? 403).end(`<Error><Code>${code}</Code></Error>`);
    } else if (request.method === 'PUT') {
      const contentType = request.headers['content-type'];
      objects.set(path, { bytes: Buffer.concat(chunks), contentType });
      response.writeHead(200, { etag: '"1"' }).end();
    } else if (request.method === 'DELETE') {
      objects.delete(path);
      response.writeHead(204).end();
    } else {
      const found = objects.get(path);
      if (found) response.writeHead(200).end(found.bytes);
      else response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const store = createPhotoStore({
    kind: 's3',
    bucket: 'photos',
    region: 'eu-central-1',
    endpoint: `http://127.0.0.1:${port}`,
    accessKeyId: 'key-id',
    secretAccessKey: 'secret',
  });
  onTestFinished(async () => {
    await store.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { store, objects, faults, requests };
}

describe.each([
  ['files', async () => (await fileStore()).store],
  ['S3', async () => (await s3Store()).store],
])('photos in %s', (_kind, create) => {
  test('a stored photo comes back byte by byte, until it is deleted', async () => {
    const store = await create();
    const photo = sampleJpeg();
    expect(await store.get(KEY)).toBeNull();
    await store.put(KEY, photo, 'image/jpeg');
    expect(await store.get(KEY)).toEqual({ bytes: photo, contentType: 'image/jpeg' });
    await store.delete(KEY);
    expect(await store.get(KEY)).toBeNull();
    await store.delete(KEY);
  });

  test('storing again under the same key replaces the photo', async () => {
    const store = await create();
    await store.put(KEY, new Uint8Array(100_000).fill(1), 'image/jpeg');
    await store.put(KEY, new Uint8Array([1, 2, 3]), 'image/jpeg');
    expect((await store.get(KEY))?.bytes).toEqual(new Uint8Array([1, 2, 3]));
  });

  test.each([
    '../secrets.jpg',
    'orders/../../etc/passwd.jpg',
    '/etc/passwd.jpg',
    'orders/.hidden.jpg',
    'orders//double.jpg',
    'orders/a b.jpg',
    'orders/%2e%2e/x.jpg',
    'orders\\x.jpg',
    'orders/x.jpg\0.txt',
    'orders/x.html',
    'x.jpg',
    '',
  ])('the key "%s" is refused before anything is touched', async (key) => {
    const store = await create();
    const refused = { kind: 'invalid', code: 'photo_key_invalid' };
    await expect(store.put(key, sampleJpeg(), 'image/jpeg')).rejects.toMatchObject(refused);
    await expect(store.get(key)).rejects.toMatchObject(refused);
    await expect(store.delete(key)).rejects.toMatchObject(refused);
  });

  test('a photo does not go under a key of another type', async () => {
    const store = await create();
    await expect(store.put(KEY, sampleJpeg(), 'image/png')).rejects.toMatchObject({
      code: 'photo_type_differs',
    });
    expect(await store.get(KEY)).toBeNull();
  });
});

describe('photos as files', () => {
  test('nobody else on the machine can read them, and nothing else is left', async () => {
    const { store, folder } = await fileStore();
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        store.put(KEY, new Uint8Array(50_000).fill(n), 'image/jpeg'),
      ),
    );
    const path = join(folder, 'photos', KEY);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(path, '..'))).toHaveLength(1);
    // Twenty writers at once: one of them is there as a whole.
    const bytes = (await store.get(KEY))?.bytes ?? new Uint8Array();
    expect(bytes).toEqual(new Uint8Array(50_000).fill(bytes[0] ?? 0));
  });

  test('a disk that does not work is "unavailable", not "no photo"', async () => {
    const { store, folder } = await fileStore();
    await writeFile(join(folder, 'photos'), 'in the way');
    const unavailable = { kind: 'unavailable', code: 'photo_store_unavailable' };
    await expect(store.put(KEY, sampleJpeg(), 'image/jpeg')).rejects.toMatchObject(unavailable);
    await expect(store.get(KEY)).rejects.toMatchObject(unavailable);
  });
});

describe('photos in S3', () => {
  test('an object has its content type and stands in the bucket by its key', async () => {
    const { store, objects } = await s3Store();
    await store.put(KEY, sampleJpeg(), 'image/jpeg');
    expect([...objects.keys()]).toEqual([`/photos/${KEY}`]);
    expect(objects.get(`/photos/${KEY}`)?.contentType).toBe('image/jpeg');
  });

  test('a fault that passes is not noticed', async () => {
    const { store, faults, requests } = await s3Store();
    faults.push(503, 500);
    await store.put(KEY, sampleJpeg(), 'image/jpeg');
    expect(requests).toHaveLength(3);
    expect((await store.get(KEY))?.bytes).toEqual(sampleJpeg());
  });

  test('a store that stays down is given up after three attempts', async () => {
    const { store, faults, requests } = await s3Store();
    faults.push(503, 503, 503, 503, 503);
    await expect(store.get(KEY)).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'photo_store_unavailable',
    });
    expect(requests).toHaveLength(3);
  });

  test('a refused access is "unavailable", not "no photo"', async () => {
    const { store, faults } = await s3Store();
    faults.push(403);
    await expect(store.get(KEY)).rejects.toMatchObject({ code: 'photo_store_unavailable' });
  });
});
