import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import type { CronSchedule } from './definition.ts';
import { parsePeriod, periodOf } from './period.ts';
import { cronFault, duePeriods, type KnownRun, nextDue, periodsDueBetween } from './schedule.ts';

const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata'];
const DAY_MS = 86_400_000;
/** Where and when: any time in two years, and often close to a change of that zone's clocks. */
interface Spot {
  timeZone: string;
  at: Date;
}
const anywhere: fc.Arbitrary<Spot> = fc.record({
  timeZone: fc.constantFrom(...ZONES),
  at: fc
    .integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 11, 31) })
    .map((ms) => new Date(ms)),
});
const nearChange: fc.Arbitrary<Spot> = fc
  .record({
    change: fc.constantFrom(
      { timeZone: 'Europe/Berlin', at: '2026-03-29T01:00Z' },
      { timeZone: 'Europe/Berlin', at: '2026-10-25T01:00Z' },
      { timeZone: 'America/New_York', at: '2026-03-08T07:00Z' },
      { timeZone: 'America/New_York', at: '2026-11-01T06:00Z' },
      { timeZone: 'Australia/Lord_Howe', at: '2026-04-04T15:00Z' },
      { timeZone: 'Australia/Lord_Howe', at: '2026-10-03T15:30Z' },
    ),
    offsetMs: fc.integer({ min: -3 * 3_600_000, max: 2 * 3_600_000 }),
  })
  .map(({ change, offsetMs }) => ({
    timeZone: change.timeZone,
    at: new Date(Date.parse(change.at) + offsetMs),
  }));
const spot = fc.oneof(anywhere, nearChange);
/** Each fires at least once in every period of its kind. */
const schedule: fc.Arbitrary<CronSchedule> = fc.constantFrom(
  { cron: '* * * * *', period: 'minute', catchUp: 'each' },
  { cron: '0 * * * *', period: 'hour', catchUp: 'each' },
  { cron: '30 * * * *', period: 'hour', catchUp: 'each' },
  { cron: '*/20 * * * *', period: 'hour', catchUp: 'each' },
  { cron: '30 2 * * *', period: 'day', catchUp: 'each' },
  { cron: '0 0 * * *', period: 'day', catchUp: 'each' },
  { cron: '15 1,2,3 * * *', period: 'day', catchUp: 'each' },
  { cron: '0 2 * * 0', period: 'week', catchUp: 'each' },
  { cron: '30 1 L * *', period: 'month', catchUp: 'each' },
  { cron: '0 0 1 * *', period: 'month', catchUp: 'each' },
);

/** What every period of the kind between the first and the last key is, without any cron. */
function neighbours(kind: CronSchedule['period'], first: string, last: string, timeZone: string) {
  const keys = [first];
  let period = parsePeriod(kind, first, timeZone);
  while (period.key < last) {
    period = periodOf(kind, period.endsAt, timeZone);
    keys.push(period.key);
  }
  return keys;
}

describe('periods', () => {
  it('contain the moment they are asked for, and their keys lead back to them', () => {
    const kinds = fc.constantFrom('minute', 'hour', 'day', 'week', 'month');
    fc.assert(
      fc.property(kinds, spot, (kind, { timeZone, at }) => {
        const period = periodOf(kind, at, timeZone);
        expect(period.startsAt.getTime()).toBeLessThanOrEqual(at.getTime());
        expect(period.endsAt.getTime()).toBeGreaterThan(at.getTime());
        expect(parsePeriod(kind, period.key, timeZone)).toEqual(period);
      }),
    );
  });

  it('are named in the business time zone, and short ones in UTC', () => {
    const lateOnSunday = new Date('2026-11-29T23:30Z');
    expect(periodOf('day', lateOnSunday, 'Europe/Berlin').key).toBe('2026-11-30');
    expect(periodOf('week', lateOnSunday, 'Europe/Berlin').key).toBe('2026-W49');
    expect(periodOf('week', lateOnSunday, 'UTC').key).toBe('2026-W48');
    expect(periodOf('month', new Date('2026-11-30T23:30Z'), 'Europe/Berlin').key).toBe('2026-12');
    expect(periodOf('hour', lateOnSunday, 'Europe/Berlin').key).toBe('2026-11-29T23Z');
    expect(periodOf('minute', lateOnSunday, 'Europe/Berlin').key).toBe('2026-11-29T23:30Z');
  });

  it.each([
    ['day', '2026-02-30'],
    ['day', '2026-11'],
    ['week', '2026-W54'],
    ['week', '2025-W53'],
    ['month', '2026-13'],
    ['hour', '2026-11-30T25Z'],
    ['minute', '2026-11-30T18:04'],
  ] as const)('refuse a %s called %s', (kind, key) => {
    expect(() => parsePeriod(kind, key, 'UTC')).toThrow(/expected something like/);
  });
});

describe('a schedule', () => {
  it('makes every period due exactly once, in order, with no gap, in every time zone', () => {
    fc.assert(
      fc.property(schedule, spot, (plan, { timeZone, at: from }) => {
        const spanMs = { minute: 0.3, hour: 4, day: 40, week: 100, month: 400 }[plan.period];
        const until = new Date(from.getTime() + spanMs * DAY_MS);
        const due = periodsDueBetween(plan, timeZone, from, until);
        const keys = due.map((period) => period.key);
        expect(keys).toEqual(neighbours(plan.period, keys[0] ?? '', keys.at(-1) ?? '', timeZone));
        for (const [index, period] of due.entries()) {
          const before = due[index - 1];
          if (before) expect(period.dueAt.getTime()).toBeGreaterThan(before.dueAt.getTime());
          expect(period.dueAt.getTime()).toBeGreaterThanOrEqual(period.startsAt.getTime());
        }
      }),
      { numRuns: 150 },
    );
  });

  it('says the same however the time is cut into pieces', () => {
    fc.assert(
      fc.property(
        schedule,
        nearChange,
        fc.array(fc.integer({ min: 1, max: 2 * 3_600_000 }), { minLength: 1, maxLength: 6 }),
        (plan, { timeZone, at: from }, stepsMs) => {
          const pieces: string[] = [];
          let at = from;
          for (const stepMs of stepsMs) {
            const next = new Date(at.getTime() + stepMs);
            pieces.push(...periodsDueBetween(plan, timeZone, at, next).map(({ key }) => key));
            at = next;
          }
          expect(pieces).toEqual(periodsDueBetween(plan, timeZone, from, at).map((p) => p.key));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('runs every period once whatever the worker sleeps through', () => {
    fc.assert(
      fc.property(
        schedule.filter((plan) => plan.period !== 'minute'),
        spot,
        fc.array(fc.double({ min: 0.01, max: 6, noNaN: true }), { minLength: 2, maxLength: 12 }),
        (plan, { timeZone, at: start }, sleepsInDays) => {
          const ran: string[] = [];
          let now = start;
          for (const days of sleepsInDays) {
            const runs: KnownRun[] = ran.map((period) => ({ period, status: 'done' }));
            ran.push(...duePeriods(plan, timeZone, runs, now).map(({ key }) => key));
            now = new Date(now.getTime() + days * DAY_MS);
          }
          expect(ran).toEqual(neighbours(plan.period, ran[0] ?? '', ran.at(-1) ?? '', timeZone));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('announces as next what then falls due', () => {
    fc.assert(
      fc.property(schedule, spot, (plan, { timeZone, at }) => {
        const next = nextDue(plan, timeZone, at);
        expect(next?.dueAt.getTime()).toBeGreaterThan(at.getTime());
        const until = next?.dueAt ?? at;
        expect(periodsDueBetween(plan, timeZone, at, until)).toEqual([next]);
      }),
      { numRuns: 80 },
    );
  });

  it('runs a skipped moment just after the gap and a repeated one at its first occurrence', () => {
    const nightly: CronSchedule = { cron: '30 2 * * *', period: 'day', catchUp: 'each' };
    const dueOn = (day: string) => {
      const noon = Temporal.PlainDate.from(day).toZonedDateTime({
        timeZone: 'Europe/Berlin',
        plainTime: '12:00',
      });
      const before = new Date(noon.subtract({ days: 1 }).epochMilliseconds);
      const due = periodsDueBetween(
        nightly,
        'Europe/Berlin',
        before,
        new Date(noon.epochMilliseconds),
      );
      return due.map(({ dueAt }) => dueAt.toISOString());
    };
    expect(dueOn('2026-03-29')).toEqual(['2026-03-29T01:30:00.000Z']);
    expect(dueOn('2026-10-25')).toEqual(['2026-10-25T00:30:00.000Z']);
  });

  it('runs every minute of the hour that comes twice', () => {
    const everyMinute: CronSchedule = { cron: '* * * * *', period: 'minute', catchUp: 'each' };
    const [from, until] = [new Date('2026-10-24T23:59Z'), new Date('2026-10-25T02:59Z')];
    expect(periodsDueBetween(everyMinute, 'Europe/Berlin', from, until)).toHaveLength(180);
  });
});

describe('what is due', () => {
  const daily: CronSchedule = { cron: '0 3 * * *', period: 'day', catchUp: 'each' };
  const now = new Date('2026-11-23T12:00Z');
  const keys = (plan: CronSchedule, runs: KnownRun[]) =>
    duePeriods(plan, 'UTC', runs, now).map(({ key }) => key);

  it('is only the newest period where the job never ran', () => {
    expect(keys(daily, [])).toEqual(['2026-11-23']);
  });

  it('is every missed period, oldest first, and the failed ones among them', () => {
    const runs: KnownRun[] = [
      { period: '2026-11-21', status: 'done' },
      { period: '2026-11-18', status: 'done' },
      { period: '2026-11-19', status: 'failed' },
    ];
    expect(keys(daily, runs)).toEqual(['2026-11-19', '2026-11-20', '2026-11-22', '2026-11-23']);
  });

  it('is nothing when all is done', () => {
    expect(keys(daily, [{ period: '2026-11-23', status: 'done' }])).toEqual([]);
  });

  it('reaches back 31 days at most', () => {
    const due = keys(daily, [{ period: '2026-01-01', status: 'done' }]);
    expect(due).toHaveLength(31);
    expect(due[0]).toBe('2026-10-24');
  });

  it('is the newest period alone where only the newest matters', () => {
    const latest: CronSchedule = { cron: '* * * * *', period: 'minute', catchUp: 'latest' };
    expect(keys(latest, [{ period: '2026-11-23T11:00Z', status: 'done' }])).toEqual([
      '2026-11-23T12:00Z',
    ]);
    expect(keys(latest, [{ period: '2026-11-23T12:00Z', status: 'done' }])).toEqual([]);
  });

  it('leaves days without a run alone', () => {
    const workingDays: CronSchedule = { cron: '0 3 * * 1-5', period: 'day', catchUp: 'each' };
    expect(keys(workingDays, [{ period: '2026-11-19', status: 'done' }])).toEqual([
      '2026-11-20',
      '2026-11-23',
    ]);
  });
});

describe('a cron expression', () => {
  it.each(['0 20 L * *', '*/5 * * * *', '30 3 * * 1-5'])('may be %s', (cron) => {
    expect(cronFault(cron)).toBeUndefined();
  });

  it.each(['* * * *', '0 0 31 2 *', '61 * * * *', '*/10 * * * * *', 'daily'])(
    'may not be %s',
    (cron) => {
      expect(cronFault(cron)).toContain(cron);
    },
  );
});
