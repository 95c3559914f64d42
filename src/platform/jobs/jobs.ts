import { z } from 'zod';
import { defineJob } from './definition.ts';

/** Deletes what is kept for a while only: idempotency keys and old job runs. */
export const purgeJob = defineJob({
  name: 'platform.purge',
  description: 'Deletes old idempotency keys and old job runs',
  payload: z.object({}),
  timeLimitMs: 30 * 60_000,
  schedule: { cron: '30 3 * * *', period: 'day', catchUp: 'latest' },
});

export const platformJobs = [purgeJob] as const;
