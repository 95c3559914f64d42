import { Flags } from '@oclif/core';
import { partFlag } from '../../cli/flags.ts';
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
    part: partFlag,
    image: Flags.string({ summary: 'Image, for Kubernetes.', default: 'steward:latest' }),
  };

  async run() {
    const { flags } = await this.parse(JobsCrontab);
    const [{ mainJobs }, { paymentsJobs }, { hasPayments }, { renderCrontab }, { loadConfig }] =
      await Promise.all([
        import('../../main-jobs.ts'),
        import('../../contexts/payments/jobs.ts'),
        import('../../payments-database.ts'),
        import('../../jobs/crontab.ts'),
        import('../../platform/config.ts'),
      ]);
    const config = loadConfig();
    const { timeZone } = config;
    const { command, image, format } = flags;
    const parts = {
      main: flags.part === 'payments' ? [] : mainJobs,
      payments: flags.part === 'main' || !hasPayments(config) ? [] : paymentsJobs,
    };
    const jobs = [...parts.main, ...parts.payments].flatMap((job) =>
      job.schedule === undefined ? [] : [{ ...job, schedule: job.schedule }],
    );
    const text = renderCrontab(jobs, format, { command, image, timeZone });
    this.print(text.trimEnd());
    return { format, text };
  }
}
