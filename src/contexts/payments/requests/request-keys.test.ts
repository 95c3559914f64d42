import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createPaymentsDatabase } from '../../../../test/database.ts';
import { createVirtualClock } from '../../../platform/clock.ts';
import { createRequestKeys } from './request-keys.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

function request(asked: string, key = 'k', subjectKey = 'ann') {
  return { subjectKey, key, requestHash: createHash('sha256').update(asked).digest() };
}

/** Keys with the rights of the HTTP process, and work that counts how often it was done. */
async function open() {
  const database = await createPaymentsDatabase();
  const clock = createVirtualClock(new Date('2026-11-23T08:00:00Z'));
  const keys = createRequestKeys({ db: database.open('steward_payments_api'), clock });
  const purging = createRequestKeys({ db: database.open('steward_payments_worker'), clock });
  let done = 0;
  const work = async () => ({ count: ++done });
  return { keys, purging, clock, work };
}

test('the same request gets the first answer, as it was', async () => {
  const { keys, work } = await open();
  const first = await keys.once(request('a page'), work);
  expect(first).toEqual({ answer: { count: 1 }, replayed: false });
  expect(await keys.once(request('a page'), work)).toEqual({ ...first, replayed: true });
});

test('a key belongs to whoever made it up, and stands for one request', async () => {
  const { keys, work } = await open();
  await keys.once(request('a page'), work);
  await expect(keys.once(request('a method'), work)).rejects.toMatchObject({
    kind: 'invalid',
    code: 'idempotency_key_reused',
  });
  const others = await keys.once(request('a method', 'k', 'bob'), work);
  expect(others).toEqual({ answer: { count: 2 }, replayed: false });
  expect((await keys.once(request('a method', 'k2'), work)).answer).toEqual({ count: 3 });
});

test('of ten at once one does the work; the others get its answer or are told to wait', async () => {
  const { keys, work } = await open();
  const all = await Promise.allSettled(
    Array.from({ length: 10 }, () => keys.once(request('a page'), work)),
  );
  const answers = all.filter((one) => one.status === 'fulfilled').map((one) => one.value);
  expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1);
  for (const { answer } of answers) expect(answer).toEqual({ count: 1 });
  for (const one of all) {
    if (one.status === 'fulfilled') continue;
    expect(one.reason).toMatchObject({ kind: 'conflict', code: 'request_in_flight' });
  }
});

test('work that failed leaves the key free', async () => {
  const { keys, work } = await open();
  const failing = keys.once(request('a page'), () => Promise.reject(new Error('no network')));
  await expect(failing).rejects.toThrow('no network');
  expect(await keys.once(request('another'), work)).toMatchObject({ replayed: false });
});

test('what a dead process had claimed is taken over after a minute, and its late answer lost', async () => {
  const { keys, clock, work } = await open();
  const dead = Promise.withResolvers<{ count: number }>();
  const claimed = Promise.withResolvers<void>();
  const first = keys.once(request('a page'), () => {
    claimed.resolve();
    return dead.promise;
  });
  await claimed.promise;
  await expect(keys.once(request('a page'), work)).rejects.toMatchObject({
    code: 'request_in_flight',
  });
  clock.advance(2 * MINUTE_MS);
  expect(await keys.once(request('a page'), work)).toMatchObject({ replayed: false });
  dead.resolve({ count: 99 });
  await first;
  expect((await keys.once(request('a page'), work)).answer).toEqual({ count: 1 });
});

test('after a week a key is forgotten, and can be purged', async () => {
  const { keys, purging, clock, work } = await open();
  await keys.once(request('a page'), work);
  clock.advance(6 * DAY_MS);
  await keys.once(request('a page', 'k2'), work);
  expect((await keys.once(request('a page'), work)).replayed).toBe(true);
  clock.advance(2 * DAY_MS);
  expect(await purging.purge()).toBe(1);
  expect((await keys.once(request('a page', 'k2'), work)).replayed).toBe(true);
  clock.advance(6 * DAY_MS);
  expect((await keys.once(request('another', 'k2'), work)).replayed).toBe(false);
});
