import { formatDuration } from '../../cli/duration.ts';
import { partFlag } from '../../cli/flags.ts';
import { withJobs } from '../../cli/open-jobs.ts';
import { nameOf } from '../../cli/parts.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class JobsList extends StewardCommand {
  static override summary = 'List jobs and the state of their queue.';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  static override flags = { part: partFlag };

  async run() {
    const { flags } = await this.parse(JobsList);
    return this.withParts(flags.part, async (apps) => {
      const parts = [];
      for (const app of apps) {
        parts.push(
          await withJobs(app, async (jobs) => ({
            part: nameOf(app),
            jobs: jobs.list(),
            queue: await jobs.queue(),
          })),
        );
      }
      const data = parts.flatMap(({ part, jobs }) => jobs.map((job) => ({ part, ...job })));
      this.table(
        [
          { header: 'job', value: (job) => job.name },
          { header: 'schedule', value: (job) => job.schedule },
          { header: 'tries', value: (job) => job.attempts, align: 'right' },
          { header: 'limit', value: (job) => formatDuration(job.timeLimitMs), align: 'right' },
          { header: 'does', value: (job) => job.description },
        ],
        data,
      );
      for (const { part, queue } of parts) {
        const { waiting, active, delayed, failed, paused } = queue;
        const state = paused ? 'paused' : 'running';
        this.remark(
          `Queue of ${part} ${state}: ${waiting} waiting, ${active} at work, ${delayed} later, ${failed} failed.`,
        );
      }
      const failed = parts.some(({ queue }) => queue.failed > 0);
      this.next(failed ? 'jobs failed' : 'jobs schedules');
      return { data, queues: Object.fromEntries(parts.map(({ part, queue }) => [part, queue])) };
    });
  }
}
