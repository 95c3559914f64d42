import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import type { QueueEngine } from '../src/platform/queue/engine.ts';
import { migrateQueue } from '../src/platform/queue/migrate.ts';
import { createTestDatabase } from './database.ts';
import { hasRedis, startRedis, type TestRedis } from './redis-server.ts';

/** The engines that can be tested on this machine: both, or PostgreSQL with a word about Redis. */
export const engineKinds = hasRedis ? (['postgres', 'redis'] as const) : (['postgres'] as const);

type EngineOf<Kind> = Extract<QueueEngine, { kind: Kind }>;

/** Gives the tests of this file empty queues on either engine. */
export function useQueueEngines() {
  let redis: TestRedis | undefined;
  beforeAll(async () => {
    if (hasRedis) redis = await startRedis();
    else process.stderr.write('redis-server is not installed: the tests of Redis are skipped.\n');
  });
  afterAll(() => redis?.remove());
  return {
    /** A database of its own, or the flushed Redis. */
    async fresh<Kind extends QueueEngine['kind']>(kind: Kind): Promise<EngineOf<Kind>> {
      if (kind === 'redis' && redis) {
        await redis.flush();
        return { kind, url: redis.url } as EngineOf<Kind>;
      }
      const { url } = await createTestDatabase();
      await withClient(url, migrateQueue);
      return { kind, url } as EngineOf<Kind>;
    },
    /** Loses everything that the engine holds, as `FLUSHALL` does. */
    async wipe(engine: QueueEngine): Promise<void> {
      if (engine.kind === 'redis') return redis?.flush();
      await withClient(engine.url, (client) =>
        client.query('truncate bullmq.job, bullmq.scheduler, bullmq.meta, bullmq.dedup cascade'),
      );
    },
  };
}

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
