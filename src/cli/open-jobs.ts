import type { App } from '../app.ts';
import type { JobsSetup } from '../jobs/setup.ts';
import type { JobRuns } from '../platform/jobs/job-runs.ts';
import type { Queues } from '../platform/queue/queues.ts';

/** The book of runs. */
export async function openJobRuns(app: App): Promise<JobRuns> {
  const { createJobRuns } = await import('../platform/jobs/job-runs.ts');
  return createJobRuns(app.db.$pickTables<'platform.job_runs'>());
}

/** The queues, while the work goes on. */
export async function withQueues<T>(app: App, work: (queues: Queues) => Promise<T>): Promise<T> {
  const { createMainQueues } = await import('../main-queues.ts');
  const queues = createMainQueues(app);
  try {
    return await work(queues);
  } finally {
    await queues.close();
  }
}

/** Jobs with what carries them out. */
export async function openJobs(app: App, queues: Queues): Promise<JobsSetup<App>> {
  const [{ setUpJobs }, { mainJobs }, { mainProcessors }] = await Promise.all([
    import('../jobs/setup.ts'),
    import('../main-jobs.ts'),
    import('../jobs/registry.ts'),
  ]);
  const { clock, ids, log } = app;
  return setUpJobs({
    app,
    jobs: mainJobs,
    processors: mainProcessors,
    runs: await openJobRuns(app),
    queues,
    clock,
    ids,
    timeZone: app.config.timeZone,
    log,
  });
}
