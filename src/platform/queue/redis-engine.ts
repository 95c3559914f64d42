import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { StewardError, unavailable } from '../errors.ts';
import {
  type Engine,
  type EngineContext,
  QUEUE_OPTIONS,
  type QueueEngine,
  workerOptions,
} from './engine.ts';

/** All keys of steward begin so: a Redis is seldom used by one program alone. */
const PREFIX = 'steward';
const CONNECT_TIMEOUT_MS = 2_000;
/** States of ioredis in which a connection is not even being made. */
const AWAY = new Set(['close', 'end', 'reconnecting']);

/** BullMQ on Redis. */
export function createRedisEngine(
  engine: Extract<QueueEngine, { kind: 'redis' }>,
  context: EngineContext,
): Engine {
  let producer: Redis | undefined;
  let consumer: Redis | undefined;
  // A failover or a new configuration can bring another policy: each new connection is checked.
  let accepted: Promise<void> | undefined;
  const openProducer = (): Redis => {
    // Adding fails at once while Redis is away: a wake that waits for hours is worth nothing.
    const client = openClient(engine.url, context, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      commandTimeout: 5_000,
    });
    client.on('close', () => {
      accepted = undefined;
    });
    producer = client;
    return client;
  };
  const check = async () => {
    const client = producer ?? openProducer();
    await connected(client, engine.url);
    accepted ??= assertNoEviction(client, engine.url);
    await accepted.catch((error: unknown) => {
      accepted = undefined;
      throw error;
    });
    return client;
  };
  return {
    check: async () => void (await check()),
    // While it waits for its next try to reconnect there is nothing to wait for here.
    available: async () => {
      if (producer && AWAY.has(producer.status)) throw away(engine.url);
      await check();
    },
    openQueue: async (name) => {
      const connection = await check();
      const queue = new Queue(name, {
        ...QUEUE_OPTIONS,
        connection,
        prefix: PREFIX,
        settings: { repeatStrategy: context.repeatStrategy },
      });
      queue.on('error', context.onError);
      await queue.waitUntilReady();
      return queue;
    },
    openWorker: async (name, work) => {
      await check();
      consumer ??= openClient(engine.url, context, { maxRetriesPerRequest: null });
      const worker = new Worker(name, work.process, {
        ...workerOptions(work, context.repeatStrategy),
        connection: consumer,
        prefix: PREFIX,
      });
      worker.on('error', context.onError);
      await worker.waitUntilReady();
      return worker;
    },
    close: async () => {
      producer?.disconnect();
      consumer?.disconnect();
    },
  };
}

function openClient(url: string, context: EngineContext, options: object): Redis {
  const client = new Redis(url, {
    connectTimeout: CONNECT_TIMEOUT_MS,
    // Up to 3 s: soon back after a restart, and no storm while it lasts.
    retryStrategy: (times: number) => Math.min(times * 200, 3_000),
    ...options,
  });
  client.on('error', context.onError);
  client.on('ready', () => context.onWorking());
  return client;
}

/** Waits for the connection, but not longer than connecting may take. */
async function connected(client: Redis, url: string): Promise<void> {
  if (client.status === 'ready') return;
  const ready = await new Promise<boolean>((resolve) => {
    const settle = (answer: boolean) => {
      clearTimeout(timer);
      client.off('ready', onReady);
      resolve(answer);
    };
    const onReady = () => settle(true);
    const timer = setTimeout(() => settle(false), CONNECT_TIMEOUT_MS);
    client.once('ready', onReady);
  });
  if (!ready) throw away(url);
}

function away(url: string) {
  return unavailable(
    'queue_unavailable',
    `Redis at ${new URL(url).host} does not answer. Is it running, and is REDIS_URL right?`,
  );
}

/**
 * Jobs are no cache: under any policy but `noeviction` Redis drops them when memory runs short.
 * @throws StewardError `redis_evicts` with the setting to change
 */
async function assertNoEviction(client: Redis, url: string): Promise<void> {
  const policy = await readPolicy(client);
  if (policy === 'noeviction') return;
  const found = policy === undefined ? 'does not tell its' : `has the "${policy}"`;
  throw new StewardError(
    'invalid',
    'redis_evicts',
    `Redis at ${new URL(url).host} ${found} maxmemory-policy, but jobs need "noeviction": under any other policy Redis deletes jobs when memory runs short. Run "redis-cli config set maxmemory-policy noeviction" and put "maxmemory-policy noeviction" into redis.conf.`,
    { data: { found: policy ?? null, expected: 'noeviction' } },
  );
}

async function readPolicy(client: Redis): Promise<string | undefined> {
  try {
    const answer: unknown = await client.call('CONFIG', 'GET', 'maxmemory-policy');
    if (Array.isArray(answer) && typeof answer[1] === 'string') return answer[1];
  } catch {
    // Hosted Redis often forbids CONFIG; INFO says the same.
  }
  const info = await client.info('memory');
  return /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
}
