import { describe, expect, test } from 'vitest';
import { parseMoment } from './moment.ts';

describe('moments as people type them', () => {
  test.each([
    ['2026-11-24', '2026-11-23T23:00:00.000Z'],
    ['2026-11-24T10:00', '2026-11-24T09:00:00.000Z'],
    ['2026-11-24 10:00', '2026-11-24T09:00:00.000Z'],
    ['2026-07-01', '2026-06-30T22:00:00.000Z'],
    ['2026-11-24T10:00:00Z', '2026-11-24T10:00:00.000Z'],
    ['2026-11-24T10:00+05:30', '2026-11-24T04:30:00.000Z'],
  ])('%s in Berlin is %s', async (text, iso) => {
    expect((await parseMoment(text, 'Europe/Berlin')).toISOString()).toBe(iso);
  });

  test.each(['', 'tomorrow', '2026-02-30', '2026-11-24T25:00', '24.11.2026'])(
    '"%s" is refused with examples',
    async (text) => {
      await expect(parseMoment(text, 'UTC')).rejects.toMatchObject({ code: 'invalid_moment' });
    },
  );
});
