import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createTurns } from './turns.ts';

it('does no more at once than allowed, and everything in the end', async () => {
  const turns = createTurns(2);
  let atWork = 0;
  let most = 0;
  const work = async () => {
    atWork += 1;
    most = Math.max(most, atWork);
    await sleep(1);
    atWork -= 1;
    return true;
  };
  const done = await Promise.all(Array.from({ length: 20 }, () => turns.take(work, 60_000)));
  expect(done.every(Boolean)).toBe(true);
  expect(most).toBe(2);
});

it('lets go whoever waited too long, and goes on after work that failed', async () => {
  const turns = createTurns(1);
  const held = Promise.withResolvers<void>();
  const long = turns.take(() => held.promise, 60_000);
  expect(await turns.take(async () => 'never done', 1)).toBeUndefined();
  held.resolve();
  await long;
  await expect(
    turns.take(async () => {
      throw new Error('broken');
    }, 60_000),
  ).rejects.toThrow('broken');
  expect(await turns.take(async () => 'done', 60_000)).toBe('done');
});
