import { z } from 'zod';
import { defineJob } from '../../platform/jobs/definition.ts';

const nothing = z.strictObject({});
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/**
 * Jobs of payments, in queues and with a book of their own. The ones that decide about money have
 * periods; those that look for what is open anyway run at an interval.
 */
export const paymentsJobs = [
  defineJob({
    name: 'payments.read-stream',
    description: 'Books orders that have ended (R-20, R-21, R-23)',
    payload: nothing,
    timeLimitMs: 10 * MINUTE_MS,
    attempts: 1,
    lane: 'fast',
    // Payments is not woken: orders know nothing of it. An idle look costs one query.
    schedule: { everyMs: 2 * SECOND_MS },
  }),
  defineJob({
    name: 'payments.issue-invoices',
    description: 'Issues the invoices of the week, if nothing speaks against it (R-22)',
    payload: nothing,
    timeLimitMs: 30 * MINUTE_MS,
    // After payments.invoices.closesAt, with time for the stream to be read.
    schedule: { cron: '0 20 * * 0', period: 'week', catchUp: 'each', inOrder: true },
  }),
  defineJob({
    name: 'payments.charge-invoices',
    description: 'Sends charges and refunds that are due, and asks after those in doubt (R-27)',
    payload: nothing,
    timeLimitMs: 30 * MINUTE_MS,
    // Looks at what is due by itself; an hour would do, but a customer who has just given a payment
    // method should not wait for one.
    schedule: { everyMs: MINUTE_MS },
  }),
  defineJob({
    name: 'payments.pay-workers',
    description: 'Commits and sends the payouts of the month, if nothing speaks against it (R-23)',
    payload: nothing,
    timeLimitMs: 60 * MINUTE_MS,
    schedule: { cron: '0 20 L * *', period: 'month', catchUp: 'each', inOrder: true },
  }),
  defineJob({
    name: 'payments.settle-payouts',
    description: 'Asks after payouts in doubt, and sends what earlier months have left',
    payload: nothing,
    timeLimitMs: 30 * MINUTE_MS,
    schedule: { everyMs: 10 * MINUTE_MS },
  }),
  defineJob({
    name: 'payments.process-events',
    description: 'Looks at what the payment provider has told of',
    payload: nothing,
    timeLimitMs: 10 * MINUTE_MS,
    attempts: 1,
    lane: 'fast',
    schedule: { everyMs: 3 * SECOND_MS },
  }),
  defineJob({
    name: 'payments.poll-events',
    description: 'Finds what the payment provider has told of by no webhook',
    payload: nothing,
    timeLimitMs: 10 * MINUTE_MS,
    // One request; the sandbox tells by no other way.
    schedule: { everyMs: MINUTE_MS },
  }),
  defineJob({
    name: 'payments.prove',
    description: 'Proves that the money is right; a red proof stops the next run (R-26)',
    payload: nothing,
    timeLimitMs: 60 * MINUTE_MS,
    schedule: { cron: '0 4 * * *', period: 'day', catchUp: 'latest' },
  }),
  defineJob({
    name: 'payments.reconcile',
    description: "Compares the ledger with the provider's balance",
    payload: nothing,
    timeLimitMs: 60 * MINUTE_MS,
    schedule: { cron: '30 4 * * *', period: 'day', catchUp: 'latest' },
  }),
  defineJob({
    name: 'payments.send-mail',
    description: 'Sends the mails about money that wait in the outbox (R-80)',
    payload: nothing,
    timeLimitMs: 5 * MINUTE_MS,
    attempts: 1,
    schedule: { everyMs: 5 * SECOND_MS },
  }),
  defineJob({
    name: 'payments.purge',
    description: 'Empties old webhooks and deletes old job runs',
    payload: nothing,
    timeLimitMs: 30 * MINUTE_MS,
    schedule: { cron: '45 3 * * *', period: 'day', catchUp: 'latest' },
  }),
] as const;
