import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { engineKinds, useQueueEngines } from '../../../test/queue-engines.ts';
import { invalid } from '../errors.ts';
import { type AnyJob, defineJob } from '../jobs/definition.ts';
import { createLog } from '../log.ts';
import type { QueueEngine } from './engine.ts';
import { createQueues, type Queues } from './queues.ts';
import type { QueuedJob, QueueWorkers, RunJob } from './workers.ts';

const number = z.object({ n: z.number() });
const count = defineJob({
  name: 'test.count',
  description: 'Counts.',
  payload: number,
  timeLimitMs: 1_000,
  backoff: { kind: 'fixed', delayMs: 10 },
});
const tick = defineJob({
  name: 'test.tick',
  description: 'Ticks.',
  payload: z.object({}),
  timeLimitMs: 1_000,
  lane: 'fast',
  schedule: { everyMs: 200 },
});
const nightly = defineJob({
  name: 'test.nightly',
  description: 'Runs at night.',
  payload: z.object({}),
  timeLimitMs: 1_000,
  schedule: { cron: '30 3 * * *', period: 'day', catchUp: 'each' },
});
const ONE_EACH = { fast: 1, work: 1 };
const QUICK_LOCKS = { lockMs: 1_000, stalledCheckMs: 500 };

const engines = useQueueEngines();

function open(engine: QueueEngine, jobs: readonly AnyJob[] = []): Queues {
  const log = createLog({ level: 'silent', part: 'test' }, { write: () => undefined });
  const queues = createQueues({ engine, part: 'main', jobs, timeZone: 'UTC', log });
  onTestFinished(() => queues.close());
  return queues;
}

async function work(queues: Queues, run: RunJob, concurrency = ONE_EACH): Promise<QueueWorkers> {
  const workers = await queues.work(run, { concurrency, locks: QUICK_LOCKS });
  onTestFinished(() => workers.stop(0));
  return workers;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10);
}

describe.each(engineKinds)('queues on %s', (kind) => {
  it('hand a job with its payload to a worker, once', async () => {
    const queues = open(await engines.fresh(kind));
    const seen: QueuedJob[] = [];
    await work(queues, async (job) => void seen.push(job));
    await queues.add(count, { n: 1 });
    await queues.add(count, { n: 2 });
    await until(async () => (await queues.counts()).completed === 2);
    expect(seen).toEqual([
      { name: 'test.count', payload: { n: 1 }, attempt: 1 },
      { name: 'test.count', payload: { n: 2 }, attempt: 1 },
    ]);
  });

  it('wait with a delayed job', async () => {
    const queues = open(await engines.fresh(kind));
    await queues.add(count, { n: 1 }, { delayMs: 60_000 });
    expect(await queues.counts()).toMatchObject({ delayed: 1, waiting: 0 });
  });

  it('keep one of many equal jobs while it waits, and one more while it runs', async () => {
    const queues = open(await engines.fresh(kind));
    const once = { dedupeKey: 'same' };
    for (let n = 0; n < 5; n += 1) await queues.add(count, { n }, once);
    expect(await queues.counts()).toMatchObject({ waiting: 1 });
    let starts = 0;
    const held = Promise.withResolvers<void>();
    await work(queues, async () => {
      starts += 1;
      if (starts === 1) await held.promise;
    });
    await until(() => starts === 1);
    for (let n = 0; n < 5; n += 1) await queues.add(count, { n }, once);
    held.resolve();
    await until(async () => (await queues.counts()).completed === 2);
    await queues.add(count, { n: 9 }, once);
    await until(async () => (await queues.counts()).completed === 3);
    expect(starts).toBe(3);
  });

  it('turn a storm of wakes into few jobs, the last of which comes after the last wake', async () => {
    const queues = open(await engines.fresh(kind));
    let written = 0;
    let read = 0;
    let runs = 0;
    await work(queues, async () => {
      runs += 1;
      read = written;
    });
    for (let round = 0; round < 50; round += 1) {
      for (let n = 0; n < 20; n += 1) {
        written += 1;
        queues.wake(count, { n: 0 }, 'reader');
      }
      await sleep(5);
    }
    await until(() => read === written);
    expect(read).toBe(1_000);
    expect(runs).toBeLessThan(100);
  });

  it('try a failing job again and then keep what went wrong, without its values', async () => {
    const queues = open(await engines.fresh(kind));
    let fails = true;
    const attempts: number[] = [];
    await work(queues, async (job) => {
      attempts.push(job.attempt);
      if (fails) throw new Error('mail to "Ann" <ann@example.org> was refused');
    });
    const id = await queues.add(count, { n: 1 });
    await until(async () => (await queues.counts()).failed === 1);
    expect(attempts).toEqual([1, 2, 3]);
    const [failed] = await queues.failed(10);
    expect(failed).toMatchObject({ id, name: 'test.count', attempts: 3 });
    expect(failed?.failure).toContain('was refused');
    expect(failed?.failure).not.toMatch(/ann/i);
    fails = false;
    await queues.retry(id);
    await until(async () => (await queues.counts()).completed === 1);
    expect(await queues.failed(10)).toEqual([]);
    await expect(queues.retry(id)).rejects.toMatchObject({ code: 'failed_job_not_found' });
    await expect(queues.retry('nonsense')).rejects.toMatchObject({ code: 'failed_job_not_found' });
  });

  it('do not repeat a job whose payload is refused', async () => {
    const queues = open(await engines.fresh(kind));
    let runs = 0;
    await work(queues, async () => {
      runs += 1;
      throw invalid('The payload is wrong.', []);
    });
    await queues.add(count, { n: 1 });
    await until(async () => (await queues.counts()).failed === 1);
    expect(runs).toBe(1);
  });

  it('remember only the last of the jobs that are done', async () => {
    const queues = open(await engines.fresh(kind));
    let runs = 0;
    const run = async () => {
      runs += 1;
    };
    await work(queues, run, { fast: 8, work: 1 });
    await Promise.all(Array.from({ length: 120 }, () => queues.add(tick, {})));
    await until(async () => runs === 120 && (await queues.counts()).active === 0);
    // Fifty, and those that ended at the same moment as the last.
    expect((await queues.counts()).completed).toBeLessThan(60);
  });

  it('propose scheduled jobs, and do so again after they were lost', async () => {
    const engine = await engines.fresh(kind);
    const queues = open(engine, [tick, nightly]);
    const ticks: string[] = [];
    await work(queues, async (job) => void ticks.push(job.name));
    await queues.schedule();
    await queues.schedule();
    await until(() => ticks.length >= 3);
    expect(await queues.counts()).toMatchObject({ delayed: 2 });
    await engines.wipe(engine);
    await queues.schedule();
    const before = ticks.length;
    await until(() => ticks.length >= before + 3);
    expect(new Set(ticks)).toEqual(new Set(['test.tick']));
    expect(await queues.counts()).toMatchObject({ delayed: 2 });
  });

  it('forget the schedule of a job that has none any more', async () => {
    const engine = await engines.fresh(kind);
    await open(engine, [nightly]).schedule();
    const queues = open(engine, []);
    expect(await queues.counts()).toMatchObject({ delayed: 1 });
    await queues.schedule();
    expect(await queues.counts()).toMatchObject({ delayed: 0 });
  });

  it('start no job while paused', async () => {
    const queues = open(await engines.fresh(kind));
    let runs = 0;
    await work(queues, async () => {
      runs += 1;
    });
    await queues.pause();
    expect(await queues.isPaused()).toBe(true);
    await queues.add(count, { n: 1 });
    await sleep(200);
    expect(runs).toBe(0);
    await queues.resume();
    await until(() => runs === 1);
  });

  it('let running jobs end before they stop', async () => {
    const queues = open(await engines.fresh(kind));
    let ended = false;
    let started = false;
    const workers = await work(queues, async () => {
      started = true;
      await sleep(300);
      ended = true;
    });
    await queues.add(count, { n: 1 });
    await until(() => started);
    await workers.stop(10_000);
    expect(ended).toBe(true);
    expect(await queues.counts()).toMatchObject({ completed: 1, active: 0, waiting: 0 });
  });

  it('give back a job that will not end, untried, so that another worker has it at once', async () => {
    const queues = open(await engines.fresh(kind));
    let started = false;
    const stubborn = await work(queues, (_job, signal) => {
      started = true;
      return new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason)),
      );
    });
    await queues.add(count, { n: 1 });
    await until(() => started);
    await stubborn.stop(50);
    expect(await queues.counts()).toMatchObject({ active: 0, waiting: 1, failed: 0 });
    const attempts: number[] = [];
    await work(queues, async (job) => void attempts.push(job.attempt));
    await until(() => attempts.length > 0);
    expect(attempts).toEqual([1]);
  });
});

describe('the service roles on postgres', () => {
  it('are enough for the API to add jobs, but not to schedule any, and for workers to do them', async () => {
    const engine = await engines.fresh('postgres');
    const api = open({ ...engine, role: 'steward_api' });
    await api.add(count, { n: 1 });
    await api.add(count, { n: 2 }, { dedupeKey: 'same' });
    await api.add(count, { n: 3 }, { dedupeKey: 'same' });
    await expect(open({ ...engine, role: 'steward_api' }, [tick]).schedule()).rejects.toThrow(
      /permission denied/,
    );
    const worker = open({ ...engine, role: 'steward_worker' }, [nightly]);
    await worker.schedule();
    const seen: unknown[] = [];
    await work(worker, async (job) => void seen.push(job.payload));
    await until(async () => (await worker.counts()).completed === 2);
    expect(seen).toEqual([{ n: 1 }, { n: 2 }]);
  });
});
