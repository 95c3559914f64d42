import { Flags } from '@oclif/core';
import { withJobs } from '../../cli/open-jobs.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class JobsFailed extends StewardCommand {
  static override summary = 'List failed jobs and failed periods, newest first.';
  static override examples = ['<%= config.bin %> <%= command.id %>'];
  static override flags = {
    limit: Flags.integer({ summary: 'How many to show.', default: 30, min: 1, max: 1_000 }),
  };

  async run() {
    const { flags } = await this.parse(JobsFailed);
    return this.withApp((app) =>
      withJobs(app, async (jobs) => {
        const { limit } = flags;
        const all = await jobs.failed(limit + 1);
        const data = all.slice(0, limit);
        const time = this.time(app);
        const columns = [
          { header: 'id', value: (job: (typeof data)[number]) => job.id },
          { header: 'tries', value: (job: (typeof data)[number]) => job.attempts },
          {
            header: 'failed',
            value: (job: (typeof data)[number]) => job.failedAt && time(job.failedAt),
          },
          { header: 'why', value: (job: (typeof data)[number]) => job.failure },
        ];
        if (data.length > 0) this.table(columns, data);
        const more = all.length > limit ? '; there are more: --limit' : '';
        this.remark(`${data.length} failed${more}.`);
        if (data[0]) this.next(`jobs retry ${data[0].id}`);
        return { data };
      }),
    );
  }
}
