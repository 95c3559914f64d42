import type { App } from '../app.ts';
import type { Jobs } from '../jobs/jobs.ts';

/** The jobs of the main part and their queues, while the work goes on. */
export async function withJobs<T>(app: App, work: (jobs: Jobs) => Promise<T>): Promise<T> {
  const [{ openJobs }, { createMainQueues }] = await Promise.all([
    import('../jobs/main.ts'),
    import('../main-queues.ts'),
  ]);
  const queues = createMainQueues(app);
  try {
    return await work(openJobs(app, queues));
  } finally {
    await queues.close();
  }
}
