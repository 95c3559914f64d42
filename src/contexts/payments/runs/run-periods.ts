import { Temporal } from 'temporal-polyfill';
import { invalid } from '../../../platform/errors.ts';
import { type Period, parsePeriod, periodOf } from '../../../platform/jobs/period.ts';

/** A period of a run and up to when things belong to it. */
export interface RunPeriod {
  /** `2026-W48` or `2026-11`. */
  key: string;
  /** Time of its last day at which it closes. */
  closesAt: Date;
  /** What ended before this belongs to the run: the close, or now while that lies ahead. */
  cutoff: Date;
}

/**
 * When a period closes: at this time of its last day, on the business clock. A time that daylight
 * saving skips is taken an hour later, one that comes twice at its first coming.
 * @param timeOfDay such as `18:00`
 */
export function closingMoment(period: Period, timeOfDay: string, timeZone: string): Date {
  const wall = Temporal.Instant.fromEpochMilliseconds(period.endsAt.getTime() - 1)
    .toZonedDateTimeISO(timeZone)
    .toPlainDate()
    .toPlainDateTime(Temporal.PlainTime.from(timeOfDay));
  const instant = wall.toZonedDateTime(timeZone, { disambiguation: 'compatible' }).toInstant();
  return new Date(instant.epochMilliseconds);
}

/**
 * The period of a run: the one asked for, or the one that contains now.
 * @throws StewardError `invalid_period` for a key that is none, or a period that has not begun
 */
export function resolvePeriod(
  kind: 'week' | 'month',
  asked: string | undefined,
  now: Date,
  clock: { closesAt: string; timeZone: string },
): RunPeriod {
  const period =
    asked === undefined
      ? periodOf(kind, now, clock.timeZone)
      : parsePeriod(kind, asked, clock.timeZone);
  if (period.startsAt > now) {
    throw invalid(
      `The ${kind} ${period.key} has not begun: a run takes what has ended already.`,
      [{ path: 'period', message: `expected a ${kind} that has begun` }],
      'invalid_period',
    );
  }
  const closesAt = closingMoment(period, clock.closesAt, clock.timeZone);
  return { key: period.key, closesAt, cutoff: closesAt < now ? closesAt : now };
}
