import { createMainDatabase, type MainDatabase } from './main-database.ts';
import type { Config } from './platform/config.ts';
import { unavailable } from './platform/errors.ts';
import type { Logger } from './platform/log.ts';
import { assertMigrated, type MigrationStatus } from './platform/postgres/migrations.ts';

/** Payments' own database, and where the order stream is read. */
export interface PaymentsDatabase {
  url: string;
  embedded: boolean;
  /** The log's database: `STREAM_DATABASE_URL`, else the main database. Null where neither is known. */
  streamUrl: string | null;
  close(): Promise<void>;
}

/** Names on the embedded server. */
const NAME = 'steward_payments';

/**
 * Whether this deployment has payments. Everything embedded has; who configures the main database
 * says where payments' is, because a ledger in a folder of some machine is nothing to happen by
 * mistake.
 */
export function hasPayments(config: Pick<Config, 'databaseUrl' | 'paymentsDatabaseUrl'>): boolean {
  return config.paymentsDatabaseUrl !== undefined || config.databaseUrl === undefined;
}

/**
 * Whether this host has the main part: where payments' database alone is configured, it has not,
 * and nobody wants an embedded one by mistake.
 */
export function hasMain(config: Pick<Config, 'databaseUrl' | 'paymentsDatabaseUrl'>): boolean {
  return config.databaseUrl !== undefined || config.paymentsDatabaseUrl === undefined;
}

/** @throws StewardError `payments_not_configured`; see {@link hasPayments} */
export function assertPayments(config: Pick<Config, 'databaseUrl' | 'paymentsDatabaseUrl'>): void {
  if (hasPayments(config)) return;
  throw unavailable(
    'payments_not_configured',
    'DATABASE_URL names the main database, but PAYMENTS_DATABASE_URL is not set: say where the payments database is.',
  );
}

/**
 * The database of `PAYMENTS_DATABASE_URL`, which must be migrated already; or the embedded one,
 * which is brought up to date here, together with the main one that holds the stream.
 * @param thorough as for the main database
 * @throws StewardError `payments_not_configured`, `database_not_migrated`, `database_newer`,
 *   `database_unavailable`
 */
export async function createPaymentsDatabase(
  config: Config,
  log: Logger,
  thorough = false,
): Promise<PaymentsDatabase> {
  assertPayments(config);
  const logUrl = config.streamDatabaseUrl ?? config.databaseUrl;
  if (config.paymentsDatabaseUrl) {
    assertMigrated(await paymentsMigrationStatus(config.paymentsDatabaseUrl));
    // Only who serves everything on this machine has the stream embedded; it is started then.
    const main = logUrl === undefined && thorough ? await createMainDatabase(config, log) : null;
    return {
      url: config.paymentsDatabaseUrl,
      embedded: false,
      streamUrl: logUrl ?? main?.url ?? null,
      close: async () => main?.close(),
    };
  }
  const main: MainDatabase = await createMainDatabase(config, log, thorough);
  try {
    const server = await startEmbedded(config, log);
    try {
      const { url } = server;
      const status = await paymentsMigrationStatus(url);
      if (thorough || status.some((row) => row.state !== 'applied')) await migratePayments(url);
      const close = async () => {
        await server.close();
        await main.close();
      };
      return { url, embedded: true, streamUrl: logUrl ?? main.url, close };
    } catch (error) {
      await server.close();
      throw error;
    }
  } catch (error) {
    await main.close();
    throw error;
  }
}

/** The embedded server with payments' database on it, migrated or not. */
export async function startEmbedded(config: Pick<Config, 'home'>, log: Logger) {
  const embedded = await import('./platform/postgres/embedded.ts');
  const server = await embedded.startEmbedded({ home: config.home, databases: [NAME], log });
  return { url: server.url(NAME), close: () => server.stop() };
}

/** What of the payments database's schema is there; changes nothing. */
export async function paymentsMigrationStatus(url: string): Promise<MigrationStatus[]> {
  const [{ migrationStatus }, { paymentsMigrations }] = await Promise.all([
    import('./platform/postgres/migrations.ts'),
    import('./payments-migrations.ts'),
  ]);
  return migrationStatus(url, paymentsMigrations);
}

/**
 * Brings the payments database up to date: its schemas and its queues'.
 * @returns what was applied just now
 * @throws StewardError as `migrate`
 */
export async function migratePayments(url: string): Promise<MigrationStatus[]> {
  const [{ migrate }, { paymentsMigrations }, { migrateQueue }] = await Promise.all([
    import('./platform/postgres/migrations.ts'),
    import('./payments-migrations.ts'),
    import('./platform/queue/migrate.ts'),
  ]);
  return migrate(url, paymentsMigrations, (client) => migrateQueue(client, 'payments'));
}
