import { describe, expect, test } from 'vitest';
import { createVirtualClock, systemClock } from './clock.ts';
import { createIds, isUuid } from './ids.ts';

const START = new Date('2026-11-23T08:00:00Z');

/** Numbers as a seeded generator gives them (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const take = (count: number, next: () => string) => Array.from({ length: count }, next);

describe('ids', () => {
  test('are UUIDv7 of the clock’s moment', () => {
    const [id = ''] = take(1, createIds(createVirtualClock(START)).next);
    expect(isUuid(id)).toBe(true);
    expect(id[14]).toBe('7');
    expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(START.getTime());
  });

  test.each([
    ['random bytes of the machine', undefined],
    ['a seeded generator', seeded(1)],
  ])('of many made at once are all different, from %s', (_, random) => {
    const ids = createIds(createVirtualClock(START), random);
    expect(new Set(take(20_000, ids.next)).size).toBe(20_000);
  });

  test('sort as the moments at which they were made', () => {
    const clock = createVirtualClock(START);
    const ids = createIds(clock, seeded(2));
    const made = take(2_000, () => {
      clock.advance(1);
      return ids.next();
    });
    expect(made.toSorted()).toEqual(made);
  });

  test('of one process and millisecond still sort as they were made', () => {
    const ids = createIds(systemClock);
    const made = take(20_000, ids.next);
    expect(made.toSorted()).toEqual(made);
  });

  test('stay sorted while the clock is set back', () => {
    let now = START.getTime();
    const ids = createIds({ now: () => new Date(now) }, seeded(3));
    const made = take(2_000, () => {
      now -= 1;
      return ids.next();
    });
    expect(made.toSorted()).toEqual(made);
  });

  test('are the same again from the same seed and clock', () => {
    const run = (seed: number) => take(50, createIds(createVirtualClock(START), seeded(seed)).next);
    expect(run(7)).toEqual(run(7));
    expect(run(7)).not.toEqual(run(8));
  });
});

test('a text that PostgreSQL would not take as a UUID is none', () => {
  expect(isUuid('019AB0C2-7c1e-7d2a-9a55-0d2f6f0a1b2c')).toBe(true);
  for (const text of [
    '',
    'order-1',
    '019ab0c27c1e7d2a9a550d2f6f0a1b2c',
    '019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c\n',
    '019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2g',
    "019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c' or 1=1",
  ]) {
    expect(isUuid(text), text).toBe(false);
  }
});
