import { z } from 'zod';
import { defineJob } from '../platform/jobs/definition.ts';

/** A backlog of a day is read in one go; who is still at it then goes on with the next wake. */
const READING_LIMIT_MS = 10 * 60_000;

/** The net under all wakes: whatever got lost, nobody sleeps for longer than this. */
export const wakeStreamJob = defineJob({
  name: 'stream.wake',
  description: 'Wakes every consumer of the order stream',
  payload: z.object({}),
  timeLimitMs: READING_LIMIT_MS,
  attempts: 1,
  lane: 'fast',
  schedule: { everyMs: 3_000 },
});

/** Says "there is something to read"; added after commits. */
export const consumeStreamJob = defineJob({
  name: 'stream.consume',
  description: 'Lets one consumer read the order stream to its end',
  payload: z.object({ consumer: z.string() }),
  timeLimitMs: READING_LIMIT_MS,
  attempts: 1,
  lane: 'fast',
});

export const streamJobs = [wakeStreamJob, consumeStreamJob] as const;
