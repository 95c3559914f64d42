import { Args, Flags } from '@oclif/core';
import { UsageError } from '../../cli/error-report.ts';
import { EXIT, type ExitCode } from '../../cli/exit-codes.ts';
import { interruption } from '../../cli/interruption.ts';
import { openJobs, withQueues } from '../../cli/open-jobs.ts';
import { StewardCommand } from '../../cli/steward-command.ts';
import type { JobOutcome } from '../../jobs/run-job.ts';

/** What cron and those who read its mail see. */
const EXIT_OF: Record<JobOutcome, ExitCode> = {
  done: EXIT.done,
  'already-done': EXIT.done,
  'nothing-due': EXIT.done,
  failed: EXIT.failed,
  'running-elsewhere': EXIT.conflict,
};

export default class JobsRun extends StewardCommand {
  static override summary = 'Run a job here and now, for cron or by hand.';
  static override description =
    'A periodic job runs every period that is due and not yet done, oldest first; running it too often does no harm. Exit codes: 0 done, or nothing was due; 1 failed; 5 it runs elsewhere at this moment.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> orders.fail-no-shows',
    '<%= config.bin %> <%= command.id %> platform.purge --period 2026-11-24',
  ];
  static override args = { job: Args.string({ description: 'Name of the job.', required: true }) };
  static override flags = {
    period: Flags.string({ summary: 'Only this period, such as 2026-11-24.' }),
    payload: Flags.string({ summary: 'JSON, for a job that needs it.', helpValue: '<json>' }),
  };

  async run() {
    const { args, flags } = await this.parse(JobsRun);
    const payload = flags.payload === undefined ? undefined : parsePayload(flags.payload);
    const { signal } = interruption;
    interruption.handleYourself();
    return this.withApp((app) =>
      withQueues(app, async (queues) => {
        const { runJob } = await import('../../jobs/run-job.ts');
        const setup = await openJobs(app, queues);
        const request = { period: flags.period, payload, signal };
        const report = await this.progress(`Running ${args.job}`, () =>
          runJob(setup, args.job, request),
        );
        const { outcome, periods, result, error } = report;
        this.table(
          [
            { header: 'period', value: (one) => one.period },
            { header: 'outcome', value: (one) => one.outcome },
            { header: 'result', value: (one) => one.error ?? JSON.stringify(one.result) },
          ],
          periods,
        );
        this.print(`${args.job}: ${outcome}${result ? ` ${JSON.stringify(result)}` : ''}`);
        if (error) this.remark(error);
        this.end(signal.aborted ? EXIT.interrupted : EXIT_OF[outcome]);
        return report;
      }),
    );
  }
}

function parsePayload(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError('invalid_payload', `--payload is not JSON: ${text}`);
  }
}
