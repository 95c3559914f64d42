import { expect, test } from 'vitest';
import { toJsonLine } from './json.ts';

test('dates, whole numbers of any size, maps and sets become JSON', () => {
  const value = {
    at: new Date('2026-11-24T10:00:00Z'),
    small: 12n,
    big: 9_007_199_254_740_993n,
    names: new Map([['a', 1]]),
    words: new Set(['x']),
  };
  expect(toJsonLine(value)).toBe(
    '{"at":"2026-11-24T10:00:00.000Z","small":12,"big":"9007199254740993","names":{"a":1},"words":["x"]}',
  );
});
