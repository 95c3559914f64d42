import { jobColumns, jobLine } from '../../cli/job-view.ts';
import { openJobRuns } from '../../cli/open-jobs.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class JobsList extends StewardCommand {
  static override summary = 'List jobs, their schedules and their last runs.';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run() {
    await this.parse(JobsList);
    return this.withApp(async (app) => {
      const { mainJobs } = await import('../../main-jobs.ts');
      const newest = await (await openJobRuns(app)).newest();
      const jobs = mainJobs.map((job) => jobLine(job, newest));
      this.table(jobColumns(this.time(app)), jobs);
      this.next('jobs failed', 'jobs run <job>');
      return { data: jobs };
    });
  }
}
