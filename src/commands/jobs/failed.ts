import { Flags } from '@oclif/core';
import { runColumns } from '../../cli/job-view.ts';
import { openJobRuns, withQueues } from '../../cli/open-jobs.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class JobsFailed extends StewardCommand {
  static override summary = 'List failed runs and queued jobs that used up their attempts.';
  static override examples = ['<%= config.bin %> <%= command.id %>'];
  static override flags = {
    limit: Flags.integer({ summary: 'How many of each kind.', default: 30, min: 1, max: 1_000 }),
  };

  async run() {
    const { flags } = await this.parse(JobsFailed);
    const { limit } = flags;
    return this.withApp((app) =>
      withQueues(app, async (queues) => {
        const runs = await (await openJobRuns(app)).list({ status: 'failed', limit });
        const queued = await queues.failed(limit);
        const time = this.time(app);
        if (runs.length > 0) this.table(runColumns(time), runs);
        if (runs.length > 0 && queued.length > 0) this.print('');
        const columns = [
          { header: 'queued job', value: (job: (typeof queued)[number]) => job.id },
          { header: 'job', value: (job: (typeof queued)[number]) => job.name },
          { header: 'attempts', value: (job: (typeof queued)[number]) => job.attempts },
          {
            header: 'at',
            value: (job: (typeof queued)[number]) => job.failedAt && time(job.failedAt),
          },
          { header: 'error', value: (job: (typeof queued)[number]) => job.failure },
        ];
        if (queued.length > 0) this.table(columns, queued);
        this.remark(`${runs.length} failed runs, ${queued.length} failed queued jobs shown.`);
        const [run] = runs;
        if (run) this.next(`jobs run ${run.job} --period ${run.period}`);
        if (queued[0]) this.next(`jobs retry ${queued[0].id}`);
        return { runs, queued };
      }),
    );
  }
}
