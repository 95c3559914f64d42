import { conflict } from '../errors.ts';
import type { CronSchedule } from './definition.ts';
import { describeFailure } from './failure.ts';
import type { JobRuns } from './job-runs.ts';
import { JobStopped, withinLimits } from './limits.ts';
import { type Period, parsePeriod, periodOf } from './period.ts';
import { CATCH_UP_DAYS, duePeriods } from './schedule.ts';

/** How long a period stays with a worker that gives no sign of life. */
export const LEASE_MS = 60_000;
/** Results are counts; more than this is somebody's data. */
const MAX_RESULT_CHARACTERS = 4_000;
const DAY_MS = 86_400_000;

/** How one run of one period went. */
export type PeriodOutcome =
  | { outcome: 'done'; result: unknown }
  | { outcome: 'already-done' }
  | { outcome: 'running-elsewhere'; leaseUntil: Date }
  | { outcome: 'failed'; error: string };

/** The work of one period; it is told to stop by the signal. */
export type PeriodWork = (period: Period, signal: AbortSignal) => Promise<unknown>;

/** What a periodic job needs to be run. */
export interface PeriodicRun {
  runs: JobRuns;
  job: string;
  schedule: CronSchedule;
  timeZone: string;
  timeLimitMs: number;
  now: Date;
  /** A new name for each claim: two runs in one process are two owners. */
  nextOwner: () => string;
  /** Aborted when the process stops: the period is then given back at once. */
  signal: AbortSignal;
  /** Default {@link LEASE_MS}. */
  leaseMs?: number;
}

/**
 * Runs one period if it has not been run: claims its row, works, books the end. While the work
 * goes on the lease is extended; a worker that dies loses it and another takes over.
 * @throws whatever the database throws when it cannot be reached; the row then tells nothing new
 */
export async function runPeriod(
  run: PeriodicRun,
  period: Period,
  work: PeriodWork,
): Promise<PeriodOutcome> {
  const { runs, job } = run;
  const lease = { owner: run.nextOwner(), leaseMs: run.leaseMs ?? LEASE_MS };
  const claim = await runs.claim(job, period.key, lease);
  if (claim.kind === 'done') return { outcome: 'already-done' };
  if (claim.kind === 'running') {
    return { outcome: 'running-elsewhere', leaseUntil: claim.leaseUntil };
  }
  const lost = new AbortController();
  const heartbeat = setInterval(() => {
    runs.extend(job, period.key, lease).then(
      (ours) => ours || lost.abort(new JobStopped('the lease was lost')),
      // The database is away: the lease runs on, and the next beat tries again.
      () => undefined,
    );
  }, lease.leaseMs / 3);
  try {
    const result = await withinLimits(
      (signal) => work(period, signal),
      run.timeLimitMs,
      AbortSignal.any([run.signal, lost.signal]),
    );
    const booked = await runs.finish(job, period.key, lease.owner, {
      status: 'done',
      result: asJson(result),
    });
    if (booked) return { outcome: 'done', result };
  } catch (error) {
    const text = describeFailure(error);
    const ending = { status: 'failed' as const, error: text };
    // Where the database is away the row stays "running" and is taken over after the lease.
    const booked = await runs.finish(job, period.key, lease.owner, ending).catch(() => true);
    if (booked) return { outcome: 'failed', error: text };
  } finally {
    clearInterval(heartbeat);
  }
  return { outcome: 'running-elsewhere', leaseUntil: new Date(run.now.getTime() + lease.leaseMs) };
}

/** What became of each period that was due. */
export interface DueOutcome {
  period: string;
  outcome: PeriodOutcome;
}

/**
 * Runs everything that is due, oldest first. In jobs with `inOrder` a period that fails or that
 * somebody else is at ends the round: nothing later may overtake it.
 */
export async function runDue(run: PeriodicRun, work: PeriodWork): Promise<DueOutcome[]> {
  const outcomes: DueOutcome[] = [];
  for (const period of (await readDue(run)).due) {
    if (run.signal.aborted) break;
    const outcome = await runPeriod(run, period, work);
    outcomes.push({ period: period.key, outcome });
    const open = outcome.outcome === 'failed' || outcome.outcome === 'running-elsewhere';
    if (open && run.schedule.inOrder) break;
  }
  return outcomes;
}

/** What reading what is due takes. */
export type DueQuestion = Pick<PeriodicRun, 'runs' | 'job' | 'schedule' | 'timeZone' | 'now'>;

/** Whether somebody should be sent to look: something is due that nobody is at. */
export async function isUnattended(question: DueQuestion): Promise<boolean> {
  const { due, rows } = await readDue(question);
  return due.some(({ key }) => {
    const row = rows.find(({ period }) => period === key);
    return row === undefined || row.forgotten;
  });
}

async function readDue({ runs, job, schedule, timeZone, now }: DueQuestion) {
  const bound = new Date(now.getTime() - CATCH_UP_DAYS[schedule.period] * DAY_MS);
  const rows = await runs.known(job, periodOf(schedule.period, bound, timeZone).key);
  return { rows, due: duePeriods(schedule, timeZone, rows, now) };
}

/**
 * Runs the period that somebody named.
 * @throws StewardError `invalid_period` for a key of another kind, `period_not_due` for one that
 *   has not begun, `earlier_period_open` where an earlier one of a job in order is not done
 */
export async function runNamedPeriod(
  run: PeriodicRun,
  key: string,
  work: PeriodWork,
): Promise<PeriodOutcome> {
  const period = parsePeriod(run.schedule.period, key, run.timeZone);
  if (period.startsAt > run.now) {
    throw conflict(
      'period_not_due',
      `${run.job} cannot be run for ${key} yet: the period begins at ${period.startsAt.toISOString()}.`,
      { startsAt: period.startsAt.toISOString() },
    );
  }
  if (run.schedule.inOrder) {
    const earlier = (await readDue(run)).due.find((due) => due.key < key);
    if (earlier) {
      throw conflict(
        'earlier_period_open',
        `${run.job} runs its periods in order, and ${earlier.key} is not done yet. Run that one first.`,
        { period: earlier.key },
      );
    }
  }
  return runPeriod(run, period, work);
}

function asJson(result: unknown): string | null {
  const text = JSON.stringify(result, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  return text === undefined || text.length > MAX_RESULT_CHARACTERS ? null : text;
}
