import type { Config } from './platform/config.ts';
import type { Logger } from './platform/log.ts';
import { assertMigrated, type MigrationStatus } from './platform/postgres/migrations.ts';

/** The main database, wherever it runs. */
export interface MainDatabase {
  url: string;
  /** Whether the server runs in our own folder. */
  embedded: boolean;
  close(): Promise<void>;
}

/** Name of the main database on the embedded server. */
const NAME = 'steward';

/**
 * The database of `DATABASE_URL`, which must be migrated already; or the embedded one, which is
 * nobody else's and is brought up to date here.
 * @param thorough also looks after what no migration of ours tells, such as the queue's own schema
 *   after an upgrade; for processes that stay, not for commands that come and go
 * @throws StewardError `database_not_migrated`, `database_newer`, `database_unavailable`
 */
export async function createMainDatabase(
  config: Config,
  log: Logger,
  thorough = false,
): Promise<MainDatabase> {
  if (config.databaseUrl) {
    assertMigrated(await mainMigrationStatus(config.databaseUrl));
    return { url: config.databaseUrl, embedded: false, close: async () => undefined };
  }
  const { startEmbedded } = await import('./platform/postgres/embedded.ts');
  const server = await startEmbedded({ home: config.home, databases: [NAME], log });
  const url = server.url(NAME);
  try {
    const status = await mainMigrationStatus(url);
    if (thorough || status.some((row) => row.state !== 'applied')) await migrateMain(url);
    return { url, embedded: true, close: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** What of the main database's schema is there; changes nothing. */
export async function mainMigrationStatus(url: string): Promise<MigrationStatus[]> {
  const [{ migrationStatus }, { mainMigrations }] = await Promise.all([
    import('./platform/postgres/migrations.ts'),
    import('./main-migrations.ts'),
  ]);
  return migrationStatus(url, mainMigrations);
}

/**
 * Brings the main database up to date: our schemas, the queue's, and a log that came from a dump.
 * @returns what was applied just now
 * @throws StewardError as `migrate`
 */
export async function migrateMain(url: string): Promise<MigrationStatus[]> {
  const [{ migrate }, { mainMigrations }, { migrateQueue }, { rebaseAfterMigrate }] =
    await Promise.all([
      import('./platform/postgres/migrations.ts'),
      import('./main-migrations.ts'),
      import('./platform/queue/migrate.ts'),
      import('./stream/index.ts'),
    ]);
  return migrate(url, mainMigrations, async (client) => {
    await migrateQueue(client);
    await rebaseAfterMigrate(client);
  });
}
