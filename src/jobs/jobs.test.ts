import { describe, expect, it, onTestFinished } from 'vitest';
import { createTestDatabase } from '../../test/database.ts';
import { createEffects, type EffectTables, openTestJobs, QUICK } from '../../test/job-worker.ts';
import { useQueueEngines } from '../../test/queue-engines.ts';
import { createJobs } from './jobs.ts';

const engines = useQueueEngines();

describe('what people see of jobs', () => {
  it('is their schedules, their next period and their last run', async () => {
    const { jobs } = await openTest(async () => undefined);
    expect(jobs.list().map(({ name, schedule }) => `${name}: ${schedule}`)).toEqual([
      'test.daily: 0 0 * * * (each day, in order)',
      'test.tick: every 0.2 s',
      'test.greet: on demand',
    ]);
    await jobs.run('test.daily');
    const [daily, tick] = await jobs.schedules();
    expect(daily?.next?.at.getTime()).toBeGreaterThan(Date.now());
    expect(daily?.last).toMatchObject({ status: 'done', attempt: 1 });
    expect(tick).toMatchObject({ name: 'test.tick', next: null, last: null });
    expect(await jobs.schedules('test.greet')).toMatchObject([{ schedule: 'on demand' }]);
  });

  it('is what failed, each once, and all of it can be tried again', async () => {
    let broken = true;
    const { jobs, greet } = await openTest(async () => {
      if (broken) throw new TypeError('no luck');
    });
    const worker = await jobs.startWorker(QUICK);
    onTestFinished(() => worker.stop(0));
    await greet('one');
    let failed = await jobs.failed(10);
    while (failed.filter((job) => job.name !== 'test.tick').length < 2) {
      failed = await jobs.failed(10);
    }
    const listed = failed.filter((job) => job.name !== 'test.tick');
    expect(listed.map(({ name, failure }) => `${name} ${failure}`).sort()).toEqual([
      'test.daily TypeError: no luck',
      'test.greet TypeError: no luck',
    ]);
    broken = false;
    for (const { id } of listed) {
      // The worker's own next attempt may come first: then there is nothing to try again.
      await jobs.retry(id).catch((error) => expect(error.code).toBe('failed_job_not_found'));
    }
    while ((await jobs.failed(10)).some((job) => job.name !== 'test.tick')) {
      // A worker is at it.
    }
    await expect(jobs.retry('test.daily@2020-01-01')).rejects.toMatchObject({
      code: 'failed_job_not_found',
    });
  });
});

async function openTest(leave: () => Promise<void>) {
  const engine = await engines.fresh('postgres');
  const { db, url } = await createTestDatabase<EffectTables>();
  await createEffects(db);
  const opened = openTestJobs(engine, url, () => ({ leave }));
  onTestFinished(() => opened.close());
  return { jobs: createJobs(opened.setup), greet: opened.greet };
}
