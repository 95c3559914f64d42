import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineJob } from '../platform/jobs/definition.ts';
import { renderCrontab } from './crontab.ts';

const base = { description: 'Does it', payload: z.object({}), timeLimitMs: 60_000 };
const jobs = [
  defineJob({
    ...base,
    name: 'test.nightly',
    schedule: { cron: '30 3 * * *', period: 'day', catchUp: 'each' },
  }),
  defineJob({
    ...base,
    name: 'test.pay',
    schedule: { cron: '0 20 L * *', period: 'month', catchUp: 'each', inOrder: true },
  }),
  defineJob({
    ...base,
    name: 'test.workday',
    schedule: { cron: '*/15 8-18 * * 1-5', period: 'hour', catchUp: 'latest' },
  }),
  defineJob({ ...base, name: 'test.tick', schedule: { everyMs: 5_000 } }),
];
const options = { timeZone: 'Europe/Berlin', command: '/usr/bin/steward', image: 'steward:1' };

describe('the crontab', () => {
  it('calls each job, the last day of the month on every day that may be the last', () => {
    const lines = renderCrontab(jobs, 'crontab', options).split('\n');
    expect(lines).toContain('CRON_TZ=Europe/Berlin');
    expect(lines.filter((line) => line.includes('jobs run'))).toEqual([
      '30 3 * * * /usr/bin/steward jobs run test.nightly',
      '0 20 28-31 * * /usr/bin/steward jobs run test.pay',
      '*/15 8-18 * * 1-5 /usr/bin/steward jobs run test.workday',
      '* * * * * /usr/bin/steward jobs run test.tick',
    ]);
  });
});

describe('the systemd timers', () => {
  it('say the same in the words of systemd', () => {
    const text = renderCrontab(jobs, 'systemd', options);
    const timers = text.split('\n').filter((line) => /^On(Calendar|Unit)/.test(line));
    expect(timers).toEqual([
      'OnCalendar=*-*-* 3:30:00 Europe/Berlin',
      'OnCalendar=*-*~01 20:0:00 Europe/Berlin',
      'OnCalendar=Mon..Fri *-*-* 8..18:0/15:00 Europe/Berlin',
      'OnUnitInactiveSec=5',
    ]);
    expect(text).toContain('ExecStart=/usr/bin/steward jobs run test.pay');
  });
});

describe('the Kubernetes manifests', () => {
  it('have one CronJob per job, in the business time zone, never two at once', () => {
    const documents = renderCrontab(jobs, 'kubernetes', options).split('---\n');
    expect(documents).toHaveLength(4);
    expect(documents[1]).toContain('name: steward-test-pay');
    expect(documents[1]).toContain('schedule: "0 20 28-31 * *"');
    for (const document of documents) {
      expect(document).toContain('timeZone: "Europe/Berlin"');
      expect(document).toContain('concurrencyPolicy: Forbid');
      expect(document).toContain('image: steward:1');
    }
  });
});
