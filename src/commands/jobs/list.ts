import { formatDuration } from '../../cli/duration.ts';
import { withJobs } from '../../cli/open-jobs.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class JobsList extends StewardCommand {
  static override summary = 'List jobs and the state of their queue.';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run() {
    await this.parse(JobsList);
    return this.withApp((app) =>
      withJobs(app, async (jobs) => {
        const data = jobs.list();
        const queue = await jobs.queue();
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
        const { waiting, active, delayed, failed, paused } = queue;
        const state = paused ? 'paused' : 'running';
        this.remark(
          `Queue ${state}: ${waiting} waiting, ${active} at work, ${delayed} later, ${failed} failed.`,
        );
        this.next(failed > 0 ? 'jobs failed' : 'jobs schedules');
        return { data, queue };
      }),
    );
  }
}
