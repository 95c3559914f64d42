import type { Job, Queue, RepeatStrategy, Worker } from 'bullmq';
import type { Lane } from '../jobs/definition.ts';
import type { Logger } from '../log.ts';

/** Where the queues are kept. */
export type QueueEngine =
  /** BullMQ's own schema in this database; `role` is the service role to act as. */
  { kind: 'postgres'; url: string; role?: string } | { kind: 'redis'; url: string };

/** Which part's queues: two parts on one Redis must not take each other's jobs. */
export const PARTS = ['main', 'payments'] as const;
export type Part = (typeof PARTS)[number];

/** BullMQ's name of a lane's queue. */
export function queueName(part: Part, lane: Lane): string {
  return `${part}-${lane}`;
}

/** What is used of a queue, whichever engine it is on. */
export type AnyQueue = Pick<
  Queue,
  | 'add'
  | 'close'
  | 'getFailed'
  | 'getJob'
  | 'getJobCounts'
  | 'getJobSchedulers'
  | 'isPaused'
  | 'pause'
  | 'removeJobScheduler'
  | 'resume'
  | 'upsertJobScheduler'
>;
/** What is used of a worker. */
export type AnyWorker = Pick<Worker, 'close'>;

/** How BullMQ treats jobs whose worker went away; shorter in tests. */
export interface LockTimes {
  /** A job whose worker gives no sign of life for so long is given to another. */
  lockMs: number;
  /** How often that is looked for. */
  stalledCheckMs: number;
}

/** Shared by the workers and queues of one process. */
export interface EngineContext {
  log: Logger;
  /** Called for each error of a connection; the engine reconnects by itself. */
  onError: (error: unknown) => void;
  /** Called when a connection works (again). */
  onWorking: () => void;
  /** When a job of this name is due next, given the moment in milliseconds. */
  repeatStrategy: RepeatStrategy;
}

/** What a worker of one lane does. */
export interface LaneWork {
  process: (job: Job<unknown>, token?: string) => Promise<unknown>;
  concurrency: number;
  locks: LockTimes;
}

/** One of the two places that BullMQ can keep its queues in, as far as they differ. */
export interface Engine {
  /**
   * Refuses what cannot work.
   * @throws StewardError `queue_unavailable`, or one that names the setting to change
   */
  check(): Promise<void>;
  /** The same where it costs nothing: called before each use of a queue. */
  available(): Promise<void>;
  /** A queue whose connection is known to work. @throws StewardError `queue_unavailable` */
  openQueue(name: string): Promise<AnyQueue>;
  /** A worker whose connection is known to work. @throws StewardError `queue_unavailable` */
  openWorker(name: string, work: LaneWork): Promise<AnyWorker>;
  /** Closes the connections; queues and workers are closed before. */
  close(): Promise<void>;
}

/** Options that are the same for both engines. */
export function workerOptions({ concurrency, locks }: LaneWork, repeatStrategy: RepeatStrategy) {
  return {
    concurrency,
    lockDuration: locks.lockMs,
    stalledInterval: locks.stalledCheckMs,
    // A job is taken up again however often its worker died: it is idempotent, and giving up
    // would leave its deduplication key behind.
    maxStalledCount: 1_000,
    // After a lost connection; the default of 15 s is an age for a wake.
    runRetryDelay: 1_000,
    settings: { repeatStrategy },
  };
}

/** Nobody reads BullMQ's event stream here; a few are kept for whoever looks into it. */
export const QUEUE_OPTIONS = { streams: { events: { maxLen: 1_000 } } };
