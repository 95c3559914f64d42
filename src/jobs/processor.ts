import type { App } from '../app.ts';
import type { mainJobs } from '../main-jobs.ts';
import type { Processor } from '../platform/jobs/definition.ts';

type MainJob = (typeof mainJobs)[number];

/** What does the job of this name. */
export type MainProcessor<Name extends MainJob['name']> = Processor<
  App,
  Extract<MainJob, { name: Name }>
>;
