import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, test } from 'vitest';
import { businessDay, formatMoment } from './business-time.ts';

const ZONES = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kolkata', 'Pacific/Chatham'];

describe('times on the business clock', () => {
  test('summer and winter have their own offsets', () => {
    const winter = new Date('2026-11-23T17:05:59Z');
    expect(formatMoment(winter, 'Europe/Berlin')).toBe('2026-11-23 18:05 +01:00');
    expect(formatMoment(new Date('2026-07-01T22:30:00Z'), 'Europe/Berlin')).toBe(
      '2026-07-02 00:30 +02:00',
    );
    expect(formatMoment(winter, 'UTC')).toBe('2026-11-23 17:05 +00:00');
  });

  test('every moment of the years of business reads as a calendar library reads it', () => {
    const moment = fc.date({
      min: new Date('2000-01-01T00:00:00Z'),
      max: new Date('2099-12-31T00:00:00Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(moment, fc.constantFrom(...ZONES), (at, zone) => {
        const zoned = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone);
        const time = zoned.toPlainTime().toString({ smallestUnit: 'minute' });
        expect(businessDay(at, zone)).toBe(zoned.toPlainDate().toString());
        expect(formatMoment(at, zone)).toBe(`${zoned.toPlainDate()} ${time} ${zoned.offset}`);
      }),
    );
  });
});
