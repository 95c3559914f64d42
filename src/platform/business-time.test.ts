import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { businessDay, formatMoment } from './business-time.ts';

const at = (text: string) => new Date(text);

describe('the business day', () => {
  test.each([
    // Summer time ends: the day has 25 hours.
    ['Europe/Berlin', '2026-10-24T21:59:59Z', '2026-10-24'],
    ['Europe/Berlin', '2026-10-24T22:00:00Z', '2026-10-25'],
    ['Europe/Berlin', '2026-10-25T22:59:59Z', '2026-10-25'],
    ['Europe/Berlin', '2026-10-25T23:00:00Z', '2026-10-26'],
    // Summer time begins: 23 hours.
    ['Europe/Berlin', '2026-03-28T23:00:00Z', '2026-03-29'],
    ['Europe/Berlin', '2026-03-29T21:59:59Z', '2026-03-29'],
    ['Europe/Berlin', '2026-03-29T22:00:00Z', '2026-03-30'],
    // Half an hour of summer time: +10:30 and +11:00.
    ['Australia/Lord_Howe', '2026-04-04T12:59:59Z', '2026-04-04'],
    ['Australia/Lord_Howe', '2026-04-04T13:00:00Z', '2026-04-05'],
    ['Australia/Lord_Howe', '2026-04-05T13:29:59Z', '2026-04-05'],
    ['Australia/Lord_Howe', '2026-04-05T13:30:00Z', '2026-04-06'],
    // A day that Samoa never had.
    ['Pacific/Apia', '2011-12-30T09:59:59Z', '2011-12-29'],
    ['Pacific/Apia', '2011-12-30T10:00:00Z', '2011-12-31'],
    ['UTC', '2026-12-31T23:59:59.999Z', '2026-12-31'],
    ['Etc/UTC', '2027-01-01T00:00:00Z', '2027-01-01'],
  ])('in %s at %s is %s', (zone, moment, day) => {
    expect(businessDay(at(moment), zone)).toBe(day);
  });

  test('never goes back while time goes on', () => {
    const moments = fc.date({ min: at('1990-01-01'), max: at('2060-01-01'), noInvalidDate: true });
    const zones = fc.constantFrom(
      'UTC',
      'Europe/Berlin',
      'Australia/Lord_Howe',
      'America/St_Johns',
    );
    fc.assert(
      fc.property(moments, fc.nat(172_800_000), zones, (moment, later, zone) => {
        const then = new Date(moment.getTime() + later);
        expect(businessDay(moment, zone) <= businessDay(then, zone)).toBe(true);
      }),
    );
  });
});

describe('a moment for people', () => {
  test.each([
    // The hour that occurs twice is told apart by its offset.
    ['Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-25 02:30 +02:00'],
    ['Europe/Berlin', '2026-10-25T01:30:00Z', '2026-10-25 02:30 +01:00'],
    ['Australia/Lord_Howe', '2026-01-01T00:00:00Z', '2026-01-01 11:00 +11:00'],
    ['Australia/Lord_Howe', '2026-07-01T00:00:00Z', '2026-07-01 10:30 +10:30'],
    ['UTC', '2026-11-23T18:05:59.999Z', '2026-11-23 18:05 +00:00'],
  ])('in %s: %s is %s', (zone, moment, text) => {
    expect(formatMoment(at(moment), zone)).toBe(text);
  });

  test('says which moment it was, to the minute', () => {
    const moments = fc.date({ min: at('1990-01-01'), max: at('2060-01-01'), noInvalidDate: true });
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'Australia/Lord_Howe', 'Asia/Kathmandu');
    fc.assert(
      fc.property(moments, zones, (moment, zone) => {
        const [day, time, offset] = formatMoment(moment, zone).split(' ');
        const minute = Math.floor(moment.getTime() / 60_000) * 60_000;
        expect(at(`${day}T${time}:00${offset}`).getTime()).toBe(minute);
      }),
    );
  });
});
