import { describe, expect, test } from 'vitest';
import { formatDuration, parseDurationMs } from './duration.ts';

describe('spans of time', () => {
  test.each([
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['8h', 28_800_000],
    ['7d', 604_800_000],
    ['1h30m', 5_400_000],
    [' 250ms ', 250],
  ])('%s is %i ms', (text, milliseconds) => {
    expect(parseDurationMs(text)).toBe(milliseconds);
  });

  test.each(['', '8', 'h', '8 h', '-8h', '0s', '1.5h', '8hours', '8h!'])(
    '"%s" is refused with an example',
    (text) => {
      expect(() => parseDurationMs(text)).toThrow(/is not a span of time: expected .* 8h/);
    },
  );

  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [2_449, '2.4 s'],
    [720_000, '12 min'],
    [12_000_000, '3 h 20 min'],
    [10_800_000, '3 h'],
    [439_200_000, '5 d 2 h'],
  ])('%i ms reads %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });
});
