import { Args } from '@oclif/core';
import { EXIT_OF_OUTCOME, periodColumns, reportText } from '../../cli/job-report.ts';
import { withJobs } from '../../cli/open-jobs.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class JobsRetry extends StewardCommand {
  static override summary = 'Try a failed job or a failed period again.';
  static override description =
    'A period is run here and now; any other job goes back into its queue, for a worker.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> platform.purge@2026-11-24',
    '<%= config.bin %> <%= command.id %> work:42',
    '<%= config.bin %> <%= command.id %> payments:work:42',
  ];
  static override args = {
    id: Args.string({ description: 'Id, as "jobs failed" shows it.', required: true }),
  };

  async run() {
    const { args } = await this.parse(JobsRetry);
    const id = args.id.replace(/^payments:/, '');
    return this.withPartOf(
      args.id,
      (app) =>
        withJobs(app, async (jobs) => {
          const report = await this.progress(`Retrying ${args.id}`, () => jobs.retry(id));
          this.next('jobs failed');
          if (report === null) {
            this.print(`${args.id} waits for a worker again.`);
            return { id: args.id, outcome: 'queued' };
          }
          this.table(periodColumns, report.periods);
          this.print(reportText(report));
          this.end(EXIT_OF_OUTCOME[report.outcome]);
          return report;
        }),
      'worker',
    );
  }
}
