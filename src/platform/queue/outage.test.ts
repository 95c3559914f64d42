import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { cutBefore } from '../../../test/network-cut.ts';
import { engineKinds, useQueueEngines } from '../../../test/queue-engines.ts';
import { hasRedis, startRedis } from '../../../test/redis-server.ts';
import { defineJob } from '../jobs/definition.ts';
import { createLog } from '../log.ts';
import type { QueueEngine } from './engine.ts';
import { createQueues } from './queues.ts';

const engines = useQueueEngines();
const poke = defineJob({
  name: 'test.poke',
  description: 'Pokes.',
  payload: z.object({}),
  timeLimitMs: 1_000,
});
const locks = { lockMs: 1_000, stalledCheckMs: 500 };
const concurrency = { fast: 1, work: 1 };

/** Queues that write their log into `lines`. */
function open(engine: QueueEngine) {
  const lines: string[] = [];
  const log = createLog(
    { level: 'info', part: 'test' },
    { write: (line: string) => void lines.push(line) },
  );
  const queues = createQueues({ engine, part: 'main', jobs: [], timeZone: 'UTC', log });
  onTestFinished(() => queues.close());
  return { queues, lines };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

/** Adds until it works: the connection needs a moment to come back. */
async function eventually<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch {
      await sleep(50);
    }
  }
}

describe.each(engineKinds)('when the connection to %s is lost', (kind) => {
  it('refuses what is added meanwhile, and goes on by itself afterwards', async () => {
    const direct = await engines.fresh(kind);
    const network = await cutBefore(direct.url);
    const { queues, lines } = open({ ...direct, url: network.url });
    let runs = 0;
    const run = async () => {
      runs += 1;
    };
    const workers = await queues.work(run, { concurrency, locks });
    onTestFinished(() => workers.stop(0));
    await queues.add(poke, {});
    await until(() => runs === 1);

    await network.cut();
    for (let n = 0; n < 5; n += 1) {
      await expect(queues.add(poke, {})).rejects.toMatchObject({ code: 'queue_unavailable' });
      queues.wake(poke, {}, 'anybody');
      await sleep(100);
    }
    await network.mend();

    await eventually(() => queues.add(poke, {}));
    await until(() => runs >= 2);
    expect(lines.join('')).toMatch(/has trouble/);
    expect(lines.join('')).toMatch(/works again/);
    expect(lines.length).toBeLessThan(20);
    expect(lines.join('')).not.toMatch(/node_modules|"stack"/);
  });

  it('opens when the engine comes up later than the process', async () => {
    const direct = await engines.fresh(kind);
    const network = await cutBefore(direct.url);
    await network.cut();
    const { queues } = open({ ...direct, url: network.url });
    await expect(queues.check()).rejects.toMatchObject({ code: 'queue_unavailable' });
    await expect(queues.add(poke, {})).rejects.toMatchObject({ code: 'queue_unavailable' });
    await expect(queues.work(async () => undefined, { concurrency, locks })).rejects.toMatchObject({
      code: 'queue_unavailable',
    });
    await network.mend();
    await eventually(() => queues.add(poke, {}));
    let runs = 0;
    const run = async () => {
      runs += 1;
    };
    const workers = await queues.work(run, { concurrency, locks });
    onTestFinished(() => workers.stop(0));
    await until(() => runs === 1);
  });

  it('closes while the engine is away', async () => {
    const direct = await engines.fresh(kind);
    const network = await cutBefore(direct.url);
    const { queues } = open({ ...direct, url: network.url });
    const workers = await queues.work(async () => undefined, { concurrency, locks });
    await queues.add(poke, {});
    await network.cut();
    await workers.stop(1_000);
    await queues.close();
  });
});

describe.runIf(hasRedis)('a Redis that may drop jobs', () => {
  it.each(['allkeys-lru', 'volatile-ttl'])('is refused: %s', async (policy) => {
    const redis = await startRedis(policy);
    onTestFinished(() => redis.remove());
    const { queues } = open({ kind: 'redis', url: redis.url });
    await expect(queues.check()).rejects.toMatchObject({
      code: 'redis_evicts',
      message: expect.stringMatching(
        new RegExp(`"${policy}".*"noeviction".*config set maxmemory-policy noeviction`),
      ),
    });
    await expect(queues.add(poke, {})).rejects.toMatchObject({ code: 'redis_evicts' });
  });

  it('is recognised where CONFIG is forbidden', async () => {
    const redis = await startRedis('allkeys-lru');
    onTestFinished(() => redis.remove());
    await redis.command('ACL', 'SETUSER', 'default', '-config');
    const { queues } = open({ kind: 'redis', url: redis.url });
    await expect(queues.check()).rejects.toMatchObject({ code: 'redis_evicts' });
  });
});

describe('a database whose tables for jobs are', () => {
  it.each([
    ['missing', 'drop schema bullmq cascade'],
    ['of an older version', 'delete from bullmq.migration where version > 3'],
  ])('%s is refused with what to do', async (_what, statement) => {
    const engine = await engines.fresh('postgres');
    const client = new pg.Client({ connectionString: engine.url });
    await client.connect();
    await client.query(statement);
    await client.end();
    const { queues } = open(engine);
    await expect(queues.check()).rejects.toMatchObject({
      code: 'database_not_migrated',
      message: expect.stringContaining('steward db migrate'),
    });
  });
});
