import type { AnyJob, Schedule } from '../platform/jobs/definition.ts';
import type { JobRunRow } from '../platform/jobs/job-runs.ts';
import { formatDuration } from './duration.ts';
import type { Column } from './table.ts';

/** A job with the newest of its runs. */
export interface JobLine {
  name: string;
  description: string;
  schedule: string;
  attempts: number;
  timeLimitMs: number;
  lastRun: JobRunRow | null;
}

export function jobLine(job: AnyJob, newest: readonly JobRunRow[]): JobLine {
  const { name, description, attempts, timeLimitMs } = job;
  const lastRun = newest.find((run) => run.job === name) ?? null;
  return {
    name,
    description,
    schedule: scheduleText(job.schedule),
    attempts,
    timeLimitMs,
    lastRun,
  };
}

/** `0 2 * * * per day`, `every 5.0 s`, or `when asked`. */
export function scheduleText(schedule: Schedule | undefined): string {
  if (schedule === undefined) return 'when asked';
  if ('everyMs' in schedule) return `every ${formatDuration(schedule.everyMs)}`;
  return `${schedule.cron} per ${schedule.period}`;
}

export function jobColumns(time: (moment: Date) => string): Column<JobLine>[] {
  return [
    { header: 'job', value: (job) => job.name },
    { header: 'schedule', value: (job) => job.schedule },
    { header: 'last run', value: ({ lastRun }) => lastRun && runText(lastRun, time) },
    { header: 'does', value: (job) => job.description },
  ];
}

function runText(run: JobRunRow, time: (moment: Date) => string): string {
  return `${run.status} ${time(run.finishedAt ?? run.startedAt)}`;
}

export function runColumns(time: (moment: Date) => string): Column<JobRunRow>[] {
  return [
    { header: 'job', value: (run) => run.job },
    { header: 'period', value: (run) => run.period },
    { header: 'status', value: (run) => run.status },
    { header: 'attempts', value: (run) => run.attempt, align: 'right' },
    { header: 'at', value: (run) => time(run.finishedAt ?? run.startedAt) },
    { header: 'error', value: (run) => run.error },
  ];
}
