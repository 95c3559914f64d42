import { type Job, UnrecoverableError, WaitingError } from 'bullmq';
import { StewardError } from '../errors.ts';
import type { Lane } from '../jobs/definition.ts';
import { describeFailure } from '../jobs/failure.ts';
import { JobStopped } from '../jobs/limits.ts';
import type { Logger } from '../log.ts';
import type { AnyWorker, Engine, LockTimes } from './engine.ts';

/** A job as it comes out of a queue; its payload is still to be checked. */
export interface QueuedJob {
  name: string;
  payload: unknown;
  /** 1 for the first try. */
  attempt: number;
}

/** Does one job. Told to stop by the signal when the process ends. */
export type RunJob = (job: QueuedJob, signal: AbortSignal) => Promise<unknown>;

export interface WorkOptions {
  /** Jobs at once, per lane. */
  concurrency: Readonly<Record<Lane, number>>;
  /** Default: 30 s each. */
  locks?: LockTimes;
}

/** Running workers. */
export interface QueueWorkers {
  /**
   * Takes no more jobs and waits for those that run. After `limitMs` they are told to stop and
   * are given back to the queue, so that another process takes them at once.
   */
  stop(limitMs: number): Promise<void>;
}

const DEFAULT_LOCKS: LockTimes = { lockMs: 30_000, stalledCheckMs: 30_000 };
/** After jobs were told to stop: long enough to give them back, if the queue still answers. */
const GIVE_BACK_MS = 3_000;

/** Opens the lanes' workers. @throws StewardError `queue_unavailable` when the engine is away */
export async function startWorkers(
  engine: Engine,
  queueNames: Readonly<Record<string, string>>,
  run: RunJob,
  options: WorkOptions,
  log: Logger,
): Promise<QueueWorkers> {
  const stopping = new AbortController();
  const process = (job: Job<unknown>, token?: string) =>
    runOne(job, token, run, stopping.signal, log);
  const workers: AnyWorker[] = [];
  for (const [lane, name] of Object.entries(queueNames)) {
    workers.push(
      await engine.openWorker(name, {
        process,
        concurrency: options.concurrency[lane as Lane],
        locks: options.locks ?? DEFAULT_LOCKS,
      }),
    );
  }
  return {
    stop: async (limitMs) => {
      const closed = Promise.all(workers.map((worker) => worker.close())).catch((error: unknown) =>
        log.warn({ err: error }, 'a job worker did not close cleanly'),
      );
      if (await settlesWithin(closed, limitMs)) return;
      stopping.abort(new JobStopped('the process ends'));
      await settlesWithin(closed, GIVE_BACK_MS);
    },
  };
}

/**
 * The queue keeps what this throws: only a description without values. A job that was stopped
 * goes back as if it had not been tried.
 */
async function runOne(
  job: Job<unknown>,
  token: string | undefined,
  run: RunJob,
  stopping: AbortSignal,
  log: Logger,
): Promise<void> {
  try {
    await run({ name: job.name, payload: job.data, attempt: job.attemptsMade + 1 }, stopping);
  } catch (error) {
    if (stopping.aborted) {
      await job.moveToWait(token);
      throw new WaitingError();
    }
    const reason = describeFailure(error);
    log.warn(
      { job: job.name, jobId: job.id, attempt: job.attemptsMade + 1, failure: reason },
      'a job failed',
    );
    const hopeless = error instanceof StewardError && error.kind === 'invalid';
    const kept = hopeless ? new UnrecoverableError(reason) : new Error(reason);
    kept.stack = reason;
    throw kept;
  }
}

/** Whether the promise settles in time. */
async function settlesWithin(promise: Promise<unknown>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
  }
}
