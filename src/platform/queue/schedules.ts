import type { JobsOptions, RepeatOptions } from 'bullmq';
import { type AnyJob, isPeriodic } from '../jobs/definition.ts';
import type { AnyQueue } from './engine.ts';

/** A schedule whose next moment is past by so much has lost the job that would have carried it on. */
const BROKEN_AFTER_MS = 60_000;

/**
 * Gives the queue exactly the schedules of these jobs. One that stands as it should is left alone,
 * so this can be called every minute; one that Redis lost is made again.
 */
export async function keepSchedules(
  queue: AnyQueue,
  jobs: readonly AnyJob[],
  timeZone: string,
  optionsOf: (job: AnyJob) => JobsOptions,
): Promise<void> {
  const standing = new Map((await queue.getJobSchedulers()).map((one) => [one.key, one]));
  for (const job of jobs) {
    const repeat = repeatOf(job, timeZone);
    if (!repeat) continue;
    const found = standing.get(job.name);
    standing.delete(job.name);
    const same =
      found?.pattern === repeat.pattern && found?.every === repeat.every && found?.tz === repeat.tz;
    const broken = (found?.next ?? 0) < Date.now() - BROKEN_AFTER_MS;
    if (same && !broken) continue;
    const { sizeLimit: _notForTemplates, ...opts } = optionsOf(job);
    await queue.upsertJobScheduler(job.name, repeat, { name: job.name, data: {}, opts });
  }
  // Left over from an older version, or from before a job lost its schedule.
  for (const key of standing.keys()) await queue.removeJobScheduler(key);
}

function repeatOf(job: AnyJob, timeZone: string): Omit<RepeatOptions, 'key'> | undefined {
  if (job.schedule === undefined) return undefined;
  if (isPeriodic(job)) return { pattern: job.schedule.cron, tz: timeZone };
  return 'everyMs' in job.schedule ? { every: job.schedule.everyMs } : undefined;
}
