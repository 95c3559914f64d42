import { type App, openApp } from '../app.ts';
import { createMainDatabase } from '../main-database.ts';
import type { PaymentsApp } from '../payments-app.ts';
import type { Config } from '../platform/config.ts';
import { StewardError, unavailable } from '../platform/errors.ts';
import { createLog, type Logger } from '../platform/log.ts';
import type { Queues } from '../platform/queue/queues.ts';

/** What one process of `steward start` does. */
export interface ServedParts {
  /** The main part's HTTP API. */
  api: boolean;
  /** The main part's jobs. */
  worker: boolean;
  /** Payments: its routes and its jobs. With `api`, the routes are served at the same address. */
  payments: boolean;
}

/** A process that serves. */
export interface Serving {
  /** Of the HTTP API, where one is served. */
  url: string | null;
  config: Config;
  /** The first of the main part's programs that were opened: to look at the data with. */
  app: App | null;
  payments: PaymentsApp | null;
  /** Drains: requests are answered, jobs end or are given back, connections close. */
  stop(): Promise<void>;
}

type Stop = () => Promise<void>;

/**
 * Starts the parts, the main part over one database and payments over another. When one cannot
 * start, those before it are stopped.
 * @throws StewardError as `openApp` and `openPayments`, `port_taken`, `queue_unavailable`,
 *   `redis_evicts`
 */
export async function serve(config: Config, parts: ServedParts, version: string): Promise<Serving> {
  const stops: Stop[] = [];
  /** In the opposite order of the start; one that fails does not keep the others from stopping. */
  const stop = once(async () => {
    for (const one of stops.reverse()) await one().catch(() => undefined);
  });
  try {
    const log = createLog({ level: config.logLevel, part: 'start' });
    const main = parts.api || parts.worker ? await openMain(config, parts, log, stops) : null;
    const port = parts.api ? config.http.port : config.http.paymentsPort;
    const payments = parts.payments ? await openPaymentsPart(config, port, log, stops) : null;
    const url = await openHttp(config, version, main?.api ?? null, payments, stops);
    return { url, config, app: main?.api ?? main?.worker ?? null, payments, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The main part's programs over one database; jobs are taken from now on. */
async function openMain(config: Config, parts: ServedParts, log: Logger, stops: Stop[]) {
  const database = await createMainDatabase(config, log, true);
  stops.push(() => database.close());
  let worker: App | null = null;
  if (parts.worker) {
    const app = await openApp(config, 'worker', { database });
    stops.push(() => app.close());
    const { startMainWorker } = await import('../jobs/main.ts');
    const jobs = await startMainWorker(app);
    stops.push(() => jobs.stop());
    worker = app;
  }
  if (!parts.api) return { worker, api: null };
  const api = await openApp(config, 'api', { database });
  stops.push(() => api.close());
  return { worker, api };
}

/** Payments' jobs, taken from now on, and the program that its routes are served by. */
async function openPaymentsPart(config: Config, port: number, log: Logger, stops: Stop[]) {
  const [{ createPaymentsDatabase }, { openPayments }, { startPaymentsWorker }] = await Promise.all(
    [
      import('../payments-database.ts'),
      import('../payments-app.ts'),
      import('../jobs/payments-main.ts'),
    ],
  );
  const database = await createPaymentsDatabase(config, log, true);
  stops.push(() => database.close());
  const url = config.payments.publicUrl ?? urlOf(config.http.host, port);
  const worker = await openPayments(config, 'worker', { database, url });
  stops.push(() => worker.close());
  const jobs = await startPaymentsWorker(worker);
  stops.push(() => jobs.stop());
  const api = await openPayments(config, 'api', { database, url });
  stops.push(() => api.close());
  return api;
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** @returns where the routes are served; null where there are none */
async function openHttp(
  config: Config,
  version: string,
  app: App | null,
  payments: PaymentsApp | null,
  stops: Stop[],
): Promise<string | null> {
  if (app === null && payments === null) return null;
  const { startApi, startPaymentsApi } = await import('../api/main.ts');
  const { host } = config.http;
  if (app === null) {
    if (payments === null) return null;
    const port = config.http.paymentsPort;
    const api = await startPaymentsApi(payments, { host, port, version }).catch(
      (error: unknown) => {
        throw isTaken(error) ? portTaken(host, port, 'PAYMENTS_PORT', error) : error;
      },
    );
    stops.push(() => api.stop());
    return api.url;
  }
  const { createMainQueues, wakeAfterCommits } = await import('../main-queues.ts');
  const queues = createMainQueues(app);
  stops.push(() => queues.close());
  await refuseUnfitQueue(queues);
  wakeAfterCommits(app, queues);
  const { port } = config.http;
  const options = { host, port, version, payments: payments ?? undefined };
  const api = await startApi(app, options).catch((error: unknown) => {
    throw isTaken(error) ? portTaken(host, port, 'PORT', error) : error;
  });
  stops.push(() => api.stop());
  return api.url;
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

function portTaken(host: string, port: number, variable: string, cause: unknown) {
  return unavailable(
    'port_taken',
    `Port ${port} of ${host} is taken by another program. Set ${variable} to a free one, or stop it.`,
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
