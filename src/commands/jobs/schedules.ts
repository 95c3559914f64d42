import { Args } from '@oclif/core';
import { partFlag } from '../../cli/flags.ts';
import { withJobs } from '../../cli/open-jobs.ts';
import { partOf } from '../../cli/parts.ts';
import { StewardCommand } from '../../cli/steward-command.ts';
import type { ScheduleListing } from '../../jobs/jobs.ts';
import { formatMoment } from '../../platform/business-time.ts';
import { loadConfig } from '../../platform/config.ts';

export default class JobsSchedules extends StewardCommand {
  static override summary = 'Show when scheduled jobs ran and when they are due next.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> platform.purge',
  ];
  static override args = { job: Args.string({ description: 'Only this job.' }) };

  static override flags = { part: partFlag };

  async run() {
    const { args, flags } = await this.parse(JobsSchedules);
    const part = args.job === undefined ? flags.part : partOf(args.job);
    return this.withParts(part, async (apps) => {
      const data: ScheduleListing[] = [];
      for (const app of apps) {
        data.push(...(await withJobs(app, (jobs) => jobs.schedules(args.job))));
      }
      const { timeZone } = loadConfig();
      const time = (moment: Date) => formatMoment(moment, timeZone);
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
      this.remark(`Times are of ${timeZone}.`);
      this.next('jobs crontab');
      return { timeZone, data };
    });
  }
}
