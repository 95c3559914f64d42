import { type Issue, invalid } from '../errors.ts';
import { type AnyJob, isPeriodic } from './definition.ts';
import { cronFault } from './schedule.ts';

/** A worker that wakes more often does nothing else. */
const LEAST_INTERVAL_MS = 100;
const NAME = /^[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*$/;

/**
 * Refuses to start with jobs that could not be run as they are defined.
 * @param processors by name of the job
 * @throws StewardError `invalid_jobs` with every fault
 */
export function checkJobs(jobs: readonly AnyJob[], processors: Readonly<Record<string, unknown>>) {
  const names = jobs.map((job) => job.name);
  const issues: Issue[] = jobs.flatMap((job) =>
    faultsOf(job, typeof processors[job.name] === 'function').map((message) => ({
      path: job.name,
      message,
    })),
  );
  for (const name of new Set(names.filter((name, index) => names.indexOf(name) !== index))) {
    issues.push({ path: name, message: 'two jobs have this name' });
  }
  for (const name of Object.keys(processors).filter((one) => !names.includes(one))) {
    issues.push({ path: name, message: 'there is a processor, but no job of this name' });
  }
  if (issues.length === 0) return;
  const list = issues.map((issue) => `  ${issue.path}: ${issue.message}`).join('\n');
  throw invalid(`The jobs are not complete:\n${list}`, issues, 'invalid_jobs');
}

function faultsOf(job: AnyJob, hasProcessor: boolean): string[] {
  const faults: string[] = [];
  const expect = (holds: boolean, message: string) => {
    if (!holds) faults.push(message);
  };
  expect(hasProcessor, 'no processor does it');
  expect(NAME.test(job.name), 'the name is not written as context.verb-noun');
  expect(job.attempts >= 1, 'it is never attempted');
  expect(job.timeLimitMs > 0, 'it has no time');
  if (job.schedule === undefined) return faults;
  expect(
    job.payload.safeParse({}).success,
    'a scheduled job has no payload, but this one needs one',
  );
  if (isPeriodic(job)) {
    const fault = cronFault(job.schedule.cron);
    if (fault) faults.push(fault);
    expect(
      !job.schedule.inOrder || job.schedule.catchUp === 'each',
      'only a job that runs each period can run them in order',
    );
  } else if ('everyMs' in job.schedule) {
    expect(
      job.schedule.everyMs >= LEAST_INTERVAL_MS,
      `it runs more often than every ${LEAST_INTERVAL_MS} ms`,
    );
  }
  return faults;
}
