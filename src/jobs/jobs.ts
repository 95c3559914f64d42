import { notFound } from '../platform/errors.ts';
import { type AnyJob, isPeriodic, type Schedule } from '../platform/jobs/definition.ts';
import type { JobRunRow } from '../platform/jobs/job-runs.ts';
import { nextDue } from '../platform/jobs/schedule.ts';
import type { FailedJob, QueueCounts } from '../platform/queue/queues.ts';
import { findJob, type JobReport, type RunRequest, runJob } from './run-job.ts';
import type { JobsSetup } from './setup.ts';
import { type JobWorker, startWorker, type WorkerOptions } from './worker.ts';

/** One line of `steward jobs list`. */
export interface JobListing {
  name: string;
  description: string;
  /** For people: `0 3 * * * (each day, in order)`, `every 3 s`, `on demand`. */
  schedule: string;
  attempts: number;
  timeLimitMs: number;
}

/** One line of `steward jobs schedules`. */
export interface ScheduleListing {
  name: string;
  schedule: string;
  /** The next period and when it falls due; null for jobs that run at an interval. */
  next: { period: string; at: Date } | null;
  /** The newest booked run; null where there is none, and for jobs without periods. */
  last: JobRunRow | null;
}

/** A failed job, or a failed period: whatever `retry` can try again. */
export interface FailedListing extends FailedJob {
  period: string | null;
}

/** What people and cron do with jobs. */
export interface Jobs {
  list(): JobListing[];
  /** Runs a job in this process. @throws as `runJob` */
  run(name: string, request?: RunRequest): Promise<JobReport>;
  /** What used up its attempts, newest first. @throws `queue_unavailable`, `database_unavailable` */
  failed(limit: number): Promise<FailedListing[]>;
  /**
   * Tries again: a period in this process (the report is returned), any other job by a worker
   * (null is returned).
   * @param id from `failed`
   * @throws `failed_job_not_found`, and as `runJob`
   */
  retry(id: string): Promise<JobReport | null>;
  /** No worker anywhere takes jobs until `resume`. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  queue(): Promise<QueueCounts & { paused: boolean }>;
  /** @param name only of this job. @throws `job_not_found` */
  schedules(name?: string): Promise<ScheduleListing[]>;
  /** Jobs that have a schedule, for printing what cron needs. */
  scheduled(): (AnyJob & { schedule: Schedule })[];
  startWorker(options?: WorkerOptions): Promise<JobWorker>;
}

/** The jobs of one part. */
export function createJobs<App>(setup: JobsSetup<App>): Jobs {
  const { jobs, queues, runs } = setup;
  const scheduled = () => jobs.filter((job) => hasSchedule(job));
  return {
    list: () =>
      jobs.map((job) => ({
        name: job.name,
        description: job.description,
        schedule: describeSchedule(job.schedule),
        attempts: job.attempts,
        timeLimitMs: job.timeLimitMs,
      })),
    run: (name, request) => runJob(setup, name, request),
    failed: (limit) => listFailed(setup, limit),
    retry: async (id) => {
      const { job, period } = splitPeriodId(id);
      if (period === undefined) {
        await queues.retry(id);
        return null;
      }
      const known = await runs.list({ job, status: 'failed', limit: 1_000 });
      if (!known.some((row) => row.period === period)) throw notFound('failed_job', id);
      return runJob(setup, job, { period });
    },
    pause: () => queues.pause(),
    resume: () => queues.resume(),
    queue: async () => ({ ...(await queues.counts()), paused: await queues.isPaused() }),
    schedules: async (name) => {
      const shown = name === undefined ? scheduled() : [findJob(jobs, name)];
      const newest = await runs.newest();
      return shown.map((job) => ({
        name: job.name,
        schedule: describeSchedule(job.schedule),
        next: nextOf(setup, job),
        last: newest.find((row) => row.job === job.name) ?? null,
      }));
    },
    scheduled,
    startWorker: (options) => startWorker(setup, options),
  };
}

function hasSchedule(job: AnyJob): job is AnyJob & { schedule: Schedule } {
  return job.schedule !== undefined;
}

/** A schedule in a few words. */
export function describeSchedule(schedule: Schedule | undefined): string {
  if (schedule === undefined) return 'on demand';
  if ('everyMs' in schedule) return `every ${schedule.everyMs / 1_000} s`;
  const { cron, period, catchUp, inOrder } = schedule;
  const which = catchUp === 'each' ? `each ${period}` : `the newest ${period}`;
  return `${cron} (${which}${inOrder ? ', in order' : ''})`;
}

function nextOf<App>(setup: JobsSetup<App>, job: AnyJob): ScheduleListing['next'] {
  if (!isPeriodic(job)) return null;
  const next = nextDue(job.schedule, setup.timeZone, setup.clock.now());
  return next ? { period: next.key, at: next.dueAt } : null;
}

/** Periods are listed from their rows: the queue's jobs that proposed them tell less. */
async function listFailed<App>(setup: JobsSetup<App>, limit: number): Promise<FailedListing[]> {
  const periodicNames = new Set(setup.jobs.filter(isPeriodic).map((job) => job.name));
  const queued = (await setup.queues.failed(limit))
    .filter((job) => !periodicNames.has(job.name))
    .map((job) => ({ ...job, period: null }));
  const newest = await setup.runs.newest();
  const rows = await setup.runs.list({ status: 'failed', limit });
  const periods = rows
    .filter((row) => stillMatters(setup.jobs, newest, row))
    .map((row) => ({
      id: `${row.job}@${row.period}`,
      name: row.job,
      period: row.period,
      failure: row.error ?? '',
      attempts: row.attempt,
      failedAt: row.finishedAt,
    }));
  return [...queued, ...periods]
    .sort((one, other) => (other.failedAt?.getTime() ?? 0) - (one.failedAt?.getTime() ?? 0))
    .slice(0, limit);
}

/** Where only the newest period matters, an older failure has been made up for. */
function stillMatters(
  jobs: readonly AnyJob[],
  newest: readonly JobRunRow[],
  row: JobRunRow,
): boolean {
  const job = jobs.find((one) => one.name === row.job);
  if (!job || !isPeriodic(job)) return false;
  if (job.schedule.catchUp === 'each') return true;
  return newest.some((one) => one.job === row.job && one.period === row.period);
}

function splitPeriodId(id: string): { job: string; period: string | undefined } {
  const at = id.indexOf('@');
  return at < 0
    ? { job: id, period: undefined }
    : { job: id.slice(0, at), period: id.slice(at + 1) };
}
