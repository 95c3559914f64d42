import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from './figure.ts';
import { childEnvironment, type Server, startProgram } from './programs.ts';

/** The HTTP part, in its own process, as it is run in earnest. */
export interface ApiProcess extends Server {
  url: string;
  home: string;
}

/** Starts `steward start api` over a database; it ends with the figure. */
export async function startApi(
  bench: Bench,
  options: { databaseUrl: string; home: string; redisUrl?: string },
): Promise<ApiProcess> {
  const environment = await partEnvironment(options);
  const args = ['bin/run.js', 'start', 'api', '--json'];
  const server = await startProgram(process.execPath, args, environment);
  bench.cleanup.defer(() => server.stop());
  const { url } = JSON.parse(server.firstLine) as { url: string };
  return { ...server, url, home: options.home };
}

/** Starts `steward start worker` over a database; it ends with the figure. */
export async function startWorker(
  bench: Bench,
  options: { databaseUrl: string; home: string; redisUrl?: string },
): Promise<Server> {
  const environment = await partEnvironment(options);
  const args = ['bin/run.js', 'start', 'worker', '--json'];
  const server = await startProgram(process.execPath, args, environment);
  bench.cleanup.defer(() => server.stop());
  return server;
}

/** No limit per caller, for a few callers here send what thousands would; nothing else is special. */
async function partEnvironment(options: { databaseUrl: string; home: string; redisUrl?: string }) {
  await mkdir(options.home, { recursive: true });
  const rules = join(options.home, 'bench-rules.json');
  await writeFile(rules, JSON.stringify({ http: { requestsPerMinute: null } }));
  return childEnvironment({
    STEWARD_HOME: options.home,
    STEWARD_RULES: rules,
    DATABASE_URL: options.databaseUrl,
    LOG_LEVEL: 'warn',
    PORT: '0',
    ...(options.redisUrl ? { REDIS_URL: options.redisUrl } : {}),
  });
}
