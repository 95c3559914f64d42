import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

/** A Redis of one test's own. */
export interface TestRedis {
  url: string;
  /** Forgets everything, as a Redis without persistence does when it restarts. */
  flush(): Promise<void>;
  command(name: string, ...args: string[]): Promise<void>;
  /** Ends the server and removes its folder. */
  remove(): Promise<void>;
}

/** Whether there is a `redis-server` to test with; Debian: `apt-get install redis-server`. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

/** Starts a Redis on a free port of this machine, with this `maxmemory-policy`. */
export async function startRedis(policy = 'noeviction'): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'steward-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const server = spawn(
    'redis-server',
    [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
      ...['--save', '', '--appendonly', 'no', '--maxmemory-policy', policy],
    ],
    { stdio: 'ignore' },
  );
  const ended = once(server, 'exit');
  await withClient(url, (client) => client.ping());
  return {
    url,
    flush: () => withClient(url, (client) => client.flushall()),
    command: (name, ...args) => withClient(url, (client) => client.call(name, ...args)),
    remove: async () => {
      server.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function withClient(url: string, work: (client: Redis) => Promise<unknown>): Promise<void> {
  const client = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: 200 });
  client.on('error', () => undefined);
  try {
    await work(client);
  } finally {
    client.disconnect();
  }
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
