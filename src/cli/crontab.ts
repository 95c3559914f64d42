import type { AnyJob } from '../platform/jobs/definition.ts';

export type CronFormat = 'crontab' | 'systemd' | 'kubernetes';

export interface CronOptions {
  format: CronFormat;
  /** How steward is called on that machine. */
  command: string;
  /** Container image, for Kubernetes. */
  image: string;
  /** Business time zone. */
  timeZone: string;
}

/** Every scheduled job as entries of an outside scheduler. */
export function renderCron(jobs: readonly AnyJob[], options: CronOptions): string {
  const scheduled = jobs.filter((job) => job.schedule !== undefined);
  switch (options.format) {
    case 'crontab':
      return crontab(scheduled, options);
    case 'systemd':
      return scheduled.map((job) => systemd(job, options)).join('\n');
    case 'kubernetes':
      return scheduled.map((job) => kubernetes(job, options)).join('---\n');
  }
}

/**
 * When to look whether something is due, in a zone that is not the business's: cron has no zones
 * that all its versions know, so anything longer than a minute is looked after every hour.
 */
function lookEvery(job: AnyJob): { minute: string; hourly: boolean } {
  const { schedule } = job;
  if (schedule === undefined || 'everyMs' in schedule || schedule.period === 'minute') {
    return { minute: '*', hourly: false };
  }
  return { minute: schedule.cron.split(/\s+/)[0] ?? '0', hourly: true };
}

function crontab(jobs: readonly AnyJob[], { command, timeZone }: CronOptions): string {
  const lines = jobs.map((job) => {
    const { minute } = lookEvery(job);
    return `# ${job.description}\n${minute} * * * * ${command} jobs run ${job.name}`;
  });
  return [
    `# Periods end in ${timeZone}; the database knows which are due, so an entry only looks.`,
    ...lines,
    '',
  ].join('\n');
}

function systemd(job: AnyJob, { command, timeZone }: CronOptions): string {
  const { minute } = lookEvery(job);
  const unit = `steward-${job.name.replace('.', '-')}`;
  const calendar = minute === '*' ? '*:*' : `*:${minute.replace(/^(\d)$/, '0$1')}`;
  return `# /etc/systemd/system/${unit}.service
[Unit]
Description=${job.description}

[Service]
Type=oneshot
ExecStart=${command} jobs run ${job.name}
TimeoutStartSec=${Math.ceil(job.timeLimitMs / 1_000) + 60}

# /etc/systemd/system/${unit}.timer
# Periods end in ${timeZone}; the database knows which are due, so the timer only looks.
[Timer]
OnCalendar=${calendar}
Persistent=true

[Install]
WantedBy=timers.target
`;
}

function kubernetes(job: AnyJob, { image, timeZone }: CronOptions): string {
  const { schedule } = job;
  const cron = schedule && 'cron' in schedule ? schedule.cron : '* * * * *';
  // Kubernetes has no "last day": the days that it can be are looked at, and the rows decide.
  const pattern = cron.replace(/^(\S+ \S+) L /, '$1 28-31 ');
  return `apiVersion: batch/v1
kind: CronJob
metadata:
  name: steward-${job.name.replace('.', '-')}
spec:
  schedule: "${pattern}"
  timeZone: ${timeZone === 'UTC' ? 'Etc/UTC' : timeZone}
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      activeDeadlineSeconds: ${Math.ceil(job.timeLimitMs / 1_000) + 60}
      template:
        spec:
          restartPolicy: OnFailure
          containers:
            - name: steward
              image: ${image}
              args: ["jobs", "run", "${job.name}"]
              envFrom:
                - secretRef:
                    name: steward
`;
}
