import { scheduleText } from '../../cli/job-view.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class JobsSchedules extends StewardCommand {
  static override summary = 'Show when each scheduled job runs next, in the business time zone.';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run() {
    await this.parse(JobsSchedules);
    const [{ mainJobs }, { nextDue }, { isPeriodic }, { loadConfig }, { formatMoment }] =
      await Promise.all([
        import('../../main-jobs.ts'),
        import('../../platform/jobs/schedule.ts'),
        import('../../platform/jobs/definition.ts'),
        import('../../platform/config.ts'),
        import('../../platform/business-time.ts'),
      ]);
    const { timeZone } = loadConfig();
    const now = new Date();
    const schedules = mainJobs
      .filter((job) => job.schedule !== undefined)
      .map((job) => ({
        job: job.name,
        schedule: scheduleText(job.schedule),
        timeZone,
        next: isPeriodic(job) ? (nextDue(job.schedule, timeZone, now)?.dueAt ?? null) : null,
      }));
    this.table(
      [
        { header: 'job', value: (one) => one.job },
        { header: 'schedule', value: (one) => one.schedule },
        { header: 'next', value: (one) => (one.next ? formatMoment(one.next, timeZone) : 'soon') },
      ],
      schedules,
    );
    this.remark(`Time zone: ${timeZone} (STEWARD_TZ).`);
    this.next('jobs crontab');
    return { data: schedules };
  }
}
