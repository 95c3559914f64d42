import { invalid } from '../../platform/errors.ts';

/** A moment on the wall clock of the business. */
interface LocalTime {
  /** 1 is Monday, 7 is Sunday (ISO 8601). */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
}

/** What steps and formulas may know besides their arguments. */
export interface MatchingContext {
  /** The business time zone (IANA name). */
  readonly timeZone: string;
  /** Minor units in one unit of the deployment's currency: 100 for USD, 1 for JPY. */
  readonly minorUnitsPerUnit: bigint;
  /** That moment in the business time zone. */
  localTime(moment: Date): LocalTime;
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/**
 * The context for one time zone and currency.
 * @throws StewardError `invalid_time_zone` when the runtime does not know the zone
 */
export function createContext(timeZone: string, minorUnitsPerUnit = 100n): MatchingContext {
  // The first format of a process takes milliseconds, and every command opens matching.
  if (timeZone === 'UTC') return { timeZone, minorUnitsPerUnit, localTime: utcTime };
  const format = formatFor(timeZone);
  // All workers of one short list are asked about the same moment, and formatting takes about 2 µs.
  let last: { at: number; local: LocalTime } | null = null;
  const localTime = (moment: Date): LocalTime => {
    const at = moment.getTime();
    if (last?.at === at) return last.local;
    const parts = new Map(format.formatToParts(moment).map((part) => [part.type, part.value]));
    const local = {
      weekday: WEEKDAYS.indexOf(parts.get('weekday') ?? '') + 1,
      hour: Number(parts.get('hour')),
      minute: Number(parts.get('minute')),
    };
    last = { at, local };
    return local;
  };
  return { timeZone, minorUnitsPerUnit, localTime };
}

function utcTime(moment: Date): LocalTime {
  return {
    weekday: moment.getUTCDay() || 7,
    hour: moment.getUTCHours(),
    minute: moment.getUTCMinutes(),
  };
}

function formatFor(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en', {
      timeZone,
      weekday: 'short',
      hour: 'numeric',
      minute: 'numeric',
      hourCycle: 'h23',
    });
  } catch {
    const message = `"${timeZone}" is not a time zone: expected an IANA name such as Europe/Paris.`;
    throw invalid(message, [{ path: 'timeZone', message }], 'invalid_time_zone');
  }
}
