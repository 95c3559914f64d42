import { Temporal } from 'temporal-polyfill';

/** The calendar day of a moment in the business time zone, as `YYYY-MM-DD`. */
export function businessDay(moment: Date, timeZone: string): string {
  // Most deployments and all hot paths of tests run in UTC: no calendar arithmetic needed there.
  if (timeZone === 'UTC') return moment.toISOString().slice(0, 10);
  return Temporal.Instant.fromEpochMilliseconds(moment.getTime())
    .toZonedDateTimeISO(timeZone)
    .toPlainDate()
    .toString();
}

/** `2026-11-23 18:05 +01:00`: for people, in the business time zone, with its offset. */
export function formatMoment(moment: Date, timeZone: string): string {
  const zoned = Temporal.Instant.fromEpochMilliseconds(moment.getTime()).toZonedDateTimeISO(
    timeZone,
  );
  return `${zoned.toPlainDate()} ${zoned.toPlainTime().toString({ smallestUnit: 'minute' })} ${zoned.offset}`;
}
