import type { Config } from '../platform/config.ts';

/** Name of the main database on the embedded server. */
const EMBEDDED_DATABASE = 'steward';

/** A database as it is, migrated or not. */
export interface MainServer {
  url: string;
  embedded: boolean;
  close(): Promise<void>;
}

/**
 * Reaches the main database without asking what is in it: for commands that look at the schema or
 * change it. All others take the app, which refuses a schema that does not fit.
 * @throws StewardError `embedded_postgres_…`
 */
export async function openMainServer(config: Config): Promise<MainServer> {
  if (config.databaseUrl) {
    return { url: config.databaseUrl, embedded: false, close: async () => undefined };
  }
  const [{ startEmbedded }, { createCommandLog }] = await Promise.all([
    import('../platform/postgres/embedded.ts'),
    import('./command-log.ts'),
  ]);
  const server = await startEmbedded({
    home: config.home,
    databases: [EMBEDDED_DATABASE],
    log: createCommandLog(config),
  });
  return {
    url: server.url(EMBEDDED_DATABASE),
    embedded: true,
    close: () => server.stop(),
  };
}

/** The payments database likewise; null where this deployment has none. */
export async function openPaymentsServer(config: Config): Promise<MainServer | null> {
  const [{ hasPayments, startEmbedded }, { createCommandLog }] = await Promise.all([
    import('../payments-database.ts'),
    import('./command-log.ts'),
  ]);
  if (!hasPayments(config)) return null;
  if (config.paymentsDatabaseUrl) {
    return { url: config.paymentsDatabaseUrl, embedded: false, close: async () => undefined };
  }
  const { url, close } = await startEmbedded(config, createCommandLog(config));
  return { url, embedded: true, close };
}
