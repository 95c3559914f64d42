import { Flags } from '@oclif/core';
import { partFlag } from '../../cli/flags.ts';
import { withJobs } from '../../cli/open-jobs.ts';
import { nameOf } from '../../cli/parts.ts';
import { StewardCommand } from '../../cli/steward-command.ts';
import type { Column } from '../../cli/table.ts';
import type { FailedListing } from '../../jobs/jobs.ts';

export default class JobsFailed extends StewardCommand {
  static override summary = 'List failed jobs and failed periods, newest first.';
  static override examples = ['<%= config.bin %> <%= command.id %>'];
  static override flags = {
    limit: Flags.integer({ summary: 'How many to show.', default: 30, min: 1, max: 1_000 }),
    part: partFlag,
  };

  async run() {
    const { flags } = await this.parse(JobsFailed);
    return this.withParts(flags.part, async (apps) => {
      const { limit } = flags;
      const all: FailedListing[] = [];
      for (const app of apps) {
        const failed = await withJobs(app, (jobs) => jobs.failed(limit + 1));
        // Queues count by themselves: the part makes the id unique. Periods are named by their job.
        const prefix = nameOf(app) === 'payments' ? 'payments:' : '';
        all.push(...failed.map((job) => ({ ...job, id: job.period ? job.id : prefix + job.id })));
      }
      const when = (job: FailedListing) => job.failedAt?.getTime() ?? 0;
      const data = all.toSorted((one, other) => when(other) - when(one)).slice(0, limit);
      const [app] = apps;
      const columns: Column<FailedListing>[] = [
        { header: 'id', value: (job) => job.id },
        { header: 'tries', value: (job) => job.attempts },
        { header: 'failed', value: (job) => job.failedAt && app && this.time(app)(job.failedAt) },
        { header: 'why', value: (job) => job.failure },
      ];
      if (data.length > 0) this.table(columns, data);
      const more = all.length > limit ? '; there are more: --limit' : '';
      this.remark(`${data.length} failed${more}.`);
      if (data[0]) this.next(`jobs retry ${data[0].id}`);
      return { data };
    });
  }
}
