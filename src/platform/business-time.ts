/**
 * Calendar days and times on the business's clock. Written with `Intl` and, in UTC, without it:
 * every command passes here, and loading a calendar library would cost it a third of its start.
 */

interface WallClock {
  /** `2026-11-23` */
  day: string;
  /** `18:05` */
  time: string;
  /** `+01:00` */
  offset: string;
}

/** The calendar day of a moment in the business time zone, as `YYYY-MM-DD`. */
export function businessDay(moment: Date, timeZone: string): string {
  return wallClock(moment, timeZone).day;
}

/** `2026-11-23 18:05 +01:00`: for people, in the business time zone, with its offset. */
export function formatMoment(moment: Date, timeZone: string): string {
  const { day, time, offset } = wallClock(moment, timeZone);
  return `${day} ${time} ${offset}`;
}

/** Minutes by which the zone's clock is ahead of UTC at a moment; negative west of Greenwich. */
export function zoneOffsetMinutes(moment: Date, timeZone: string): number {
  return offsetMinutes(wallClock(moment, timeZone).offset);
}

function wallClock(moment: Date, timeZone: string): WallClock {
  // Most deployments and all hot paths of tests run in UTC.
  if (timeZone === 'UTC') return fromIso(moment.toISOString(), '+00:00');
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(moment)
      .map((part) => [part.type, part.value]),
  );
  // `GMT`, `GMT+01:00`; zones of long ago had seconds in it, which nobody needs here.
  const offset = /[+-]\d{2}:\d{2}/.exec(parts.get('timeZoneName') ?? '')?.[0] ?? '+00:00';
  const local = new Date(moment.getTime() + offsetMinutes(offset) * 60_000);
  return fromIso(local.toISOString(), offset);
}

/** Of `+05:30`. */
function offsetMinutes(offset: string): number {
  const sign = offset.startsWith('-') ? -1 : 1;
  return sign * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4, 6)));
}

function fromIso(iso: string, offset: string): WallClock {
  const [day = '', time = ''] = iso.split('T');
  return { day, time: time.slice(0, 5), offset };
}

/** Making a format takes some hundred microseconds, using it about two. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  formats.set(timeZone, format);
  return format;
}
