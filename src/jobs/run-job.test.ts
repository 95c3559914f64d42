import { describe, expect, it, onTestFinished } from 'vitest';
import { createTestDatabase } from '../../test/database.ts';
import {
  createEffects,
  type Effects,
  type EffectTables,
  openTestJobs,
} from '../../test/job-worker.ts';
import { useQueueEngines } from '../../test/queue-engines.ts';
import { type RunRequest, runJob } from './run-job.ts';

const engines = useQueueEngines();

async function openTest(effects?: Effects) {
  const engine = await engines.fresh('postgres');
  const { db, url } = await createTestDatabase<EffectTables>();
  await createEffects(db);
  const opened = openTestJobs(engine, url, effects && (() => effects));
  onTestFinished(() => opened.close());
  const { setup } = opened;
  return {
    ...opened,
    run: (name: string, request?: RunRequest) => runJob(setup, name, request),
  };
}

describe('a job run by hand or by cron', () => {
  it('does what is due, then says that nothing is', async () => {
    const { run, db } = await openTest();
    const today = new Date().toISOString().slice(0, 10);
    expect(await run('test.daily')).toMatchObject({
      job: 'test.daily',
      outcome: 'done',
      periods: [{ period: today, outcome: 'done', error: null }],
    });
    expect(await run('test.daily')).toMatchObject({ outcome: 'nothing-due', periods: [] });
    expect(await run('test.daily', { period: today })).toMatchObject({
      outcome: 'already-done',
    });
    expect(await db.selectFrom('effects').select('key').execute()).toEqual([{ key: today }]);
  });

  it('tells what went wrong, and does it when called again', async () => {
    let broken = true;
    const { run, setup } = await openTest({
      leave: async () => {
        if (broken) throw new TypeError('no luck');
      },
    });
    expect(await run('test.daily')).toMatchObject({
      outcome: 'failed',
      error: 'TypeError: no luck',
    });
    expect(await run('test.tick')).toMatchObject({
      outcome: 'failed',
      error: 'TypeError: no luck',
    });
    expect(await setup.runs.list({ status: 'failed', limit: 10 })).toMatchObject([
      { job: 'test.daily', attempt: 1, error: 'TypeError: no luck' },
    ]);
    broken = false;
    expect(await run('test.daily')).toMatchObject({ outcome: 'done', error: null });
    expect(await setup.runs.list({ status: 'failed', limit: 10 })).toEqual([]);
  });

  it('says so when another process is at it', async () => {
    const { run, setup } = await openTest();
    const today = new Date().toISOString().slice(0, 10);
    await setup.runs.claim('test.daily', today, { owner: 'another', leaseMs: 60_000 });
    expect(await run('test.daily')).toMatchObject({ outcome: 'running-elsewhere' });
  });

  it('runs without periods as often as it is called', async () => {
    const { run, db } = await openTest();
    expect(await run('test.tick')).toMatchObject({ outcome: 'done', periods: [] });
    expect(await run('test.tick')).toMatchObject({ outcome: 'done' });
    expect(await db.selectFrom('effects').select('job').execute()).toHaveLength(2);
  });

  it.each([
    ['test.dayly', {}, { code: 'job_not_found', message: expect.stringContaining('test.daily') }],
    ['test.tick', { period: '2026-11-23' }, { code: 'no_periods' }],
    ['test.greet', {}, { code: 'invalid_input', message: expect.stringContaining('id') }],
    ['test.daily', { period: 'yesterday' }, { code: 'invalid_period' }],
  ])('says what is wrong with %s %o', async (name, request, error) => {
    const { run } = await openTest();
    await expect(run(name, request)).rejects.toMatchObject(error);
  });
});
