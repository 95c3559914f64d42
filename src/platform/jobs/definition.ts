import type { z } from 'zod';
import type { Period, PeriodKind } from './period.ts';

/**
 * Runs at the moments of a cron expression in the business time zone. Whether a period still has
 * to be done is decided by its row in `job_runs`, so each period takes effect once.
 */
export interface CronSchedule {
  /** Five fields (minute hour day month weekday), `L` for the last day of the month allowed. */
  cron: string;
  /** What one run stands for. A period in which the expression fires twice is run once. */
  period: PeriodKind;
  /**
   * `each`: periods that were missed are run too, oldest first (bounded, see `CATCH_UP_DAYS`);
   * `latest`: only the newest one matters, as where a run looks at all that is open anyway.
   */
  catchUp: 'each' | 'latest';
  /** A later period waits until every earlier one is done. Only with `each`. */
  inOrder?: boolean;
}

/**
 * Runs again and again, without rows: for work that finds out by itself whether there is
 * something to do, and that does no harm when it runs twice or a little late.
 */
export interface IntervalSchedule {
  everyMs: number;
}

export type Schedule = CronSchedule | IntervalSchedule;

/** How long to wait before the next attempt. */
export interface Backoff {
  kind: 'fixed' | 'exponential';
  delayMs: number;
}

/** Jobs of one lane share workers: a long job of `work` must not hold up a wake of `fast`. */
export const LANES = ['fast', 'work'] as const;
export type Lane = (typeof LANES)[number];

/** A job as data; what it does stands in its processor (see `Processors`). */
export interface JobDefinition<
  Name extends string = string,
  Payload = unknown,
  S extends Schedule | undefined = Schedule | undefined,
> {
  /** `<context>.<verb-noun>`, the name that people type. */
  name: Name;
  /** One sentence for `steward jobs list`. */
  description: string;
  /** Ids only: a fact in a job would be lost with the queue, and could be stale. */
  payload: z.ZodType<Payload>;
  /** Tries until the job counts as failed. */
  attempts: number;
  backoff: Backoff;
  /** A run that takes longer is told to stop and counts as failed. */
  timeLimitMs: number;
  lane: Lane;
  schedule: S;
}

/** Any job definition, where name and payload do not matter. */
// biome-ignore lint/suspicious/noExplicitAny: a payload type stands on both sides of its schema
export type AnyJob = JobDefinition<string, any, Schedule | undefined>;

/** What {@link defineJob} is told; the rest has defaults. */
export interface JobInput<Name extends string, Payload, S extends Schedule | undefined> {
  name: Name;
  description: string;
  payload: z.ZodType<Payload>;
  /** Default 3. */
  attempts?: number;
  /** Default: doubling from one second. */
  backoff?: Backoff;
  timeLimitMs: number;
  /** Default `work`. */
  lane?: Lane;
  schedule?: S;
}

/** A job definition with its defaults filled in. */
export function defineJob<
  const Name extends string,
  Payload,
  const S extends Schedule | undefined = undefined,
>(input: JobInput<Name, Payload, S>): JobDefinition<Name, Payload, S> {
  return {
    name: input.name,
    description: input.description,
    payload: input.payload,
    attempts: input.attempts ?? 3,
    backoff: input.backoff ?? { kind: 'exponential', delayMs: 1_000 },
    timeLimitMs: input.timeLimitMs,
    lane: input.lane ?? 'work',
    schedule: input.schedule as S,
  };
}

/** What a processor is given: its payload, its period if it has periods, and when to stop. */
export type RunOf<Job> =
  Job extends JobDefinition<string, infer Payload, infer S>
    ? { payload: Payload; signal: AbortSignal } & (S extends CronSchedule
        ? { period: Period }
        : unknown)
    : never;

/**
 * One call on the app. What it returns is kept with the run: counts, no personal data.
 * It must be able to run again after it was interrupted.
 */
export type Processor<App, Job> = (app: App, run: RunOf<Job>) => Promise<unknown>;

/** A processor for each defined job: a missing or superfluous one does not compile. */
export type Processors<App, Jobs extends readonly AnyJob[]> = {
  readonly [Name in Jobs[number]['name']]: Processor<App, Extract<Jobs[number], { name: Name }>>;
};

/** Whether runs of this job are booked per period. */
export function isPeriodic(job: AnyJob): job is AnyJob & { schedule: CronSchedule } {
  return job.schedule !== undefined && 'cron' in job.schedule;
}
