import { createPostgresBackend, Queue, Worker } from 'bullmq';
import pg from 'pg';
import { StewardError, unavailable } from '../errors.ts';
import {
  type Engine,
  type EngineContext,
  QUEUE_OPTIONS,
  type QueueEngine,
  workerOptions,
} from './engine.ts';
import { isQueueMigrated } from './migrate.ts';

/** Enough for a process that only adds jobs: the second one when the first is slow. */
const PRODUCER_CONNECTIONS = 2;
/** Each lane's worker keeps one for LISTEN; the others fetch and finish jobs. */
const WORKER_CONNECTIONS = 6;

/** BullMQ on PostgreSQL. Never migrates: `steward db migrate` does. */
export function createPostgresEngine(
  engine: Extract<QueueEngine, { kind: 'postgres' }>,
  context: EngineContext,
): Engine {
  const producers = openPool(engine, 'steward queue', PRODUCER_CONNECTIONS, context);
  let workers: pg.Pool | undefined;
  const check = () => assertReachable(producers, engine.url);
  return {
    check,
    // The pool itself gives up after two seconds; asking first would double the round trips.
    available: () => Promise.resolve(),
    openQueue: async (name) => {
      await check();
      const options = {
        ...QUEUE_OPTIONS,
        connection: producers,
        settings: { repeatStrategy: context.repeatStrategy },
      };
      const queue = new Queue(name, options, createPostgresBackend);
      queue.on('error', context.onError);
      await queue.waitUntilReady();
      return queue;
    },
    openWorker: async (name, work) => {
      await check();
      workers ??= openPool(engine, 'steward worker', WORKER_CONNECTIONS, context);
      const options = { ...workerOptions(work, context.repeatStrategy), connection: workers };
      const worker = new Worker(name, work.process, options, createPostgresBackend);
      worker.on('error', context.onError);
      await worker.waitUntilReady();
      return worker;
    },
    close: async () => {
      await Promise.all([producers.end(), workers?.end()]);
    },
  };
}

/**
 * BullMQ remembers for ever that its first connection failed, so a queue is only made once the
 * server has answered.
 */
async function assertReachable(pool: pg.Pool, url: string): Promise<void> {
  try {
    if (await isQueueMigrated(pool)) return;
  } catch (error) {
    const { host, pathname } = new URL(url);
    throw unavailable(
      'queue_unavailable',
      `The job queue in PostgreSQL at ${host}${pathname} does not answer at the moment.`,
      error,
    );
  }
  throw new StewardError(
    'conflict',
    'database_not_migrated',
    'The database has no tables for jobs, or too old ones. Run "steward db migrate".',
  );
}

function openPool(
  engine: Extract<QueueEngine, { kind: 'postgres' }>,
  applicationName: string,
  max: number,
  context: EngineContext,
): pg.Pool {
  const role = engine.role ? ` -c role=${engine.role}` : '';
  const pool = new pg.Pool({
    connectionString: engine.url,
    application_name: applicationName,
    max,
    keepAlive: true,
    // A listener whose connection broke in silence would hear of no job for hours.
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: 2_000,
    // Statements of a queue take milliseconds; one that hangs must not hang its worker.
    options: `-c search_path=bullmq -c statement_timeout=15000${role}`,
  });
  pool.on('error', context.onError);
  pool.on('connect', () => context.onWorking());
  return pool;
}
