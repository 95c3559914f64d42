import { hostname } from 'node:os';
import { invalid, StewardError } from '../platform/errors.ts';
import { type AnyJob, isPeriodic } from '../platform/jobs/definition.ts';
import { describeFailure } from '../platform/jobs/failure.ts';
import { withinLimits } from '../platform/jobs/limits.ts';
import {
  type DueOutcome,
  type PeriodicRun,
  type PeriodWork,
  runDue,
  runNamedPeriod,
} from '../platform/jobs/run-period.ts';
import { nearest } from '../platform/nearest.ts';
import type { JobsSetup } from './setup.ts';

/** How a run ended; the exit codes of `steward jobs run` come from it. */
export type JobOutcome = 'done' | 'already-done' | 'nothing-due' | 'failed' | 'running-elsewhere';

/** What one call of `run` did. */
export interface JobReport {
  job: string;
  outcome: JobOutcome;
  /** Periods in the order in which they were tried; empty for jobs without periods. */
  periods: PeriodReport[];
  /** What a job without periods returned. */
  result: unknown;
  /** Of the first failure. */
  error: string | null;
}

export interface PeriodReport {
  period: string;
  outcome: Exclude<JobOutcome, 'nothing-due'>;
  result: unknown;
  error: string | null;
}

export interface RunRequest {
  /** Only this period; without it, everything that is due. */
  period?: string;
  /** For jobs that need one. */
  payload?: unknown;
  /** To stop it. */
  signal?: AbortSignal;
}

/**
 * Runs a job here and now, whoever schedules it otherwise: what `steward jobs run` does from cron.
 * @throws StewardError `job_not_found`, `invalid_input` for a payload, `no_periods`,
 *   `invalid_period`, `period_not_due`, `earlier_period_open`, `database_unavailable`
 */
export async function runJob<App>(
  setup: JobsSetup<App>,
  name: string,
  request: RunRequest = {},
): Promise<JobReport> {
  const job = findJob(setup.jobs, name);
  const signal = request.signal ?? new AbortController().signal;
  if (!isPeriodic(job)) {
    if (request.period !== undefined) {
      throw invalid(
        `${name} has no periods: it finds out by itself whether there is something to do.`,
        [{ path: 'period', message: 'this job has no periods' }],
        'no_periods',
      );
    }
    return runOnce(setup, job, request.payload ?? {}, signal);
  }
  const { run, work } = periodic(setup, job, signal);
  if (request.period === undefined) return report(name, await runDue(run, work));
  const outcome = await runNamedPeriod(run, request.period, work);
  return report(name, [{ period: request.period, outcome }]);
}

/** The job of this name. @throws StewardError `job_not_found`, with the name that was perhaps meant */
export function findJob(jobs: readonly AnyJob[], name: string): AnyJob {
  const job = jobs.find((one) => one.name === name);
  if (job) return job;
  const near = nearest(
    name,
    jobs.map((one) => one.name),
  );
  throw new StewardError(
    'not_found',
    'job_not_found',
    `There is no job "${name}"${near ? `; did you mean "${near}"?` : '.'}`,
    { data: { name, near: near ?? null } },
  );
}

/** What running the periods of this job takes. */
export function periodic<App>(
  setup: JobsSetup<App>,
  job: Extract<AnyJob, object> & { schedule: PeriodicRun['schedule'] },
  signal: AbortSignal,
): { run: PeriodicRun; work: PeriodWork } {
  const { app, runs, clock, ids, timeZone, log } = setup;
  const work: PeriodWork = async (period, stop) => {
    const startedAt = performance.now();
    const result = await setup.process(job)(app, { payload: {}, period, signal: stop });
    const tookMs = Math.round(performance.now() - startedAt);
    log.info({ job: job.name, period: period.key, tookMs, result }, 'a period is done');
    return result;
  };
  const run = {
    runs,
    job: job.name,
    schedule: job.schedule,
    timeZone,
    timeLimitMs: job.timeLimitMs,
    now: clock.now(),
    nextOwner: () => `${hostname()} ${process.pid} ${ids.next()}`,
    signal,
    leaseMs: setup.leaseMs,
  };
  return { run, work };
}

/** Runs a job without periods. Its payload is checked: what lies in a queue may be of any version. */
export async function runPlain<App>(
  setup: JobsSetup<App>,
  job: AnyJob,
  input: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const payload = job.payload.safeParse(input);
  if (!payload.success) {
    const issues = payload.error.issues.map((issue) => ({
      path: issue.path.join('.'),
      message: issue.message,
    }));
    const first = issues[0];
    throw invalid(
      `The payload of ${job.name} is wrong: ${first?.path || 'payload'}: ${first?.message}.`,
      issues,
    );
  }
  return withinLimits(
    (stop) => setup.process(job)(setup.app, { payload: payload.data, signal: stop }),
    job.timeLimitMs,
    signal,
  );
}

async function runOnce<App>(
  setup: JobsSetup<App>,
  job: AnyJob,
  payload: unknown,
  signal: AbortSignal,
): Promise<JobReport> {
  const base = { job: job.name, periods: [] };
  try {
    const result = await runPlain(setup, job, payload, signal);
    return { ...base, outcome: 'done', result: result ?? null, error: null };
  } catch (error) {
    // A wrong payload is the caller's mistake and no run at all.
    if (error instanceof StewardError && error.kind === 'invalid') throw error;
    return { ...base, outcome: 'failed', result: null, error: describeFailure(error) };
  }
}

function report(job: string, outcomes: readonly DueOutcome[]): JobReport {
  const periods = outcomes.map(({ period, outcome }) => ({
    period,
    outcome: outcome.outcome,
    result: outcome.outcome === 'done' ? (outcome.result ?? null) : null,
    error: outcome.outcome === 'failed' ? outcome.error : null,
  }));
  const has = (outcome: JobOutcome) => periods.some((one) => one.outcome === outcome);
  const worst = (['failed', 'running-elsewhere', 'done', 'already-done'] as const).find(has);
  const error = periods.find((one) => one.error !== null)?.error ?? null;
  return { job, outcome: worst ?? 'nothing-due', periods, result: null, error };
}
