import { businessDay } from '../../../platform/business-time.ts';
import { invalid } from '../../../platform/errors.ts';
import { isPeriodKey, parsePeriod } from '../../../platform/jobs/period.ts';
import type { PaymentsDependencies } from '../dependencies.ts';

/** Both days included. */
export interface DayRange {
  from: string;
  to: string;
}

/**
 * A day as it was given.
 * @throws StewardError `invalid_input` for a text that is no day
 */
export function checkDay(day: string, path: string): string {
  // A day that a zone skipped is a day all the same.
  if (isPeriodKey('day', day) && isDay(day)) return day;
  throw invalid(`"${day}" is not a day: expected something like 2026-11-30.`, [
    { path, message: 'expected a day such as 2026-11-30' },
  ]);
}

function isDay(day: string): boolean {
  try {
    return parsePeriod('day', day, 'UTC').key === day;
  } catch {
    return false;
  }
}

/**
 * The days of a statement: from the first of the month until today, unless said otherwise.
 * @throws StewardError `invalid_input` for days that are none, or the wrong way round
 */
export function statementRange(
  deps: Pick<PaymentsDependencies, 'clock' | 'timeZone'>,
  range: { from?: string; to?: string },
): DayRange {
  const today = businessDay(deps.clock.now(), deps.timeZone);
  const asked = range.from === undefined ? undefined : checkDay(range.from, 'from');
  // Who asks from a day to come means that day.
  const end = asked !== undefined && asked > today ? asked : today;
  const to = range.to === undefined ? end : checkDay(range.to, 'to');
  const from = asked ?? `${to.slice(0, 7)}-01`;
  if (from > to) {
    throw invalid(`The statement would begin on ${from} and end before it, on ${to}.`, [
      { path: 'to', message: `expected ${from} or a later day` },
    ]);
  }
  return { from, to };
}
