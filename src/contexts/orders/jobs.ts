import { z } from 'zod';
import { defineJob } from '../../platform/jobs/definition.ts';

const nothing = z.strictObject({});
const MINUTE_MS = 60_000;

/** Jobs of order execution. */
export const ordersJobs = [
  defineJob({
    name: 'orders.fail-no-shows',
    description: 'Fails orders that nobody checked in to in time (R-08)',
    payload: nothing,
    timeLimitMs: 5 * MINUTE_MS,
    schedule: { cron: '* * * * *', period: 'minute', catchUp: 'latest' },
  }),
  defineJob({
    name: 'orders.attend-cookies',
    description: 'Orders fortune cookies and asks after them (R-05)',
    payload: nothing,
    timeLimitMs: 2 * MINUTE_MS,
    schedule: { everyMs: 10_000 },
  }),
] as const;
