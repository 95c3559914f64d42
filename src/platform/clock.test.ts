import { expect, test } from 'vitest';
import { createVirtualClock } from './clock.ts';

const START = new Date('2026-11-23T08:00:00Z');

test('a virtual clock stands still until it is moved, and then only forward', () => {
  const clock = createVirtualClock(START);
  expect(clock.now()).toEqual(START);
  clock.advance(60_000);
  expect(clock.now().toISOString()).toBe('2026-11-23T08:01:00.000Z');
  clock.moveTo(new Date('2026-11-24T00:00:00Z'));
  clock.advance(0);
  expect(clock.now().toISOString()).toBe('2026-11-24T00:00:00.000Z');
  expect(() => clock.advance(-1)).toThrow(RangeError);
  expect(() => clock.moveTo(START)).toThrow('A clock does not run backwards.');
});

test('a moment that was handed out does not move the clock', () => {
  const clock = createVirtualClock(START);
  clock.now().setFullYear(1999);
  expect(clock.now()).toEqual(START);
});
