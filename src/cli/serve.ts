import { type App, openApp } from '../app.ts';
import { createMainDatabase, type MainDatabase } from '../main-database.ts';
import type { Config } from '../platform/config.ts';
import { StewardError, unavailable } from '../platform/errors.ts';
import { createLog } from '../platform/log.ts';
import type { Queues } from '../platform/queue/queues.ts';

/** What one process of `steward start` does. */
export interface ServedParts {
  api: boolean;
  worker: boolean;
}

/** A process that serves. */
export interface Serving {
  /** Of the HTTP API, where it is served. */
  url: string | null;
  database: MainDatabase;
  /** The first of the parts that were opened: to look at the data with. */
  app: App;
  /** Drains: requests are answered, jobs end or are given back, connections close. */
  stop(): Promise<void>;
}

/**
 * Starts the parts over one database. When one cannot start, those before it are stopped.
 * @throws StewardError as `openApp`, `port_taken`, `queue_unavailable`, `redis_evicts`
 */
export async function serve(config: Config, parts: ServedParts, version: string): Promise<Serving> {
  const stops: (() => Promise<void>)[] = [];
  /** In the opposite order of the start; one that fails does not keep the others from stopping. */
  const stop = once(async () => {
    for (const one of stops.reverse()) await one().catch(() => undefined);
  });
  try {
    const log = createLog({ level: config.logLevel, part: 'start' });
    const database = await createMainDatabase(config, log, true);
    stops.push(() => database.close());
    const apps: App[] = [];
    let url: string | null = null;
    if (parts.worker) {
      const app = await openApp(config, 'worker', { database });
      stops.push(() => app.close());
      const { startMainWorker } = await import('../jobs/main.ts');
      const worker = await startMainWorker(app);
      stops.push(() => worker.stop());
      apps.push(app);
    }
    if (parts.api) {
      const app = await openApp(config, 'api', { database });
      stops.push(() => app.close());
      const api = await serveApi(app, version);
      stops.push(() => api.stop());
      url = api.url;
      apps.push(app);
    }
    const [app] = apps;
    if (!app) throw new Error('Nothing to serve.');
    return { url, database, app, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function serveApi(
  app: App,
  version: string,
): Promise<{ url: string; stop(): Promise<void> }> {
  const [{ startApi }, { createMainQueues, wakeAfterCommits }] = await Promise.all([
    import('../api/main.ts'),
    import('../main-queues.ts'),
  ]);
  const queues = createMainQueues(app);
  const { host, port } = app.config.http;
  try {
    await refuseUnfitQueue(queues);
    wakeAfterCommits(app, queues);
    const api = await startApi(app, { host, port, version });
    return {
      url: api.url,
      stop: async () => {
        await api.stop();
        await queues.close();
      },
    };
  } catch (error) {
    await queues.close();
    throw isTaken(error) ? portTaken(host, port, error) : error;
  }
}

/**
 * A queue that is set up wrongly is refused at the start. One that is away is not: orders do not
 * wait for it, and the worker finds their events a little later.
 */
async function refuseUnfitQueue(queues: Queues): Promise<void> {
  await queues.check().catch((error: unknown) => {
    if (!(error instanceof StewardError) || error.code !== 'queue_unavailable') throw error;
  });
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

function portTaken(host: string, port: number, cause: unknown) {
  return unavailable(
    'port_taken',
    `Port ${port} of ${host} is taken by another program. Set PORT to a free one, or stop it.`,
    cause,
  );
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}
