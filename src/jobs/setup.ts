import type { Clock } from '../platform/clock.ts';
import type { Ids } from '../platform/ids.ts';
import { checkJobs } from '../platform/jobs/check-jobs.ts';
import type { AnyJob, Processors } from '../platform/jobs/definition.ts';
import type { JobRuns } from '../platform/jobs/job-runs.ts';
import type { Period } from '../platform/jobs/period.ts';
import type { Logger } from '../platform/log.ts';
import type { Queues } from '../platform/queue/queues.ts';

/** What jobs of one part are made of. */
export interface JobsParts<App, Jobs extends readonly AnyJob[]> {
  app: App;
  jobs: Jobs;
  processors: Processors<App, Jobs>;
  /** The book in the database that owns what the jobs change. */
  runs: JobRuns;
  queues: Queues;
  clock: Clock;
  ids: Ids;
  /** Business time zone. */
  timeZone: string;
  log: Logger;
  /** How long a period stays with a worker that gives no sign of life; default one minute. */
  leaseMs?: number;
}

/** A processor once its job has been found by name: its payload was checked by the job's schema. */
type AnyProcessor<App> = (
  app: App,
  run: { payload: unknown; period?: Period; signal: AbortSignal },
) => Promise<unknown>;

/** The same, with each job's processor at hand. */
export interface JobsSetup<App> extends Omit<JobsParts<App, readonly AnyJob[]>, 'processors'> {
  process(job: AnyJob): AnyProcessor<App>;
}

/**
 * Joins jobs and processors.
 * @throws StewardError `invalid_jobs` with every gap
 */
export function setUpJobs<App, const Jobs extends readonly AnyJob[]>(
  parts: JobsParts<App, Jobs>,
): JobsSetup<App> {
  const processors: Readonly<Record<string, unknown>> = parts.processors;
  checkJobs(parts.jobs, processors);
  // The types of a processor and of its job fit by `Processors`; by a name at run time the compiler
  // cannot know that.
  return { ...parts, process: (job) => processors[job.name] as AnyProcessor<App> };
}
