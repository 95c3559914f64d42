import { StewardError } from '../platform/errors.ts';

/**
 * Reads a moment: a day (`2026-11-24`: its start in the business time zone), a day and a time
 * (`2026-11-24T10:00`, the same zone), or ISO 8601 with an offset.
 * @throws StewardError `invalid_moment`
 */
export async function parseMoment(text: string, timeZone: string): Promise<Date> {
  // Loaded here: only a few flags need a calendar, and every command would pay for it.
  const { Temporal } = await import('temporal-polyfill');
  try {
    if (/(?:Z|[+-]\d{2}:?\d{2})$/i.test(text) && text.includes(':')) {
      return new Date(Temporal.Instant.from(text.replace(' ', 'T')).epochMilliseconds);
    }
    const local = Temporal.PlainDateTime.from(text.replace(' ', 'T'), { overflow: 'reject' });
    return new Date(local.toZonedDateTime(timeZone).epochMilliseconds);
  } catch {
    throw new StewardError(
      'invalid',
      'invalid_moment',
      `"${text}" is not a day or a time: expected 2026-11-24, 2026-11-24T10:00 or 2026-11-24T10:00+01:00.`,
    );
  }
}
