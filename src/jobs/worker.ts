import { setTimeout as sleep } from 'node:timers/promises';
import { type AnyJob, isPeriodic } from '../platform/jobs/definition.ts';
import { isUnattended, runDue } from '../platform/jobs/run-period.ts';
import type { QueuedJob, WorkOptions } from '../platform/queue/workers.ts';
import { findJob, periodic, runPlain } from './run-job.ts';
import type { JobsSetup } from './setup.ts';

export interface WorkerOptions extends Partial<WorkOptions> {
  /** How often lost schedules and forgotten periods are looked for. Default 30 s. */
  keepMs?: number;
}

export interface JobWorker {
  /**
   * Takes no more jobs, waits for those that run, tells them to stop after `limitMs` (default
   * 20 s), and gives back what did not end. Nothing is left half done or stalled.
   */
  stop(limitMs?: number): Promise<void>;
}

/** Wakes are short and many, work is long and few; each holds at most one database connection. */
const CONCURRENCY = { fast: 4, work: 4 };
const KEEP_MS = 30_000;
/** Less than the half minute after which most supervisors kill. */
const STOP_LIMIT_MS = 20_000;

/**
 * Starts to take jobs, registers the schedules, and catches up with what fell due meanwhile.
 * Any number of processes may do so.
 * @throws StewardError `queue_unavailable`, `redis_evicts`, `database_not_migrated`
 */
export async function startWorker<App>(
  setup: JobsSetup<App>,
  options: WorkerOptions = {},
): Promise<JobWorker> {
  const { queues, log } = setup;
  await queues.check();
  const workers = await queues.work((job, signal) => runQueued(setup, job, signal), {
    concurrency: options.concurrency ?? CONCURRENCY,
    locks: options.locks,
  });
  const stopping = new AbortController();
  const keeping = keep(setup, options.keepMs ?? KEEP_MS, stopping.signal);
  log.info({ jobs: setup.jobs.length, timeZone: setup.timeZone }, 'the worker takes jobs');
  return {
    stop: async (limitMs = STOP_LIMIT_MS) => {
      stopping.abort();
      await Promise.all([keeping, workers.stop(limitMs)]);
    },
  };
}

/**
 * The scheduler only proposes; this proposes too, from the rows. It brings back what a scheduler
 * forgot, a period whose worker died, and whatever fell due while no worker ran.
 */
async function keep<App>(
  setup: JobsSetup<App>,
  everyMs: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await setup.queues.schedule();
      for (const job of setup.jobs.filter(isPeriodic)) await propose(setup, job);
    } catch (error) {
      // The queue complains by itself; the database is away or slow. The next round tries again.
      setup.log.debug({ err: error }, 'the schedules could not be looked after');
    }
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

async function propose<App>(
  setup: JobsSetup<App>,
  job: Parameters<typeof periodic>[1],
): Promise<void> {
  const { runs, timeZone, clock, queues } = setup;
  const question = { runs, job: job.name, schedule: job.schedule, timeZone, now: clock.now() };
  if (await isUnattended(question)) {
    await queues.add(job satisfies AnyJob, {}, { dedupeKey: `due ${job.name}` });
  }
}

async function runQueued<App>(
  setup: JobsSetup<App>,
  queued: QueuedJob,
  signal: AbortSignal,
): Promise<void> {
  const job = findJob(setup.jobs, queued.name);
  if (!isPeriodic(job)) {
    await runPlain(setup, job, queued.payload, signal);
    return;
  }
  const { run, work } = periodic(setup, job, signal);
  const outcomes = await runDue(run, work);
  const failed = outcomes.flatMap(({ period, outcome }) =>
    outcome.outcome === 'failed' ? [`${period}: ${outcome.error}`] : [],
  );
  if (failed.length > 0) throw new Error(failed.join('; '));
}
