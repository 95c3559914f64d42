import fc from 'fast-check';
import { expect, test } from 'vitest';
import { businessDay, formatMoment } from '../../../platform/business-time.ts';
import type { ChargeStatus, InvoiceStatus } from '../payments.ts';
import type { ChargeState } from '../provider/provider.ts';
import {
  backOffMs,
  type Decision,
  decide,
  isLive,
  mayMove,
  nextRetry,
  pastDueAt,
  retryMoments,
  type Situation,
} from './charge-states.ts';

const STATUSES: ChargeStatus[] = [
  'planned',
  'sending',
  'unknown',
  'processing',
  'requires_action',
  'succeeded',
  'failed',
  'cancelled',
];
const STATES: ChargeState[] = ['succeeded', 'failed', 'requires_action', 'processing', 'cancelled'];
const INVOICES: InvoiceStatus[] = ['open', 'paid', 'past_due', 'void'];
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata'];

const moments = fc.date({
  min: new Date('2026-01-01T00:00:00Z'),
  max: new Date('2028-12-31T00:00:00Z'),
  noInvalidDate: true,
});
const schedules = fc.record({
  retryAfterDays: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 6 }),
  timeZone: fc.constantFrom(...ZONES),
});
const situations: fc.Arbitrary<Situation> = fc.record({
  status: fc.constantFrom(...STATUSES),
  invoice: fc.constantFrom(...INVOICES),
  paidByAnother: fc.boolean(),
  booked: fc.boolean(),
  hasNext: fc.boolean(),
  failingSince: fc.option(moments),
});
const told = fc.record({
  state: fc.constantFrom(...STATES),
  failure: fc.option(
    fc.record({ kind: fc.constantFrom('soft' as const, 'hard' as const), code: fc.string() }),
  ),
});

const wallTime = (moment: Date, timeZone: string) => formatMoment(moment, timeZone).slice(11, 16);

test('retries come after 1, 3 and 5 days at the same time of day, then the invoice is past due', () => {
  const schedule = { retryAfterDays: [1, 3, 5], timeZone: 'UTC' };
  const first = new Date('2026-11-29T20:00:00Z');
  const days = retryMoments(first, schedule).map((moment) => moment.toISOString());
  expect(days).toEqual([
    '2026-11-30T20:00:00.000Z',
    '2026-12-02T20:00:00.000Z',
    '2026-12-04T20:00:00.000Z',
  ]);
  expect(nextRetry(first, new Date('2026-11-30T20:00:00Z'), schedule)?.toISOString()).toBe(days[1]);
  expect(nextRetry(first, new Date('2026-12-04T20:00:00Z'), schedule)).toBeNull();
  expect(pastDueAt(first, { ...schedule, retryAfterDays: [] })).toEqual(first);
});

test.each([
  ['Europe/Berlin', '2026-10-24T20:00:00+02:00', '2026-10-25 20:00 +01:00'],
  ['Europe/Berlin', '2027-03-27T20:00:00+01:00', '2027-03-28 20:00 +02:00'],
  ['Europe/Berlin', '2027-03-27T02:30:00+01:00', '2027-03-28 03:30 +02:00'],
  ['America/New_York', '2026-10-31T20:00:00-04:00', '2026-11-01 20:00 -05:00'],
  ['America/New_York', '2027-03-13T20:00:00-05:00', '2027-03-14 20:00 -04:00'],
  ['Australia/Lord_Howe', '2026-10-03T20:00:00+10:30', '2026-10-04 20:00 +11:00'],
  ['Europe/Berlin', '2026-12-31T20:00:00+01:00', '2027-01-01 20:00 +01:00'],
])('in %s the day after %s is %s', (timeZone, first, expected) => {
  const [next] = retryMoments(new Date(first), { retryAfterDays: [1], timeZone });
  expect(next && formatMoment(next, timeZone)).toBe(expected);
});

test('whatever the schedule, moments rise, keep their day and (but for skipped hours) their time', () => {
  fc.assert(
    fc.property(moments, schedules, (first, schedule) => {
      const { timeZone } = schedule;
      const days = [...new Set(schedule.retryAfterDays)].sort((a, b) => a - b);
      const all = retryMoments(first, schedule);
      expect(all).toHaveLength(days.length);
      all.forEach((moment, index) => {
        expect(moment > (all[index - 1] ?? first)).toBe(true);
        const midnight = Date.parse(`${businessDay(first, timeZone)}T00:00:00Z`);
        const day = new Date(midnight + (days[index] ?? 0) * 86_400_000).toISOString();
        expect(businessDay(moment, timeZone)).toBe(day.slice(0, 10));
        const [was, is] = [wallTime(first, timeZone), wallTime(moment, timeZone)];
        if (was !== is) expect(is > was && is < '04:00').toBe(true);
      });
    }),
  );
});

test('attempts that all fail come to an end, however late each of them is made', () => {
  fc.assert(
    fc.property(
      moments,
      schedules,
      fc.array(fc.integer({ min: 0, max: 20 * 86_400_000 }), { minLength: 10, maxLength: 10 }),
      (first, schedule, delays) => {
        let now = first;
        let attempts = 1;
        for (;;) {
          const next = nextRetry(first, now, schedule);
          if (next === null) break;
          expect(next > now).toBe(true);
          now = new Date(next.getTime() + (delays[attempts % delays.length] ?? 0));
          attempts += 1;
        }
        expect(attempts).toBeLessThanOrEqual(new Set(schedule.retryAfterDays).size + 1);
        expect(now >= pastDueAt(first, schedule)).toBe(true);
      },
    ),
  );
});

test('money that the provider took is booked once from any state, and moves are legal', () => {
  fc.assert(
    fc.property(situations, told, moments, schedules, (situation, news, now, schedule) => {
      const decision = decide(situation, news, now, schedule);
      if (news.state === 'succeeded') {
        const known = situation.status === 'succeeded' || situation.booked;
        expect(decision.kind === 'nothing').toBe(known);
        if (decision.kind === 'paid') {
          expect(mayMove(situation.status, 'succeeded')).toBe(true);
          expect(situation.paidByAnother).toBe(false);
          expect(['open', 'past_due']).toContain(situation.invoice);
        }
        return;
      }
      expect(['paid', 'surplus']).not.toContain(decision.kind);
      // What is over stays over until money comes.
      if (!isLive(situation.status)) expect(decision).toEqual({ kind: 'nothing' });
      if (decision.kind === 'wait' || decision.kind === 'over') {
        expect(mayMove(situation.status, decision.status)).toBe(true);
      }
    }),
  );
});

test('an unpaid invoice whose only attempt is over has a next one or is past due', () => {
  fc.assert(
    fc.property(situations, told, moments, schedules, (given, news, now, schedule) => {
      const situation: Situation = {
        ...given,
        invoice: given.invoice === 'past_due' ? 'past_due' : 'open',
        paidByAnother: false,
        hasNext: false,
      };
      const decision: Decision = decide(situation, news, now, schedule);
      if (decision.kind !== 'over') return;
      expect(decision.next.kind).not.toBe('none');
      if (decision.next.kind === 'retry') expect(decision.next.at > now).toBe(true);
      if (decision.failure?.kind === 'hard') expect(decision.next.kind).toBe('method');
    }),
  );
});

test('nothing follows an attempt of an invoice that is paid, void, or has its next attempt', () => {
  fc.assert(
    fc.property(situations, told, moments, schedules, (situation, news, now, schedule) => {
      const decision = decide(situation, news, now, schedule);
      if (decision.kind !== 'over') return;
      const done = ['paid', 'void'].includes(situation.invoice);
      if (done || situation.paidByAnother || situation.hasNext) {
        expect(decision.next).toEqual({ kind: 'none' });
      }
    }),
  );
});

test('waiting grows from half a minute to an hour', () => {
  expect([0, 1, 2, 6, 7, 100].map(backOffMs)).toEqual([
    30_000, 60_000, 120_000, 1_920_000, 3_600_000, 3_600_000,
  ]);
});
