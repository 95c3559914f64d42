import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../test/database.ts';
import { createVirtualClock, type VirtualClock } from '../clock.ts';
import type { CronSchedule } from './definition.ts';
import { createJobRuns, type JobRuns, type JobTables } from './job-runs.ts';
import { isUnattended, type PeriodicRun, runDue, runNamedPeriod } from './run-period.ts';

const DAY_MS = 86_400_000;
const daily: CronSchedule = { cron: '0 3 * * *', period: 'day', catchUp: 'each', inOrder: true };
let owners = 0;

/** A job's book in a database of its own, and a clock at noon. */
async function openBook() {
  const { db, open } = await createTestDatabase<JobTables>();
  return {
    db,
    open,
    runs: createJobRuns(db),
    clock: createVirtualClock(new Date('2026-11-23T12:00Z')),
  };
}

function runOf(runs: JobRuns, clock: VirtualClock, more: Partial<PeriodicRun> = {}): PeriodicRun {
  return {
    runs,
    job: 'test.daily',
    schedule: daily,
    timeZone: 'UTC',
    timeLimitMs: 10_000,
    now: clock.now(),
    nextOwner: () => {
      owners += 1;
      return `test ${owners}`;
    },
    signal: new AbortController().signal,
    ...more,
  };
}

const outcomes = (round: Awaited<ReturnType<typeof runDue>>) =>
  round.map(({ period, outcome }) => `${period} ${outcome.outcome}`);

describe('a period', () => {
  it('takes effect once, although ten run it at once', async () => {
    const { runs, clock } = await openBook();
    let effects = 0;
    const work = async () => {
      await sleep(20);
      effects += 1;
    };
    const rounds = await Promise.all(
      Array.from({ length: 10 }, () => runDue(runOf(runs, clock), work)),
    );
    expect(effects).toBe(1);
    expect(rounds.flatMap(outcomes).filter((line) => line.endsWith(' done'))).toHaveLength(1);
    expect(await runs.list({ limit: 10 })).toMatchObject([
      { job: 'test.daily', period: '2026-11-23', status: 'done', attempt: 1 },
    ]);
    expect(await runDue(runOf(runs, clock), work)).toEqual([]);
  });

  it('is run for every day that was missed, in order, by two schedulers together', async () => {
    const { runs, clock } = await openBook();
    const ran: string[] = [];
    const round = () => runDue(runOf(runs, clock), async (period) => void ran.push(period.key));
    await Promise.all([round(), round()]);
    clock.advance(4 * DAY_MS);
    await Promise.all([round(), round()]);
    // Whoever met the other at work left the rest to it, or to the next round.
    await round();
    expect(ran).toEqual(['2026-11-23', '2026-11-24', '2026-11-25', '2026-11-26', '2026-11-27']);
  });

  it('blocks later ones while it fails, and is done with them when it works again', async () => {
    const { runs, clock } = await openBook();
    await runDue(runOf(runs, clock), async () => undefined);
    clock.advance(3 * DAY_MS);
    let broken = true;
    const work = async (period: { key: string }) => {
      if (broken && period.key === '2026-11-25') throw new Error('broken for "Ann"');
      return { customers: 3n };
    };
    expect(outcomes(await runDue(runOf(runs, clock), work))).toEqual([
      '2026-11-24 done',
      '2026-11-25 failed',
    ]);
    expect(await runs.list({ status: 'failed', limit: 10 })).toMatchObject([
      { period: '2026-11-25', attempt: 1, error: 'Error: broken for "…"' },
    ]);
    await expect(runNamedPeriod(runOf(runs, clock), '2026-11-26', work)).rejects.toMatchObject({
      code: 'earlier_period_open',
    });
    broken = false;
    expect(outcomes(await runDue(runOf(runs, clock), work))).toEqual([
      '2026-11-25 done',
      '2026-11-26 done',
    ]);
    expect(await runs.list({ job: 'test.daily', limit: 1 })).toMatchObject([
      { period: '2026-11-26', result: { customers: '3' }, error: null },
    ]);
  });

  it('does not block later ones where order does not matter', async () => {
    const { runs, clock } = await openBook();
    const anyOrder = { schedule: { ...daily, inOrder: false } };
    await runDue(runOf(runs, clock, anyOrder), async () => undefined);
    clock.advance(2 * DAY_MS);
    const round = await runDue(runOf(runs, clock, anyOrder), async (period) => {
      if (period.key === '2026-11-24') throw new Error('broken');
    });
    expect(outcomes(round)).toEqual(['2026-11-24 failed', '2026-11-25 done']);
  });

  it('is taken over from a worker that went away, and only then', async () => {
    const { runs, clock } = await openBook();
    expect(await runs.claim('test.daily', '2026-11-23', { owner: 'dead', leaseMs: 300 })).toEqual({
      kind: 'claimed',
      attempt: 1,
    });
    const run = () => runDue(runOf(runs, clock), async () => undefined);
    expect(outcomes(await run())).toEqual(['2026-11-23 running-elsewhere']);
    expect(await isUnattended(runOf(runs, clock))).toBe(false);
    while (!(await isUnattended(runOf(runs, clock)))) await sleep(20);
    expect(outcomes(await run())).toEqual(['2026-11-23 done']);
    expect(
      await runs.finish('test.daily', '2026-11-23', 'dead', { status: 'done', result: null }),
    ).toBe(false);
    expect(await runs.list({ limit: 10 })).toMatchObject([{ attempt: 2, status: 'done' }]);
  });

  it('stays with a worker that takes longer than its lease but is alive', async () => {
    const { runs, clock } = await openBook();
    const slow = runDue(runOf(runs, clock, { leaseMs: 300 }), () => sleep(900));
    await sleep(600);
    const other = await runDue(runOf(runs, clock), async () => undefined);
    expect(outcomes(other)).toEqual(['2026-11-23 running-elsewhere']);
    expect(outcomes(await slow)).toEqual(['2026-11-23 done']);
  });

  it('fails when it takes too long, and its work is told', async () => {
    const { runs, clock } = await openBook();
    let told = false;
    const round = await runDue(runOf(runs, clock, { timeLimitMs: 50 }), (_period, signal) => {
      signal.addEventListener('abort', () => {
        told = true;
      });
      return new Promise(() => undefined);
    });
    expect(round).toMatchObject([{ outcome: { outcome: 'failed', error: /longer than/ } }]);
    expect(told).toBe(true);
  });

  it('is given back at once when the process stops', async () => {
    const { runs, clock } = await openBook();
    const stop = new AbortController();
    const stopped = runDue(runOf(runs, clock, { signal: stop.signal }), async () => {
      stop.abort();
      await new Promise(() => undefined);
    });
    expect(outcomes(await stopped)).toEqual(['2026-11-23 failed']);
    expect(outcomes(await runDue(runOf(runs, clock), async () => undefined))).toEqual([
      '2026-11-23 done',
    ]);
  });

  it('can be named, but not before it begins, and not in other words', async () => {
    const { runs, clock } = await openBook();
    const named = (key: string) => runNamedPeriod(runOf(runs, clock), key, async () => 'ok');
    expect(await named('2026-11-23')).toMatchObject({ outcome: 'done', result: 'ok' });
    expect(await named('2026-11-23')).toEqual({ outcome: 'already-done' });
    await expect(named('2026-11-24')).rejects.toMatchObject({ code: 'period_not_due' });
    await expect(named('2026-W48')).rejects.toMatchObject({ code: 'invalid_period' });
  });
});

describe('the book of runs', () => {
  it('forgets old runs, but never the newest of a job', async () => {
    const { db, runs } = await openBook();
    const end = { status: 'done', result: null } as const;
    for (const [job, period] of [
      ['test.daily', '2026-01-01'],
      ['test.daily', '2026-01-02'],
      ['test.daily', '2026-11-22'],
      ['test.rare', '2026-01'],
    ] as const) {
      await runs.claim(job, period, { owner: 'one', leaseMs: 1_000 });
      await runs.finish(job, period, 'one', end);
    }
    await db
      .updateTable('platform.job_runs')
      .set({ finished_at: new Date('2026-01-03') })
      .where('period', '<', '2026-11-22')
      .execute();
    expect(await runs.purge(new Date('2026-08-01'))).toBe(2);
    expect((await runs.newest()).map(({ job, period }) => `${job} ${period}`)).toEqual([
      'test.daily 2026-11-22',
      'test.rare 2026-01',
    ]);
  });

  it('may be written by workers and ops, and only read by the API', async () => {
    const { open } = await openBook();
    const lease = { owner: 'one', leaseMs: 1_000 };
    const as = (role: string) => createJobRuns(open(role));
    await expect(as('steward_api').claim('test.daily', '2026-11-23', lease)).rejects.toThrow(
      /permission denied/,
    );
    expect(await as('steward_ops').claim('test.daily', '2026-11-23', lease)).toMatchObject({
      kind: 'claimed',
    });
    expect(await as('steward_worker').claim('test.daily', '2026-11-24', lease)).toMatchObject({
      kind: 'claimed',
    });
    expect(await as('steward_api').newest()).toHaveLength(1);
  });
});
