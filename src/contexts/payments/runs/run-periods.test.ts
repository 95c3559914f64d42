import fc from 'fast-check';
import { expect, test } from 'vitest';
import { businessDay, formatMoment } from '../../../platform/business-time.ts';
import { parsePeriod } from '../../../platform/jobs/period.ts';
import { closingMoment, resolvePeriod } from './run-periods.ts';

const ZONES = ['UTC', 'Europe/Riga', 'America/New_York'] as const;
const closing = (kind: 'week' | 'month', key: string, time: string, zone: string) =>
  closingMoment(parsePeriod(kind, key, zone), time, zone).toISOString();

test('a week closes on its Sunday, also where it ends the year or is its 53rd', () => {
  expect(closing('week', '2026-W48', '18:00', 'UTC')).toBe('2026-11-29T18:00:00.000Z');
  expect(closing('week', '2026-W53', '18:00', 'UTC')).toBe('2027-01-03T18:00:00.000Z');
  expect(closing('week', '2026-W53', '18:00', 'Europe/Riga')).toBe('2027-01-03T16:00:00.000Z');
  expect(closing('week', '2026-W53', '18:00', 'America/New_York')).toBe('2027-01-03T23:00:00.000Z');
  expect(closing('week', '2027-W01', '18:00', 'UTC')).toBe('2027-01-10T18:00:00.000Z');
  expect(() => closing('week', '2027-W53', '18:00', 'UTC')).toThrow(
    expect.objectContaining({ code: 'invalid_period' }),
  );
});

test('the day on which the clocks change closes at the same time of day', () => {
  // Riga goes forward on 2026-03-29 and back on 2026-10-25, both Sundays.
  expect(closing('week', '2026-W13', '18:00', 'Europe/Riga')).toBe('2026-03-29T15:00:00.000Z');
  expect(closing('week', '2026-W43', '18:00', 'Europe/Riga')).toBe('2026-10-25T16:00:00.000Z');
  // New York on 2026-03-08 and 2026-11-01.
  expect(closing('week', '2026-W10', '18:00', 'America/New_York')).toBe('2026-03-08T22:00:00.000Z');
  expect(closing('week', '2026-W44', '18:00', 'America/New_York')).toBe('2026-11-01T23:00:00.000Z');
});

test('a time that is skipped comes an hour later, one that comes twice at its first coming', () => {
  expect(closing('week', '2026-W13', '03:30', 'Europe/Riga')).toBe('2026-03-29T01:30:00.000Z');
  expect(closing('week', '2026-W43', '03:30', 'Europe/Riga')).toBe('2026-10-25T00:30:00.000Z');
});

test('a month closes on its last day, leap years included', () => {
  expect(closing('month', '2028-02', '18:00', 'UTC')).toBe('2028-02-29T18:00:00.000Z');
  expect(closing('month', '2026-12', '18:00', 'America/New_York')).toBe('2026-12-31T23:00:00.000Z');
  expect(closing('month', '2026-10', '18:00', 'Europe/Riga')).toBe('2026-10-31T16:00:00.000Z');
});

test('the period of now closes on or after now, and what ended until now is in it', () => {
  fc.assert(
    fc.property(
      fc.date({
        min: new Date('2024-01-01T00:00:00Z'),
        max: new Date('2032-12-31T00:00:00Z'),
        noInvalidDate: true,
      }),
      fc.constantFrom(...ZONES),
      fc.constantFrom('week' as const, 'month' as const),
      (now, timeZone, kind) => {
        const period = resolvePeriod(kind, undefined, now, { closesAt: '18:00', timeZone });
        const bounds = parsePeriod(kind, period.key, timeZone);
        expect(bounds.startsAt <= now && now < bounds.endsAt).toBe(true);
        expect(period.cutoff).toEqual(new Date(Math.min(+now, +period.closesAt)));
        expect(formatMoment(period.closesAt, timeZone)).toContain(' 18:00 ');
        expect(businessDay(period.closesAt, timeZone)).toBe(
          businessDay(new Date(bounds.endsAt.getTime() - 1), timeZone),
        );
      },
    ),
  );
});

test('a week that lies behind keeps its close as cutoff, one that has not begun is refused', () => {
  const clock = { closesAt: '18:00', timeZone: 'UTC' };
  const now = new Date('2026-11-30T09:00:00Z');
  expect(resolvePeriod('week', '2026-W48', now, clock).cutoff.toISOString()).toBe(
    '2026-11-29T18:00:00.000Z',
  );
  expect(resolvePeriod('week', undefined, now, clock)).toMatchObject({
    key: '2026-W49',
    cutoff: now,
  });
  expect(() => resolvePeriod('week', '2026-W50', now, clock)).toThrow(
    expect.objectContaining({ code: 'invalid_period' }),
  );
});
