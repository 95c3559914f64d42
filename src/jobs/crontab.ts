import { type AnyJob, isPeriodic, type Schedule } from '../platform/jobs/definition.ts';

/** For whom the schedules are written. */
export const CRON_FORMATS = ['crontab', 'systemd', 'kubernetes'] as const;
export type CronFormat = (typeof CRON_FORMATS)[number];

export interface CronOptions {
  /** Business time zone. */
  timeZone: string;
  /** How steward is called there; in the image it is the entry point. */
  command: string;
  /** Container image, for Kubernetes. */
  image: string;
}

type Scheduled = AnyJob & { schedule: Schedule };

/**
 * The schedules for a scheduler outside, instead of `steward start worker`. It only has to call
 * often enough: each run finds out by its row whether there is something to do.
 */
export function renderCrontab(
  jobs: readonly Scheduled[],
  format: CronFormat,
  options: CronOptions,
): string {
  const render = { crontab, systemd, kubernetes }[format];
  return render(jobs, options);
}

function crontab(jobs: readonly Scheduled[], { timeZone, command }: CronOptions): string {
  const lines = jobs.flatMap((job) => [
    '',
    `# ${job.description}.${remark(job)}`,
    `${cronOf(job)} ${command} jobs run ${job.name}`,
  ]);
  return [
    '# Each run finds out by itself whether there is something to do: calling twice does no harm.',
    `# Times are of ${timeZone}. Cron of Debian and Ubuntu knows no CRON_TZ: set the machine's`,
    '# time zone to it, or use systemd timers.',
    `CRON_TZ=${timeZone}`,
    ...lines,
    '',
  ].join('\n');
}

function systemd(jobs: readonly Scheduled[], { timeZone, command }: CronOptions): string {
  const units = jobs.flatMap((job) => {
    const unit = unitName(job);
    return [
      `# ${unit}.service`,
      '[Unit]',
      `Description=${job.description}`,
      '[Service]',
      'Type=oneshot',
      `ExecStart=${command} jobs run ${job.name}`,
      '',
      `# ${unit}.timer`,
      '[Unit]',
      `Description=${job.description}`,
      '[Timer]',
      ...timer(job, timeZone),
      '[Install]',
      'WantedBy=timers.target',
      '',
    ];
  });
  return [`# One file per "# name" line, in /etc/systemd/system.`, '', ...units].join('\n');
}

function kubernetes(jobs: readonly Scheduled[], { timeZone, image }: CronOptions): string {
  return jobs
    .map((job) =>
      [
        `# ${job.description}.${remark(job)}`,
        'apiVersion: batch/v1',
        'kind: CronJob',
        'metadata:',
        `  name: ${unitName(job)}`,
        'spec:',
        `  schedule: "${cronOf(job)}"`,
        `  timeZone: "${timeZone}"`,
        '  concurrencyPolicy: Forbid',
        '  jobTemplate:',
        '    spec:',
        '      backoffLimit: 2',
        `      activeDeadlineSeconds: ${Math.ceil(job.timeLimitMs / 1_000) + 60}`,
        '      template:',
        '        spec:',
        '          restartPolicy: Never',
        '          containers:',
        '            - name: steward',
        `              image: ${image}`,
        `              args: [${['jobs', 'run', job.name].map((word) => `"${word}"`).join(', ')}]`,
        '              envFrom:',
        '                - secretRef:',
        '                    name: steward',
        '',
      ].join('\n'),
    )
    .join('---\n');
}

/** Crontab's own words: no `L`, and nothing more often than every minute. */
function cronOf(job: Scheduled): string {
  return isPeriodic(job) ? job.schedule.cron.replace(/\bL\b/, '28-31') : '* * * * *';
}

function remark(job: Scheduled): string {
  if (!isPeriodic(job)) {
    return ` Every ${'everyMs' in job.schedule ? job.schedule.everyMs / 1_000 : 60} s in a worker.`;
  }
  return /\bL\b/.test(job.schedule.cron) ? ' Does nothing before the last day of the month.' : '';
}

function unitName(job: Scheduled): string {
  return `steward-${job.name.replaceAll('.', '-')}`;
}

function timer(job: Scheduled, timeZone: string): string[] {
  if (!isPeriodic(job)) {
    const seconds = 'everyMs' in job.schedule ? job.schedule.everyMs / 1_000 : 60;
    return ['OnBootSec=10', `OnUnitInactiveSec=${seconds}`, 'AccuracySec=1'];
  }
  return [
    ...calendars(job.schedule.cron).map((moment) => `OnCalendar=${moment} ${timeZone}`),
    'Persistent=true',
    'AccuracySec=1',
  ];
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** A cron expression in systemd's words. Cron means "or" where day and weekday are both given. */
function calendars(cron: string): string[] {
  const [minute = '*', hour = '*', day = '*', month = '*', weekday = '*'] = cron.split(/\s+/);
  const time = `${values(hour, 0)}:${values(minute, 0)}:00`;
  const date = (days: string) =>
    days === 'L' ? `*-${values(month, 1)}~01` : `*-${values(month, 1)}-${values(days, 1)}`;
  const byDay = `${date(day)} ${time}`;
  const byWeekday = `${weekday.replaceAll(/\d/g, (digit) => WEEKDAYS[Number(digit)] ?? digit).replaceAll('-', '..')} ${date('*')} ${time}`;
  if (weekday === '*') return [byDay];
  return day === '*' ? [byWeekday] : [byDay, byWeekday];
}

/** `1-5` is `1..5` there, and a step needs the value that it starts from. */
function values(field: string, least: number): string {
  return field.replace(/^\*\//, `${least}/`).replaceAll('-', '..');
}
