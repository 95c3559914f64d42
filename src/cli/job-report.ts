import type { JobOutcome, JobReport, PeriodReport } from '../jobs/run-job.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import type { Column } from './table.ts';

/** What cron, and those who read its mail, see. */
export const EXIT_OF_OUTCOME: Record<JobOutcome, ExitCode> = {
  done: EXIT.done,
  'already-done': EXIT.done,
  'nothing-due': EXIT.done,
  failed: EXIT.failed,
  'running-elsewhere': EXIT.conflict,
};

export const periodColumns: Column<PeriodReport>[] = [
  { header: 'period', value: (one) => one.period },
  { header: 'outcome', value: (one) => one.outcome },
  { header: 'result', value: (one) => one.error ?? JSON.stringify(one.result) },
];

/** `platform.purge: done {"jobRuns":3}`. */
export function reportText({ job, outcome, result, error }: JobReport): string {
  const more = error ?? (result === null ? '' : JSON.stringify(result));
  return `${job}: ${outcome}${more ? ` ${more}` : ''}`;
}
