import type { App } from './app.ts';
import { mainJobs } from './main-jobs.ts';
import { SERVICE_ROLES } from './platform/postgres/roles.ts';
import type { QueueEngine } from './platform/queue/engine.ts';
import { createQueues, type Queues } from './platform/queue/queues.ts';
import { consumeStreamJob } from './stream/jobs.ts';

/** The main part's queues, on Redis where `REDIS_URL` is set and else in the main database. */
export function createMainQueues(app: Pick<App, 'config' | 'database' | 'log' | 'part'>): Queues {
  const { config, database, log } = app;
  const role = { api: SERVICE_ROLES.api, worker: SERVICE_ROLES.worker, cli: undefined }[app.part];
  const engine: QueueEngine = config.redisUrl
    ? { kind: 'redis', url: config.redisUrl }
    : { kind: 'postgres', url: database.url, role };
  return createQueues({ engine, part: 'main', jobs: mainJobs, timeZone: config.timeZone, log });
}

/** After each commit wakes the consumers of the order stream, without waiting for it. */
export function wakeAfterCommits(app: Pick<App, 'onCommitted' | 'stream'>, queues: Queues): void {
  app.onCommitted(() => {
    for (const consumer of app.stream.consumerNames) {
      queues.wake(consumeStreamJob, { consumer }, `consume ${consumer}`);
    }
  });
}
