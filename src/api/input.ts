import { z } from 'zod';
import { ORDER_STATUSES } from '../contexts/orders/index.ts';
import { parsePeriod } from '../platform/jobs/period.ts';

const LINE_CONTROL = /\p{Cc}/u;
const TEXT_CONTROL = /(?![\t\n\r])\p{Cc}/u;

/** One line of text: trimmed, not empty, without control characters. */
export function line(limit: number) {
  return text(limit, LINE_CONTROL).min(1, 'must not be empty');
}

/** Text of several lines; may be empty. */
export function lines(limit: number) {
  return text(limit, TEXT_CONTROL);
}

function text(limit: number, control: RegExp) {
  return (
    z
      .string()
      .trim()
      .max(limit, `must have at most ${limit} characters`)
      // PostgreSQL refuses NUL and half surrogate pairs; other controls break mails and terminals.
      .refine((value) => !control.test(value), 'must not contain control characters')
      .refine((value) => value.isWellFormed(), 'must be well-formed Unicode (half a pair found)')
  );
}

/** A moment, as ISO 8601 with an offset; becomes a Date. */
export function moment() {
  return z.iso
    .datetime({
      offset: true,
      error: ({ input }) =>
        typeof input === 'string' && /T\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/.test(input)
          ? 'has no offset from UTC: expected such as 2026-11-24T10:00:00+01:00 or …T09:00:00Z'
          : 'expected an ISO 8601 time with offset such as 2026-11-24T10:00:00+01:00',
    })
    .transform((value) => new Date(value));
}

/** A calendar day of the business time zone, as `YYYY-MM-DD`. */
export function day() {
  return z.iso.date('expected a day such as 2026-11-24');
}

/** An ISO week (`2026-W48`) or a month (`2026-11`) that exists. */
export function period(kind: 'week' | 'month') {
  const expected = `expected a ${kind} such as ${kind === 'week' ? '2026-W48' : '2026-11'}`;
  return z.string().refine((key) => isPeriod(kind, key), expected);
}

function isPeriod(kind: 'week' | 'month', key: string): boolean {
  try {
    return parsePeriod(kind, key, 'UTC').key === key;
  } catch {
    return false;
  }
}

/** Ids in addresses. */
export const orderParams = z.object({
  id: z.guid('expected the id of an order (a UUID)').describe('Id of the order'),
});

const limit = z
  .string()
  .regex(/^\d{1,3}$/, 'expected a number from 1 to 200')
  .transform(Number)
  .refine((value) => value >= 1 && value <= 200, 'expected a number from 1 to 200')
  .default(50)
  .describe('Entries on a page, 1 to 200; 50 without it');

const cursor = z
  .string()
  .max(500, 'expected the nextCursor of an earlier page of the same list')
  .optional()
  .describe('`nextCursor` of the page before');

/** Query of a list. */
export const pageQuery = z.strictObject({ limit, cursor });

const orderStatus = z.enum(ORDER_STATUSES, `expected one of ${ORDER_STATUSES.join(', ')}`);

/** Query of a list of orders: `status` may be repeated, or hold several by comma. */
export const orderListQuery = pageQuery.extend({
  status: z
    .preprocess(
      (value) => (typeof value === 'string' ? value.split(',') : value),
      z.array(orderStatus).min(1).max(ORDER_STATUSES.length, 'names states more than once'),
    )
    .optional()
    .describe('Only orders in these states; several by comma'),
});
