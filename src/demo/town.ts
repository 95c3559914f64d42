import { startApi } from '../api/main.ts';
import { type App, openApp, type Part } from '../app.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { openJobs, startMainWorker } from '../jobs/main.ts';
import { openPaymentsJobs } from '../jobs/payments-main.ts';
import { createMainQueues, wakeAfterCommits } from '../main-queues.ts';
import { openPayments, type PaymentsApp } from '../payments-app.ts';
import { createPaymentsDatabase } from '../payments-database.ts';
import { createPaymentsQueues } from '../payments-queues.ts';
import type { Clock } from '../platform/clock.ts';
import type { Config } from '../platform/config.ts';
import { createLog } from '../platform/log.ts';
import { minorDigits } from '../platform/money.ts';
import { issueToken, ownKeyFile, type TokenRequest } from '../platform/tokens/issue-token.ts';

/** Everything that `steward start` runs, and a manager at a terminal beside it. */
export interface Town {
  /** Address of the HTTP API. */
  url: string;
  /** With all rights, as whoever owns an embedded home. */
  manager: App;
  /** Finance at a terminal, with all rights likewise. */
  finance: PaymentsApp;
  /** The workers' jobs, to be run at a moment of the play. */
  jobs: Jobs;
  paymentsJobs: Jobs;
  /** Minor units in a major one. */
  unitMinor: bigint;
  customerId(subject: string): Promise<string>;
  workerOf(orderId: string): Promise<string>;
  token(request: Omit<TokenRequest, 'expiresInSeconds'>): Promise<string>;
  close(): Promise<void>;
}

const TOKEN_SECONDS = 30 * 86_400;

/** Opens all parts on one database, the API with the rights of the API, the worker with its own. */
export async function openTown(config: Config, clock: Clock): Promise<Town> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    // The last opened first; one that fails must not leave the server running.
    const failures: unknown[] = [];
    for (const closer of closers.splice(0).reverse()) {
      await closer().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  };
  try {
    const manager = await openApp(config, 'cli', { clock });
    closers.push(() => manager.close());
    const open = async (part: Part) => {
      const app = await openApp(config, part, { clock, database: manager.database });
      closers.push(() => app.close());
      return app;
    };
    const worker = await open('worker');
    const queues = createMainQueues(worker);
    closers.push(() => queues.close());
    // Both wait for their databases mostly. What fails is told when both have come to an end.
    const [started, till] = await Promise.allSettled([
      startMainWorker(worker).then((running) => closers.push(() => running.stop())),
      openTill(config, clock, closers),
    ]);
    if (started.status === 'rejected') throw started.reason;
    if (till.status === 'rejected') throw till.reason;
    const payments = till.value;
    const url = await serve(await open('api'), payments.api, closers);
    const keyFile = ownKeyFile(config.tokens);
    return {
      url,
      manager,
      finance: payments.finance,
      jobs: openJobs(worker, queues),
      paymentsJobs: payments.jobs,
      unitMinor: 10n ** BigInt(minorDigits(config.currency)),
      customerId: async (subject) => (await manager.orders.customers.get(subject)).id,
      workerOf: async (orderId) => {
        const { order } = await manager.orders.orders.get(await manager.manager(), orderId);
        return order.worker.id;
      },
      token: (request) =>
        issueToken({ ...request, expiresInSeconds: TOKEN_SECONDS }, keyFile, clock),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Payments' part of it all, on a database of its own; its routes are served with the others. */
async function openTill(config: Config, clock: Clock, closers: (() => Promise<unknown>)[]) {
  const log = createLog({ level: config.logLevel, part: 'demo' });
  const database = await createPaymentsDatabase(config, log, true);
  closers.push(() => database.close());
  const open = async (part: PaymentsApp['part']) => {
    const app = await openPayments(config, part, { clock, database });
    closers.push(() => app.close());
    return app;
  };
  const worker = await open('worker');
  const queues = createPaymentsQueues(worker);
  closers.push(() => queues.close());
  const jobs = openPaymentsJobs(worker, queues);
  return { finance: await open('cli'), api: await open('api'), jobs };
}

async function serve(
  app: App,
  payments: PaymentsApp,
  closers: (() => Promise<unknown>)[],
): Promise<string> {
  const queues = createMainQueues(app);
  closers.push(() => queues.close());
  wakeAfterCommits(app, queues);
  const api = await startApi(app, { host: '127.0.0.1', port: 0, payments });
  closers.push(() => api.stop());
  return api.url;
}
