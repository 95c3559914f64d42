import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTestDatabase } from '../../test/database.ts';
import { createEffects, type EffectTables, openTestJobs, QUICK } from '../../test/job-worker.ts';
import { engineKinds, useQueueEngines } from '../../test/queue-engines.ts';
import type { QueueEngine } from '../platform/queue/engine.ts';
import { startWorker } from './worker.ts';

const engines = useQueueEngines();
const TODAY = () => new Date().toISOString().slice(0, 10);

async function openTest(kind: QueueEngine['kind']) {
  const engine = await engines.fresh(kind);
  const { url, db } = await createTestDatabase<EffectTables>();
  await createEffects(db);
  const open = () => {
    const opened = openTestJobs(engine, url);
    onTestFinished(() => opened.close());
    return opened;
  };
  const start = async () => {
    const worker = await startWorker(open().setup, QUICK);
    onTestFinished(() => worker.stop(0));
    return worker;
  };
  return { engine, url, open, start };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

describe.each(engineKinds)('a worker on %s', (kind) => {
  it('catches up at start, and five of them do each period once', async () => {
    const { open, start } = await openTest(kind);
    const { db, setup } = open();
    await Promise.all([start(), start(), start(), start(), start()]);
    await until(async () => (await setup.runs.newest())[0]?.status === 'done');
    await sleep(500);
    const effects = await db
      .selectFrom('effects')
      .select('key')
      .where('job', '=', 'test.daily')
      .execute();
    expect(effects).toEqual([{ key: TODAY() }]);
  });

  it('is replaced when it is killed in the middle: every job is done, the period once', async () => {
    const { engine, url, open, start } = await openTest(kind);
    const { db, setup, queues, greet } = open();
    const script = join(import.meta.dirname, '../../test/doomed-worker.ts');
    const doomed = spawn(process.execPath, [script, JSON.stringify(engine), url], {
      stdio: 'ignore',
    });
    const gone = once(doomed, 'exit');
    await greet('one');
    await until(async () => (await db.selectFrom('starts').select('job').execute()).length === 2);
    doomed.kill('SIGKILL');
    await gone;
    await start();
    await until(async () => {
      const rows = await db
        .selectFrom('effects')
        .selectAll()
        .where('job', '!=', 'test.tick')
        .execute();
      return rows.length === 2;
    });
    await until(async () => (await setup.runs.newest())[0]?.status === 'done');
    const effects = await db
      .selectFrom('effects')
      .select(['job', 'key'])
      .where('job', '!=', 'test.tick')
      .orderBy('job')
      .execute();
    expect(effects).toEqual([
      { job: 'test.daily', key: TODAY() },
      { job: 'test.greet', key: 'one' },
    ]);
    expect(await setup.runs.newest()).toMatchObject([{ job: 'test.daily', attempt: 2 }]);
    expect(await queues.failed(10)).toEqual([]);
  });

  it('goes on ticking after the queue lost everything', async () => {
    const { engine, open, start } = await openTest(kind);
    const { db } = open();
    await start();
    const ticks = async () =>
      (await db.selectFrom('effects').select('job').where('job', '=', 'test.tick').execute())
        .length;
    await until(async () => (await ticks()) >= 2);
    await engines.wipe(engine);
    const before = await ticks();
    await until(async () => (await ticks()) >= before + 3);
  });

  it('stops without leaving a job behind as active', async () => {
    const { open, start } = await openTest(kind);
    const { queues, greet } = open();
    const worker = await start();
    for (let n = 0; n < 20; n += 1) await greet(String(n));
    await worker.stop(5_000);
    expect(await queues.counts()).toMatchObject({ active: 0, failed: 0 });
  });
});
