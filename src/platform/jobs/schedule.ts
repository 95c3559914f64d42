import { CronExpressionParser } from 'cron-parser';
import { Temporal } from 'temporal-polyfill';
import type { CronSchedule } from './definition.ts';
import {
  isPeriodKey,
  isShort,
  type Period,
  type PeriodKind,
  parsePeriod,
  periodKey,
  periodOf,
} from './period.ts';

/** A period together with the moment at which its run is due. */
export interface DuePeriod extends Period {
  dueAt: Date;
}

/** What the rows say about a period. */
export interface KnownRun {
  period: string;
  status: 'running' | 'done' | 'failed';
}

/**
 * How far back missed periods are made up for, in days. Beyond that somebody has to decide:
 * `steward jobs run <name> --period …`. A week or a month is worth more than a minute.
 */
export const CATCH_UP_DAYS: Readonly<Record<PeriodKind, number>> = {
  minute: 1,
  hour: 31,
  day: 31,
  week: 400,
  month: 800,
};

/** Clocks are set by two hours at most: so much further wall times near a change are looked at. */
const SHIFT_HOURS = 2;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Looking for one moment starts near and widens: most schedules fire within hours. */
const HORIZONS_MS = [
  HOUR_MS / 12,
  HOUR_MS * 2,
  2 * DAY_MS,
  35 * DAY_MS,
  400 * DAY_MS,
  5 * 366 * DAY_MS,
];

/**
 * The periods that fall due after `after` and up to `until`, in order, each once.
 *
 * The expression is evaluated on the wall clock and only then placed in the world, because a
 * day must have its run although the clocks skip or repeat its hour: a skipped moment moves to
 * just after the gap, a repeated one happens at its first occurrence; in periods shorter than a
 * day both occurrences count, because they are different hours.
 */
export function periodsDueBetween(
  schedule: CronSchedule,
  timeZone: string,
  after: Date,
  until: Date,
): DuePeriod[] {
  // From the start of the period that `after` stands in: its first moment alone makes it due.
  const from = periodOf(schedule.period, after, timeZone).startsAt;
  const firstByKey = new Map<string, number>();
  for (const { key, atMs } of moments(schedule, timeZone, from, until)) {
    const known = firstByKey.get(key);
    if (known === undefined || atMs < known) firstByKey.set(key, atMs);
  }
  return [...firstByKey]
    .filter(([, atMs]) => atMs > after.getTime() && atMs <= until.getTime())
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, atMs]) => ({
      ...parsePeriod(schedule.period, key, timeZone),
      dueAt: new Date(atMs),
    }));
}

/** The next period to fall due after the moment; undefined when none does within five years. */
export function nextDue(
  schedule: CronSchedule,
  timeZone: string,
  after: Date,
): DuePeriod | undefined {
  for (const horizonMs of HORIZONS_MS) {
    const until = new Date(after.getTime() + horizonMs);
    const [first] = periodsDueBetween(schedule, timeZone, after, until);
    if (first) return first;
  }
  return undefined;
}

/** The newest period due at `now`, not older than the catch-up bound. */
function latestDue(schedule: CronSchedule, timeZone: string, now: Date): DuePeriod | undefined {
  const boundMs = CATCH_UP_DAYS[schedule.period] * DAY_MS;
  for (const horizonMs of [...HORIZONS_MS.filter((ms) => ms < boundMs), boundMs]) {
    const after = new Date(now.getTime() - horizonMs);
    const newest = periodsDueBetween(schedule, timeZone, after, now).at(-1);
    if (newest) return newest;
  }
  return undefined;
}

/**
 * What has to be run now, oldest first. Rows that are running are listed too: claiming the row
 * tells whether somebody is really at it.
 *
 * A job that never ran starts with the newest period that is due: there is no history before the
 * installation. Afterwards nothing between the oldest row and now is left out, up to the bound.
 * @param runs the rows known of this job, in any order
 */
export function duePeriods(
  schedule: CronSchedule,
  timeZone: string,
  runs: readonly KnownRun[],
  now: Date,
): DuePeriod[] {
  const done = new Set(runs.filter((run) => run.status === 'done').map((run) => run.period));
  const known = runs.map((run) => run.period).filter((key) => isPeriodKey(schedule.period, key));
  const oldest = known.reduce<string | undefined>(
    (least, key) => (least === undefined || key < least ? key : least),
    undefined,
  );
  if (schedule.catchUp === 'latest' || oldest === undefined) {
    const newest = latestDue(schedule, timeZone, now);
    return newest && !done.has(newest.key) ? [newest] : [];
  }
  const bound = now.getTime() - CATCH_UP_DAYS[schedule.period] * DAY_MS;
  const start = parsePeriod(schedule.period, oldest, timeZone).startsAt.getTime() - 1;
  return periodsDueBetween(schedule, timeZone, new Date(Math.max(bound, start)), now).filter(
    (period) => !done.has(period.key),
  );
}

/** Faults of a cron expression as we use it, or undefined. */
export function cronFault(cron: string): string | undefined {
  if (cron.trim().split(/\s+/).length !== 5) {
    return `"${cron}" has not the five fields minute, hour, day, month and weekday`;
  }
  try {
    CronExpressionParser.parse(cron, { tz: 'UTC', currentDate: new Date(0) }).next();
    return undefined;
  } catch (error) {
    return `"${cron}" is not a cron expression: ${error instanceof Error ? error.message : error}`;
  }
}

/** Each moment of the expression around the stretch, unsorted, with the key of its period. */
function* moments(
  schedule: CronSchedule,
  timeZone: string,
  from: Date,
  until: Date,
): Generator<{ key: string; atMs: number }> {
  const hours = changesNear(from, until, timeZone) ? SHIFT_HOURS : 0;
  const wallFrom = wallClock(from, timeZone).subtract({ hours });
  const wallUntil = wallClock(until, timeZone).add({ hours });
  // The parser is given the wall time as if it were UTC: it must know nothing of the clocks'
  // changes, at which it skips hours, repeats them, or gives up (Lord Howe's half hour).
  const expression = CronExpressionParser.parse(schedule.cron, {
    tz: 'UTC',
    currentDate: new Date(asUtcMs(wallFrom) - 1),
    endDate: new Date(asUtcMs(wallUntil)),
  });
  while (expression.hasNext()) {
    const wall = Temporal.Instant.fromEpochMilliseconds(expression.next().getTime())
      .toZonedDateTimeISO('UTC')
      .toPlainDateTime();
    for (const instant of instantsOf(wall, timeZone, isShort(schedule.period))) {
      yield {
        key: periodKey(schedule.period, wall, instant),
        atMs: instant.epochMilliseconds,
      };
    }
  }
}

/** When the clock shows this: once as a rule, just after a gap, twice in an overlap if `both`. */
function instantsOf(
  wall: Temporal.PlainDateTime,
  timeZone: string,
  both: boolean,
): Temporal.Instant[] {
  const first = wall.toZonedDateTime(timeZone, { disambiguation: 'compatible' });
  if (!both) return [first.toInstant()];
  const second = wall.toZonedDateTime(timeZone, { disambiguation: 'later' });
  return first.equals(second) ? [first.toInstant()] : [first.toInstant(), second.toInstant()];
}

/** Whether the clocks may change around the stretch; two changes do not fit into one day. */
function changesNear(from: Date, until: Date, timeZone: string): boolean {
  if (until.getTime() - from.getTime() > DAY_MS) return true;
  const offsetAt = (atMs: number) => {
    const wall = wallClock(new Date(atMs), timeZone);
    return asUtcMs(wall) - atMs;
  };
  const marginMs = (SHIFT_HOURS + 1) * HOUR_MS;
  return offsetAt(from.getTime() - marginMs) !== offsetAt(until.getTime() + marginMs);
}

function wallClock(moment: Date, timeZone: string): Temporal.PlainDateTime {
  return Temporal.Instant.fromEpochMilliseconds(moment.getTime())
    .toZonedDateTimeISO(timeZone)
    .toPlainDateTime();
}

function asUtcMs(wall: Temporal.PlainDateTime): number {
  return wall.toZonedDateTime('UTC').epochMilliseconds;
}
