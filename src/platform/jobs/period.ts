import { Temporal } from 'temporal-polyfill';
import { invalid } from '../errors.ts';

/** What one run of a periodic job stands for. */
export type PeriodKind = 'minute' | 'hour' | 'day' | 'week' | 'month';

/**
 * A stretch of time that a job is run for, from `startsAt` up to but not including `endsAt`.
 * Keys of one kind sort as the periods do.
 */
export interface Period {
  /**
   * `2026-11-30` (day), `2026-W48` (ISO week, Monday to Sunday) and `2026-11` (month) are of the
   * business time zone. `2026-11-30T18Z` (hour) and `2026-11-30T18:04Z` (minute) are UTC: in local
   * time an hour comes twice when the clocks go back.
   */
  key: string;
  startsAt: Date;
  endsAt: Date;
}

const PATTERNS: Readonly<Record<PeriodKind, { pattern: RegExp; example: string }>> = {
  minute: { pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/, example: '2026-11-30T18:04Z' },
  hour: { pattern: /^\d{4}-\d\d-\d\dT\d\dZ$/, example: '2026-11-30T18Z' },
  day: { pattern: /^\d{4}-\d\d-\d\d$/, example: '2026-11-30' },
  week: { pattern: /^\d{4}-W\d\d$/, example: '2026-W48' },
  month: { pattern: /^\d{4}-\d\d$/, example: '2026-11' },
};

/** Whether the text is written as a key of this kind; it may still name no real period. */
export function isPeriodKey(kind: PeriodKind, key: string): boolean {
  return PATTERNS[kind].pattern.test(key);
}

/** Whether periods of this kind are shorter than a day, and so counted in UTC. */
export function isShort(kind: PeriodKind): boolean {
  return kind === 'minute' || kind === 'hour';
}

/**
 * The period's key for a moment that is `wall` on the business clock and `instant` in the world.
 * Long periods follow the wall clock, so that a moment that daylight saving skips keeps its day.
 */
export function periodKey(
  kind: PeriodKind,
  wall: Temporal.PlainDateTime,
  instant: Temporal.Instant,
): string {
  switch (kind) {
    case 'minute':
      return `${instant.toString().slice(0, 16)}Z`;
    case 'hour':
      return `${instant.toString().slice(0, 13)}Z`;
    case 'day':
      return wall.toPlainDate().toString();
    case 'week':
      return `${wall.yearOfWeek}-W${String(wall.weekOfYear).padStart(2, '0')}`;
    case 'month':
      return wall.toPlainDate().toString().slice(0, 7);
  }
}

/** The period of this kind that contains the moment. */
export function periodOf(kind: PeriodKind, moment: Date, timeZone: string): Period {
  const instant = Temporal.Instant.fromEpochMilliseconds(moment.getTime());
  const wall = instant.toZonedDateTimeISO(timeZone).toPlainDateTime();
  return parsePeriod(kind, periodKey(kind, wall, instant), timeZone);
}

/**
 * A period from its key.
 * @throws StewardError `invalid_period` when the key is not one of this kind
 */
export function parsePeriod(kind: PeriodKind, key: string, timeZone: string): Period {
  const bounds = isPeriodKey(kind, key) ? boundsOf(kind, key, timeZone) : undefined;
  if (!bounds) {
    throw invalid(
      `"${key}" is not a ${kind}: expected something like ${PATTERNS[kind].example}.`,
      [{ path: 'period', message: `expected a ${kind} such as ${PATTERNS[kind].example}` }],
      'invalid_period',
    );
  }
  return {
    key,
    startsAt: new Date(bounds[0].epochMilliseconds),
    endsAt: new Date(bounds[1].epochMilliseconds),
  };
}

function boundsOf(
  kind: PeriodKind,
  key: string,
  timeZone: string,
): [Temporal.Instant, Temporal.Instant] | undefined {
  try {
    if (isShort(kind)) {
      const start = Temporal.Instant.from(kind === 'minute' ? key : `${key.slice(0, -1)}:00Z`);
      return [start, start.add({ minutes: kind === 'minute' ? 1 : 60 })];
    }
    const [first, afterwards] = datesOf(kind, key);
    const midnight = (date: Temporal.PlainDate) => date.toZonedDateTime({ timeZone }).toInstant();
    return [midnight(first), midnight(afterwards)];
  } catch (error) {
    // Temporal's word for a date that does not exist, such as 2026-02-30.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function datesOf(kind: PeriodKind, key: string): [Temporal.PlainDate, Temporal.PlainDate] {
  if (kind === 'day') {
    const day = Temporal.PlainDate.from(key);
    return [day, day.add({ days: 1 })];
  }
  if (kind === 'month') {
    const first = Temporal.PlainDate.from(`${key}-01`);
    return [first, first.add({ months: 1 })];
  }
  const year = Number(key.slice(0, 4));
  const week = Number(key.slice(6));
  // 4 January is always in week 1.
  const inFirst = Temporal.PlainDate.from({ year, month: 1, day: 4 });
  const monday = inFirst.subtract({ days: inFirst.dayOfWeek - 1 }).add({ weeks: week - 1 });
  if (monday.yearOfWeek !== year || monday.weekOfYear !== week) {
    throw new RangeError(`There is no week ${week} in ${year}.`);
  }
  return [monday, monday.add({ weeks: 1 })];
}
