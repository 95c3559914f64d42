import { paymentsJobs } from '../contexts/payments/jobs.ts';
import type { PaymentsApp } from '../payments-app.ts';
import { createPaymentsQueues } from '../payments-queues.ts';
import { createJobRuns } from '../platform/jobs/job-runs.ts';
import type { Queues } from '../platform/queue/queues.ts';
import { createJobs, type Jobs } from './jobs.ts';
import { paymentsProcessors } from './payments/registry.ts';
import { setUpJobs } from './setup.ts';
import type { JobWorker, WorkerOptions } from './worker.ts';

/**
 * Payments' jobs with what carries them out. Connects to nothing yet; close the queues when done.
 * @throws StewardError `invalid_jobs` when a definition or a processor is missing or wrong
 */
export function openPaymentsJobs(app: PaymentsApp, queues: Queues): Jobs {
  return createJobs(
    setUpJobs({
      app,
      jobs: paymentsJobs,
      processors: paymentsProcessors,
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
 * The jobs' half of `steward start payments`: takes payments' jobs until it is stopped.
 * @throws StewardError `invalid_jobs`, `queue_unavailable`, `redis_evicts`
 */
export async function startPaymentsWorker(
  app: PaymentsApp,
  options?: WorkerOptions,
): Promise<JobWorker> {
  const queues = createPaymentsQueues(app);
  try {
    const worker = await openPaymentsJobs(app, queues).startWorker(options);
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
