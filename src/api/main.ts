import type { App } from '../app.ts';
import type { PaymentsApp } from '../payments-app.ts';
import type { Config } from '../platform/config.ts';
import { loadOwnKey } from '../platform/tokens/key-file.ts';
import { appDependencies, paymentsAppDependencies } from './app-dependencies.ts';
import type { ApiDependencies } from './dependencies.ts';
import { buildServer } from './server.ts';

/** A server that takes requests. */
export interface RunningApi {
  /** `http://127.0.0.1:3000` */
  url: string;
  port: number;
  /**
   * Stops without failing a request: `/readyz` says no, no further connections, requests that are
   * being answered are finished (bounded by `limits.drainSeconds`), connections closed. Calling it
   * again waits for the same stop.
   */
  stop(): Promise<void>;
}

export interface ListenOptions {
  host: string;
  /** 0 for any free port. */
  port: number;
  version?: string;
}

/**
 * An idle connection may have its next request under way at the moment we would close it. So idle
 * connections stay open for this long after "stop", and close with the answer to that request.
 */
const LINGER_MS = 250;
const CHECK_MS = 20;

/**
 * Starts the HTTP API of the composed program, with the routes of payments where it is given them.
 * Stop it before the programs are closed.
 * @throws Error `EADDRINUSE`, `EACCES` when the port cannot be had
 * @throws StewardError `token_key_unreadable`
 */
export async function startApi(
  app: App,
  options: ListenOptions & { payments?: PaymentsApp },
): Promise<RunningApi> {
  await checkTokenKey(app.config);
  return serveApi(await appDependencies(app, options.payments), options);
}

/** Starts the routes of payments alone; otherwise as {@link startApi}. */
export async function startPaymentsApi(
  payments: PaymentsApp,
  options: ListenOptions,
): Promise<RunningApi> {
  await checkTokenKey(payments.config);
  return serveApi(await paymentsAppDependencies(payments), options);
}

/** A damaged key is found now, with its path, and not by the first customer. */
async function checkTokenKey({ tokens }: Config): Promise<void> {
  if (tokens.kind === 'local') await loadOwnKey(tokens.keyFile);
}

/** {@link startApi} over any contexts. */
export async function serveApi(deps: ApiDependencies, options: ListenOptions): Promise<RunningApi> {
  const { fastify, metrics, drain } = await buildServer(deps, options);
  try {
    await fastify.listen({ host: options.host, port: options.port });
  } catch (error) {
    await fastify.close();
    throw error;
  }
  const { server } = fastify;
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : options.port;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  let stopping: Promise<void> | undefined;

  const stop = async () => {
    drain();
    // Both Node and Fastify close idle connections with the listening socket; here they linger.
    const closeIdle = server.closeIdleConnections.bind(server);
    server.closeIdleConnections = () => undefined;
    const lingerUntil = performance.now() + LINGER_MS;
    const cutAt = performance.now() + deps.limits.drainSeconds * 1_000;
    const timer = setInterval(() => {
      if (performance.now() > cutAt) server.closeAllConnections();
      else if (performance.now() > lingerUntil) closeIdle();
    }, CHECK_MS);
    try {
      await fastify.close();
    } finally {
      clearInterval(timer);
      if (metrics.inFlight() > 0) {
        deps.log.warn(
          { inFlight: metrics.inFlight() },
          'stopped before every request was answered',
        );
      }
    }
  };

  return {
    url: `http://${host}:${port}`,
    port,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}
