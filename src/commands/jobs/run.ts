import { Args, Flags } from '@oclif/core';
import { UsageError } from '../../cli/error-report.ts';
import { EXIT } from '../../cli/exit-codes.ts';
import { interruption } from '../../cli/interruption.ts';
import { EXIT_OF_OUTCOME, periodColumns, reportText } from '../../cli/job-report.ts';
import { withJobs } from '../../cli/open-jobs.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class JobsRun extends StewardCommand {
  static override summary = 'Run a job here and now, for cron or by hand.';
  static override description =
    'A periodic job runs what is due and not yet done; running it too often does no harm. Exit codes: 0 done, or nothing was due; 1 failed; 5 it runs elsewhere at this moment.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> orders.fail-no-shows',
    '<%= config.bin %> <%= command.id %> platform.purge --period 2026-11-24',
    '<%= config.bin %> <%= command.id %> payments.issue-invoices --period 2026-W48',
    `<%= config.bin %> <%= command.id %> stream.consume --payload '{"consumer":"orders.mail"}'`,
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
    return this.withPartOf(
      args.job,
      (app) =>
        withJobs(app, async (jobs) => {
          const request = { period: flags.period, payload, signal };
          const report = await this.progress(`Running ${args.job}`, () =>
            jobs.run(args.job, request),
          );
          if (report.periods.length > 0) this.table(periodColumns, report.periods);
          this.print(reportText(report));
          if (report.outcome === 'failed') this.next('jobs failed');
          this.end(signal.aborted ? EXIT.interrupted : EXIT_OF_OUTCOME[report.outcome]);
          return report;
        }),
      'worker',
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
