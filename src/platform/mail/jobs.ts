import { z } from 'zod';
import { defineJob } from '../jobs/definition.ts';

/** Sends what waits in the outbox; added on demand too. */
export const sendMailJob = defineJob({
  name: 'mail.send',
  description: 'Sends the mails that wait in the outbox',
  payload: z.object({}),
  timeLimitMs: 5 * 60_000,
  attempts: 1,
  schedule: { everyMs: 5_000 },
});

export const mailJobs = [sendMailJob] as const;
