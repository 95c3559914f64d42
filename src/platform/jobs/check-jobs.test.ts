import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { StewardError } from '../errors.ts';
import { checkJobs } from './check-jobs.ts';
import { type AnyJob, defineJob } from './definition.ts';
import { describeFailure } from './failure.ts';

const good = defineJob({
  name: 'test.good',
  description: 'Is as it should be',
  payload: z.object({}),
  timeLimitMs: 1_000,
  schedule: { cron: '0 3 * * *', period: 'day', catchUp: 'each', inOrder: true },
});
const processor = async () => undefined;

function faultsOf(jobs: readonly AnyJob[], processors: Record<string, unknown>): string[] {
  try {
    checkJobs(jobs, processors);
    return [];
  } catch (error) {
    if (!(error instanceof StewardError)) throw error;
    return error.issues.map((issue) => `${issue.path}: ${issue.message}`);
  }
}

describe('jobs at start', () => {
  it('are accepted when each has a processor', () => {
    expect(faultsOf([good], { 'test.good': processor })).toEqual([]);
  });

  it('are refused with every gap together', () => {
    const faults = faultsOf(
      [
        good,
        good,
        { ...good, name: 'Odd' },
        { ...good, name: 'test.cron', schedule: { ...good.schedule, cron: 'daily' } },
        { ...good, name: 'test.order', schedule: { ...good.schedule, catchUp: 'latest' } },
        { ...good, name: 'test.hasty', schedule: { everyMs: 1 } },
        { ...good, name: 'test.needy', payload: z.object({ id: z.string() }) },
        { ...good, name: 'test.lazy', attempts: 0, timeLimitMs: 0 },
      ],
      {
        'test.good': processor,
        'test.cron': processor,
        'test.order': processor,
        'test.hasty': processor,
        'test.needy': processor,
        'test.lazy': processor,
        'test.orphan': processor,
      },
    );
    expect(faults).toEqual([
      'Odd: no processor does it',
      'Odd: the name is not written as context.verb-noun',
      'test.cron: "daily" has not the five fields minute, hour, day, month and weekday',
      'test.order: only a job that runs each period can run them in order',
      'test.hasty: it runs more often than every 100 ms',
      'test.needy: a scheduled job has no payload, but this one needs one',
      'test.lazy: it is never attempted',
      'test.lazy: it has no time',
      'test.good: two jobs have this name',
      'test.orphan: there is a processor, but no job of this name',
    ]);
  });
});

describe('what is kept of a failure', () => {
  it.each([
    [
      new StewardError('conflict', 'too_late', 'The order "42" of ann@example.org is over.'),
      'too_late: The order "…" of …@… is over.',
    ],
    [
      Object.assign(new Error('duplicate key value violates "x": (name)=(Ann)'), {
        code: '23505',
        constraint: 'people_name_key',
        detail: 'Key (name)=(Ann) already exists.',
      }),
      'PostgreSQL 23505 (people_name_key)',
    ],
    [new TypeError("Cannot read 'Ann Smith'"), 'TypeError: Cannot read "…"'],
    [new Error('call +49 (30) 901820 or https://u:secret@h/'), 'Error: call … or https://h/'],
    ['Ann', 'something that is not an error was thrown'],
  ])('is kind and place, not values: %s', (error, kept) => {
    expect(describeFailure(error)).toBe(kept);
  });

  it('is short', () => {
    expect(describeFailure(new Error('x'.repeat(10_000))).length).toBeLessThanOrEqual(300);
  });
});
