import type { Job, JobsOptions } from 'bullmq';
import { notFound } from '../errors.ts';
import {
  type AnyJob,
  isPeriodic,
  type JobDefinition,
  LANES,
  type Lane,
} from '../jobs/definition.ts';
import { nextDue } from '../jobs/schedule.ts';
import type { Logger } from '../log.ts';
import { createComplaints } from './complaints.ts';
import { type Engine, type Part, type QueueEngine, queueName } from './engine.ts';
import { createLanes } from './lanes.ts';
import { createPostgresEngine } from './postgres-engine.ts';
import { createRedisEngine } from './redis-engine.ts';
import { keepSchedules } from './schedules.ts';
import { createWaker } from './waker.ts';
import { type QueueWorkers, type RunJob, startWorkers, type WorkOptions } from './workers.ts';

export interface QueuesOptions {
  engine: QueueEngine;
  part: Part;
  /** All jobs of the part. */
  jobs: readonly AnyJob[];
  /** Business time zone of the schedules. */
  timeZone: string;
  log: Logger;
}

export interface AddOptions {
  /**
   * While a job with this key waits, another is not added; while one runs, one more is kept for
   * afterwards. So what the caller knows now is always seen by a run that starts later.
   */
  dedupeKey?: string;
  /** Not before so many milliseconds have passed. */
  delayMs?: number;
}

/** A job that used up its attempts. */
export interface FailedJob {
  /** For `retry`. */
  id: string;
  name: string;
  /** Kind and place of the failure; never values. */
  failure: string;
  attempts: number;
  failedAt: Date | null;
}

export type QueueCounts = Record<'waiting' | 'active' | 'delayed' | 'failed' | 'completed', number>;

/**
 * The one door to BullMQ, on PostgreSQL or on Redis. Nothing here is a fact: all of it may be lost,
 * and costs delay. Every method that needs the engine throws `queue_unavailable` (unavailable)
 * within seconds when it does not answer; the connection comes back by itself.
 */
export interface Queues {
  /** Whether the engine answers and may be used. @throws `queue_unavailable`, `redis_evicts`, `database_not_migrated` */
  check(): Promise<void>;
  /** Adds a job. @returns its id */
  add<Payload>(
    job: JobDefinition<string, Payload>,
    payload: Payload,
    options?: AddOptions,
  ): Promise<string>;
  /**
   * Adds a job as soon as may be, at most one per key and 50 ms; returns at once and never throws.
   * For waking only: a wake that is lost must cost nothing but delay.
   * @param payload what the first wake of the key gives holds for all
   */
  wake<Payload>(job: JobDefinition<string, Payload>, payload: Payload, key: string): void;
  /** Starts taking jobs. */
  work(run: RunJob, options: WorkOptions): Promise<QueueWorkers>;
  /** Makes the engine propose every scheduled job at its times; mends what got lost. */
  schedule(): Promise<void>;
  /** Newest first, over all lanes. */
  failed(limit: number): Promise<FailedJob[]>;
  /** Tries a failed job again. @throws `failed_job_not_found` */
  retry(id: string): Promise<void>;
  /** No worker anywhere takes further jobs until `resume`. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  isPaused(): Promise<boolean>;
  counts(): Promise<QueueCounts>;
  /** Closes the connections; stop the workers first. */
  close(): Promise<void>;
}

/** Ids and nothing else: a larger payload is a mistake. */
const MAX_PAYLOAD_BYTES = 2_048;
const DAY_S = 86_400;

/** Connects in the background; `check` tells whether it worked. */
export function createQueues(options: QueuesOptions): Queues {
  const { log } = options;
  const complaints = createComplaints(log, options.engine.kind);
  const engine = openEngine(options, complaints);
  const lanes = createLanes(engine, options.part, complaints);
  const names = Object.fromEntries(LANES.map((lane) => [lane, queueName(options.part, lane)]));

  const add: Queues['add'] = async (job, payload, addOptions = {}) => {
    const added = await lanes.call(job.lane, (queue) =>
      queue.add(job.name, payload, {
        ...jobOptions(job),
        delay: addOptions.delayMs,
        ...(addOptions.dedupeKey === undefined
          ? {}
          : { deduplication: { id: addOptions.dedupeKey, keepLastIfActive: true } }),
      }),
    );
    return publicId(job.lane, added);
  };

  const wakes = new Map<string, () => Promise<string>>();
  let closing: Promise<void> | undefined;
  const waker = createWaker((key) => wakes.get(key)?.() ?? Promise.resolve());

  return {
    check: () => engine.check(),
    add,
    wake: (job, payload, key) => {
      if (!wakes.has(key)) wakes.set(key, () => add(job, payload, { dedupeKey: key }));
      waker.wake(key);
    },
    work: (run, workOptions) => startWorkers(engine, names, run, workOptions, log),
    schedule: async () => {
      await lanes.each((queue, lane) =>
        keepSchedules(
          queue,
          options.jobs.filter((job) => job.lane === lane),
          options.timeZone,
          jobOptions,
        ),
      );
    },
    failed: async (limit) => {
      const found = await lanes.each(async (queue, lane) =>
        (await queue.getFailed(0, limit - 1)).map((job) => toFailed(lane, job)),
      );
      return found
        .flat()
        .sort((one, other) => (other.failedAt?.getTime() ?? 0) - (one.failedAt?.getTime() ?? 0))
        .slice(0, limit);
    },
    retry: async (id) => {
      const { lane, key } = splitId(id);
      await lanes.call(lane, async (queue) => {
        const job = await queue.getJob(key);
        if (!job || (await job.getState()) !== 'failed') throw notFound('failed_job', id);
        await job.retry('failed', { resetAttemptsMade: true });
      });
    },
    pause: async () => void (await lanes.each((queue) => queue.pause())),
    resume: async () => void (await lanes.each((queue) => queue.resume())),
    isPaused: async () => (await lanes.each((queue) => queue.isPaused())).some(Boolean),
    counts: async () => sum(await lanes.each((queue) => queue.getJobCounts(...COUNTED))),
    close: () => {
      closing ??= waker
        .close()
        .then(() => lanes.close())
        .then(() => engine.close());
      return closing;
    },
  };
}

function openEngine(
  options: QueuesOptions,
  complaints: ReturnType<typeof createComplaints>,
): Engine {
  const context = {
    log: options.log,
    onError: complaints.failed,
    onWorking: complaints.worked,
    // BullMQ would ask cron-parser, which fails where clocks change by half an hour.
    repeatStrategy: (millis: number, _repeat: unknown, name?: string) => {
      const job = options.jobs.find((one) => one.name === name);
      if (!job || !isPeriodic(job)) return undefined;
      return nextDue(job.schedule, options.timeZone, new Date(millis))?.dueAt.getTime();
    },
  };
  return options.engine.kind === 'redis'
    ? createRedisEngine(options.engine, context)
    : createPostgresEngine(options.engine, context);
}

/** What each job of this definition carries. Finished ones are kept for looking, within bounds. */
function jobOptions(job: AnyJob): JobsOptions {
  const often = job.lane === 'fast';
  return {
    attempts: job.attempts,
    backoff: { type: job.backoff.kind, delay: job.backoff.delayMs },
    removeOnComplete: often ? { count: 50 } : { age: DAY_S, count: 1_000 },
    removeOnFail: { age: 14 * DAY_S, count: 1_000 },
    sizeLimit: MAX_PAYLOAD_BYTES,
    stackTraceLimit: 1,
  };
}

const COUNTED = ['waiting', 'active', 'delayed', 'failed', 'completed'] as const;

function sum(lanes: readonly Record<string, number>[]): QueueCounts {
  const total = (state: string) => lanes.reduce((all, counts) => all + (counts[state] ?? 0), 0);
  return {
    waiting: total('waiting'),
    active: total('active'),
    delayed: total('delayed'),
    failed: total('failed'),
    completed: total('completed'),
  };
}

/** BullMQ counts in each queue anew: the lane makes the id unique. */
function publicId(lane: Lane, job: Pick<Job, 'id'>): string {
  return `${lane}:${job.id}`;
}

function splitId(id: string): { lane: Lane; key: string } {
  const colon = id.indexOf(':');
  const lane = LANES.find((one) => one === id.slice(0, colon));
  if (!lane) throw notFound('failed_job', id);
  return { lane, key: id.slice(colon + 1) };
}

function toFailed(lane: Lane, job: Job): FailedJob {
  return {
    id: publicId(lane, job),
    name: job.name,
    failure: job.failedReason ?? '',
    attempts: job.attemptsMade,
    failedAt: job.finishedOn === undefined ? null : new Date(job.finishedOn),
  };
}
