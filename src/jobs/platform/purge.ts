import { createJobRuns } from '../../platform/jobs/job-runs.ts';
import type { MainProcessor } from '../processor.ts';

const DAY_MS = 86_400_000;

export const purge: MainProcessor<'platform.purge'> = async (app) => {
  const before = new Date(app.clock.now().getTime() - app.rules.server.jobRunsDays * DAY_MS);
  return {
    idempotencyKeys: await app.orders.orders.purge(),
    jobRuns: await createJobRuns(app.db.$pickTables<'platform.job_runs'>()).purge(before),
  };
};
