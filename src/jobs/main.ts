import type { App } from '../app.ts';
import { mainJobs } from '../main-jobs.ts';
import { createMainQueues, wakeAfterCommits } from '../main-queues.ts';
import { createJobRuns } from '../platform/jobs/job-runs.ts';
import type { Queues } from '../platform/queue/queues.ts';
import { createJobs, type Jobs } from './jobs.ts';
import { mainProcessors } from './registry.ts';
import { setUpJobs } from './setup.ts';
import type { JobWorker, WorkerOptions } from './worker.ts';

/**
 * The main part's jobs with what carries them out. Connects to nothing yet; close the queues when
 * done.
 * @throws StewardError `invalid_jobs` when a definition or a processor is missing or wrong
 */
export function openJobs(app: App, queues: Queues): Jobs {
  return createJobs(
    setUpJobs({
      app,
      jobs: mainJobs,
      processors: mainProcessors,
      runs: createJobRuns(app.db.$pickTables<'platform.job_runs'>()),
      queues,
      clock: app.clock,
      ids: app.ids,
      timeZone: app.config.timeZone,
      log: app.log,
    }),
  );
}

/**
 * `steward start worker`: takes jobs until it is stopped. What its own jobs commit wakes the
 * consumers of the stream too.
 * @throws StewardError `invalid_jobs`, `queue_unavailable`, `redis_evicts`, `database_not_migrated`
 */
export async function startMainWorker(app: App, options?: WorkerOptions): Promise<JobWorker> {
  const queues = createMainQueues(app);
  try {
    wakeAfterCommits(app, queues);
    const worker = await openJobs(app, queues).startWorker(options);
    return {
      stop: async (limitMs) => {
        await worker.stop(limitMs);
        await queues.close();
      },
    };
  } catch (error) {
    await queues.close();
    throw error;
  }
}
