import { Args } from '@oclif/core';
import { withJobs } from '../../cli/open-jobs.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class JobsSchedules extends StewardCommand {
  static override summary = 'Show when scheduled jobs ran and when they are due next.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> platform.purge',
  ];
  static override args = { job: Args.string({ description: 'Only this job.' }) };

  async run() {
    const { args } = await this.parse(JobsSchedules);
    return this.withApp((app) =>
      withJobs(app, async (jobs) => {
        const data = await jobs.schedules(args.job);
        const time = this.time(app);
        this.table(
          [
            { header: 'job', value: (one) => one.name },
            { header: 'schedule', value: (one) => one.schedule },
            { header: 'next', value: ({ next }) => next && time(next.at) },
            {
              header: 'last',
              value: ({ last }) =>
                last && `${last.status} ${time(last.finishedAt ?? last.startedAt)}`,
            },
          ],
          data,
        );
        this.remark(`Times are of ${app.config.timeZone}.`);
        this.next('jobs crontab');
        return { timeZone: app.config.timeZone, data };
      }),
    );
  }
}
