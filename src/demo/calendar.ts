import { Temporal } from 'temporal-polyfill';

/** A Monday: the same week every time, so that two plays can be compared. */
const MONDAY = Temporal.PlainDate.from('2026-11-23');

/** Days of the play, Monday to Sunday. */
export const DAYS = 7;

export const QUARTER_MS = 15 * 60_000;
export const HOUR_MS = 3_600_000;

/** The week of the play in the business time zone. */
export interface Week {
  /** @param day 0 is Monday; 7 and more are the week after */
  at(day: number, hour: number, minute?: number): Date;
  /** Hour of the day, with a fraction: 13.5 is half past one. */
  hourOf(moment: Date): number;
  /** Days since Monday. */
  dayOf(moment: Date): number;
}

export function createWeek(timeZone: string): Week {
  const zonedAt = (moment: Date) =>
    Temporal.Instant.fromEpochMilliseconds(moment.getTime()).toZonedDateTimeISO(timeZone);
  return {
    at: (day, hour, minute = 0) => {
      const time = Temporal.PlainTime.from({ hour, minute });
      const zoned = MONDAY.add({ days: day }).toZonedDateTime({ timeZone, plainTime: time });
      return new Date(zoned.epochMilliseconds);
    },
    hourOf: (moment) => {
      const zoned = zonedAt(moment);
      return zoned.hour + zoned.minute / 60;
    },
    dayOf: (moment) => MONDAY.until(zonedAt(moment).toPlainDate()).days,
  };
}

const NAMES = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** `Mon 2026-11-23` */
export function nameDay(day: number): string {
  return `${NAMES[day % DAYS]} ${MONDAY.add({ days: day })}`;
}
