import type { Jobs } from '../jobs/jobs.ts';
import type { AnyApp } from './parts.ts';

/** The jobs of a part and their queues, while the work goes on. */
export async function withJobs<T>(app: AnyApp, work: (jobs: Jobs) => Promise<T>): Promise<T> {
  const { jobs, queues } = await openJobsOf(app);
  try {
    return await work(jobs);
  } finally {
    await queues.close();
  }
}

async function openJobsOf(app: AnyApp) {
  if ('payments' in app) {
    const [{ openPaymentsJobs }, { createPaymentsQueues }] = await Promise.all([
      import('../jobs/payments-main.ts'),
      import('../payments-queues.ts'),
    ]);
    const queues = createPaymentsQueues(app);
    return { queues, jobs: openPaymentsJobs(app, queues) };
  }
  const [{ openJobs }, { createMainQueues }] = await Promise.all([
    import('../jobs/main.ts'),
    import('../main-queues.ts'),
  ]);
  const queues = createMainQueues(app);
  return { queues, jobs: openJobs(app, queues) };
}
