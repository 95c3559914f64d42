import { paymentsJobs } from './contexts/payments/jobs.ts';
import type { PaymentsApp } from './payments-app.ts';
import { PAYMENTS_ROLES } from './platform/postgres/roles.ts';
import type { QueueEngine } from './platform/queue/engine.ts';
import { createQueues, type Queues } from './platform/queue/queues.ts';

/** Payments' own queues, on Redis where `REDIS_URL` is set and else in payments' database. */
export function createPaymentsQueues(
  app: Pick<PaymentsApp, 'config' | 'database' | 'log' | 'part'>,
): Queues {
  const { config, database, log } = app;
  const role = app.part === 'cli' ? undefined : PAYMENTS_ROLES.worker;
  const engine: QueueEngine = config.redisUrl
    ? { kind: 'redis', url: config.redisUrl }
    : { kind: 'postgres', url: database.url, role };
  const { timeZone } = config;
  return createQueues({ engine, part: 'payments', jobs: paymentsJobs, timeZone, log });
}
