import { Flags } from '@oclif/core';
import { type CronFormat, renderCron } from '../../cli/crontab.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class JobsCrontab extends StewardCommand {
  static override summary = 'Print what runs the scheduled jobs from outside.';
  static override description =
    'For deployments without "steward start worker". Which periods still have to be done is decided in the database, so running a job too often, late or twice does no harm.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> | crontab -',
    '<%= config.bin %> <%= command.id %> --format systemd',
    '<%= config.bin %> <%= command.id %> --format kubernetes --image registry.example.com/steward:1.0',
  ];
  static override flags = {
    format: Flags.option({
      summary: 'For which scheduler.',
      options: ['crontab', 'systemd', 'kubernetes'] as const,
      default: 'crontab' as CronFormat,
    })(),
    command: Flags.string({ summary: 'How steward is called there.', default: 'steward' }),
    image: Flags.string({ summary: 'Image, for Kubernetes.', default: 'steward:latest' }),
  };

  async run() {
    const { flags } = await this.parse(JobsCrontab);
    const [{ mainJobs }, { loadConfig }] = await Promise.all([
      import('../../main-jobs.ts'),
      import('../../platform/config.ts'),
    ]);
    const { timeZone } = loadConfig();
    const { command, image, format } = flags;
    const text = renderCron(mainJobs, { format, command, image, timeZone });
    this.print(text.trimEnd());
    return { format, text };
  }
}
