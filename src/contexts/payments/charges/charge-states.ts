import { Temporal } from 'temporal-polyfill';
import type { ChargeStatus, InvoiceStatus } from '../payments.ts';
import type { ChargeFailure, ChargeState } from '../provider/provider.ts';

/** Due date of a charge that waits for the customer to give a payment method. */
export const NEVER = new Date('9999-12-31T00:00:00Z');

/**
 * What may follow what. The provider may tell of an outcome at any time, also of a charge that we
 * believe was not sent, has failed or was given up: money that it says it took is always booked.
 * Only a success is final.
 */
const MOVES: Readonly<Record<ChargeStatus, readonly ChargeStatus[]>> = {
  planned: [
    'sending',
    'unknown',
    'processing',
    'requires_action',
    'succeeded',
    'failed',
    'cancelled',
  ],
  sending: [
    'planned',
    'unknown',
    'processing',
    'requires_action',
    'succeeded',
    'failed',
    'cancelled',
  ],
  unknown: ['planned', 'processing', 'requires_action', 'succeeded', 'failed', 'cancelled'],
  processing: ['requires_action', 'succeeded', 'failed', 'cancelled'],
  requires_action: ['processing', 'succeeded', 'failed', 'cancelled'],
  failed: ['succeeded'],
  cancelled: ['succeeded'],
  succeeded: [],
};

/** Whether a charge in one state may come into the other. */
export function mayMove(from: ChargeStatus, to: ChargeStatus): boolean {
  return MOVES[from].includes(to);
}

/** Whether money may still be taken by it: an invoice has at most one of these. */
export function isLive(status: ChargeStatus): boolean {
  return status !== 'succeeded' && status !== 'failed' && status !== 'cancelled';
}

/** When failed charges are tried again. */
export interface DunningSchedule {
  /** Days after the first failure, in the order of the attempts. */
  retryAfterDays: readonly number[];
  timeZone: string;
}

/** All moments to try again: so many days after the first failure, at the same time of day. */
export function retryMoments(failingSince: Date, schedule: DunningSchedule): Date[] {
  const first = Temporal.Instant.fromEpochMilliseconds(failingSince.getTime()).toZonedDateTimeISO(
    schedule.timeZone,
  );
  // A time of day that the change to summer time skips comes an hour later on that day.
  return [...new Set(schedule.retryAfterDays)]
    .sort((one, other) => one - other)
    .map((days) => new Date(first.add({ days }).epochMilliseconds));
}

/**
 * The next moment to try again, always later than now: after days of standing still there are no
 * two attempts at once. Null when the schedule is over and the invoice past due.
 */
export function nextRetry(failingSince: Date, now: Date, schedule: DunningSchedule): Date | null {
  return retryMoments(failingSince, schedule).find((moment) => moment > now) ?? null;
}

/** From when on an unpaid invoice is past due: the last attempt of the schedule has been. */
export function pastDueAt(failingSince: Date, schedule: DunningSchedule): Date {
  return retryMoments(failingSince, schedule).at(-1) ?? failingSince;
}

/** A charge and its invoice before something new is told of it. */
export interface Situation {
  status: ChargeStatus;
  invoice: InvoiceStatus;
  /** Another attempt of the same invoice has succeeded. */
  paidByAnother: boolean;
  /** The money of this attempt is in the ledger already. */
  booked: boolean;
  /** Another attempt of the invoice can still take money: what comes next stands in it. */
  hasNext: boolean;
  failingSince: Date | null;
}

/** What the provider says of a charge. */
export interface Told {
  state: ChargeState;
  failure: ChargeFailure | null;
}

/** What comes after an attempt that took nothing. */
export type Next =
  /** Another attempt, by the schedule. */
  | { kind: 'retry'; at: Date }
  /** Another attempt, when the customer has given a payment method. */
  | { kind: 'method'; pastDue: boolean }
  /** No further attempt by itself. */
  | { kind: 'past-due' }
  /** Nothing: paid otherwise, void, or planned already. */
  | { kind: 'none' };

/** What is to be done about it. */
export type Decision =
  | { kind: 'nothing' }
  /** Book it; the invoice is paid. */
  | { kind: 'paid' }
  /** Book it; the invoice was paid otherwise or is void, so that it goes back to the customer. */
  | { kind: 'surplus' }
  | { kind: 'wait'; status: 'processing' | 'requires_action' }
  | {
      kind: 'over';
      status: 'failed' | 'cancelled';
      failure: ChargeFailure | null;
      failingSince: Date;
      next: Next;
    };

const UNSAID: ChargeFailure = { kind: 'soft', code: 'unknown' };

/** Decides what news of a charge mean, whatever the order and number of times they come. */
export function decide(
  situation: Situation,
  told: Told,
  now: Date,
  schedule: DunningSchedule,
): Decision {
  const { status, invoice } = situation;
  if (told.state === 'succeeded') {
    if (status === 'succeeded' || situation.booked) return { kind: 'nothing' };
    const wanted = !situation.paidByAnother && invoice !== 'void' && invoice !== 'paid';
    return { kind: wanted ? 'paid' : 'surplus' };
  }
  if (!isLive(status)) return { kind: 'nothing' };
  if (told.state === 'processing' || told.state === 'requires_action') {
    return status === told.state ? { kind: 'nothing' } : { kind: 'wait', status: told.state };
  }
  const failed = told.state === 'failed';
  const failure = failed ? (told.failure ?? UNSAID) : null;
  const failingSince = situation.failingSince ?? now;
  const unpaid = invoice === 'open' || invoice === 'past_due';
  // Who had to confirm and did not has to do something, whatever the provider calls it.
  const needsMethod = failure?.kind === 'hard' || status === 'requires_action';
  const next: Next =
    !unpaid || situation.paidByAnother || situation.hasNext
      ? { kind: 'none' }
      : whatNext(failingSince, needsMethod, now, schedule);
  return { kind: 'over', status: failed ? 'failed' : 'cancelled', failure, failingSince, next };
}

function whatNext(
  failingSince: Date,
  needsMethod: boolean,
  now: Date,
  schedule: DunningSchedule,
): Next {
  if (needsMethod) return { kind: 'method', pastDue: pastDueAt(failingSince, schedule) <= now };
  const at = nextRetry(failingSince, now, schedule);
  return at ? { kind: 'retry', at } : { kind: 'past-due' };
}

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

/** How long to leave alone what could not be sent or settled: 30 s, doubled up to an hour. */
export function backOffMs(tries: number): number {
  return Math.min(30 * SECOND_MS * 2 ** Math.min(Math.max(tries, 0), 10), HOUR_MS);
}
