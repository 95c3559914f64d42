import { Flags } from '@oclif/core';
import { StewardCommand } from '../../cli/steward-command.ts';
import type { CronFormat } from '../../jobs/crontab.ts';

export default class JobsCrontab extends StewardCommand {
  static override summary = 'Print what runs the scheduled jobs from outside.';
  static override description =
    'For deployments without "steward start worker". The database decides what still has to be done, so running a job too often, late or twice does no harm.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> | crontab -',
    '<%= config.bin %> <%= command.id %> --format systemd',
    '<%= config.bin %> <%= command.id %> --format kubernetes --image registry.example.com/steward:1.0',
  ];
  static override flags = {
    format: Flags.option({
      summary: 'For which scheduler.',
      options: ['crontab', 'systemd', 'kubernetes'] as const satisfies readonly CronFormat[],
      default: 'crontab' as CronFormat,
    })(),
    command: Flags.string({ summary: 'How steward is called there.', default: 'steward' }),
    image: Flags.string({ summary: 'Image, for Kubernetes.', default: 'steward:latest' }),
  };

  async run() {
    const { flags } = await this.parse(JobsCrontab);
    const [{ mainJobs }, { renderCrontab }, { loadConfig }] = await Promise.all([
      import('../../main-jobs.ts'),
      import('../../jobs/crontab.ts'),
      import('../../platform/config.ts'),
    ]);
    const { timeZone } = loadConfig();
    const { command, image, format } = flags;
    const jobs = mainJobs.flatMap((job) =>
      job.schedule === undefined ? [] : [{ ...job, schedule: job.schedule }],
    );
    const text = renderCrontab(jobs, format, { command, image, timeZone });
    this.print(text.trimEnd());
    return { format, text };
  }
}
