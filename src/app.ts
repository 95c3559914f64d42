import { dirname } from 'node:path';
import { sql } from 'kysely';
import { type Catalog, type CatalogTables, createCatalog } from './contexts/catalog/index.ts';
import { createMatching, type Matching } from './contexts/matching/index.ts';
import {
  createHttpContractor,
  createOrderMailRenderer,
  createOrders,
  createSandboxContractor,
  type OrdersContext,
  type OrdersTables,
  orderConsumers,
} from './contexts/orders/index.ts';
import { createMails, type Mails } from './mails.ts';
import { createMainDatabase, type MainDatabase } from './main-database.ts';
import { type Clock, systemClock } from './platform/clock.ts';
import type { Config } from './platform/config.ts';
import { createIds, type Ids } from './platform/ids.ts';
import type { JobTables } from './platform/jobs/job-runs.ts';
import { createLog, type Logger } from './platform/log.ts';
import type { MailTables } from './platform/mail/index.ts';
import { minorDigits } from './platform/money.ts';
import { type Database, databaseOn, openDatabase, openPool } from './platform/postgres/database.ts';
import { SERVICE_ROLES } from './platform/postgres/roles.ts';
import { createPhotoStore } from './platform/storage/index.ts';
import { parseRules, type Rules } from './rules.ts';
import { type Actor, type ConsumerTables, createStream, type OrderStream } from './stream/index.ts';

/** What a process of steward is: it decides which rights it works with. */
export type Part = 'api' | 'worker' | 'cli';

/** All tables of the main database. */
type MainTables = CatalogTables & OrdersTables & MailTables & JobTables & ConsumerTables;

/** The composed program: contexts over one pool of connections, and how to close it. */
export interface App {
  part: Part;
  config: Config;
  rules: Rules;
  log: Logger;
  clock: Clock;
  ids: Ids;
  database: MainDatabase;
  db: Database<MainTables>;
  catalog: Catalog;
  matching: Matching;
  orders: OrdersContext;
  stream: OrderStream;
  mails: Mails;
  /** Whom the event log and the books name for what this process does by a manager's hand. */
  manager(): Promise<Actor>;
  /** Connections to the main database at this moment, and how many callers wait for one. */
  connections(): { total: number; idle: number; waiting: number };
  /** Calls the listener after every commit that added events; at most one listener. */
  onCommitted(listener: () => void): void;
  close(): Promise<void>;
}

export interface AppOptions {
  clock?: Clock;
  ids?: Ids;
  log?: Logger;
  /** A database that is open already, shared by two parts in one process; not closed with the app. */
  database?: MainDatabase;
}

/** A command asks one thing after another. */
const CLI_CONNECTIONS = 2;

/**
 * Opens the contexts over the main database: the configured one, or the embedded one, which is
 * started, migrated and shared with whoever runs beside us.
 * @throws StewardError `invalid_rules`, `invalid_matching_config`, `database_not_migrated`,
 *   `database_newer`, `database_unavailable`, `embedded_postgres_…`
 */
export async function openApp(config: Config, part: Part, options: AppOptions = {}): Promise<App> {
  const log = options.log ?? createLog({ level: config.logLevel, part });
  const rules = parseRules(config.rules);
  const resolveFrom = config.rules.path ? dirname(config.rules.path) : config.home;
  const matching = await createMatching(config.rules.sections.matching ?? {}, {
    resolveFrom,
    timeZone: config.timeZone,
    minorUnitsPerUnit: 10n ** BigInt(minorDigits(config.currency)),
  });
  const poolAt = (url: string) =>
    openPool({
      url,
      applicationName: `steward ${part}`,
      role: { api: SERVICE_ROLES.api, worker: SERVICE_ROLES.worker, cli: undefined }[part],
      max: {
        api: rules.server.apiConnections,
        worker: rules.server.workerConnections,
        cli: CLI_CONNECTIONS,
      }[part],
      onIdleError: (error) => log.warn({ err: error }, 'an idle database connection broke'),
    });
  // A command waits mostly for its connections: the first one of the pool is made while the schema
  // is looked at over another.
  const early = options.database || !config.databaseUrl ? undefined : poolAt(config.databaseUrl);
  const warm = early?.connect().then(
    (client) => client.release(),
    () => undefined,
  );
  const database = options.database ?? (await openDatabaseBeside(config, log, early, warm));
  const pool = early ?? poolAt(database.url);
  const db = databaseOn<MainTables>(pool);
  const connections = () => ({
    total: pool.totalCount,
    idle: pool.idleCount,
    waiting: pool.waitingCount,
  });
  const parts = { config, rules, log, matching, db, connections };
  return assemble(parts, part, database, options, options.database === undefined);
}

/** The main database; where it cannot be had, the pool that was opened beside it is closed. */
async function openDatabaseBeside(
  config: Config,
  log: Logger,
  early: ReturnType<typeof openPool> | undefined,
  warm: Promise<void> | undefined,
): Promise<MainDatabase> {
  try {
    return await createMainDatabase(config, log);
  } catch (error) {
    await warm;
    await early?.end();
    throw error;
  }
}

function assemble(
  parts: {
    config: Config;
    rules: Rules;
    log: Logger;
    matching: Matching;
    db: Database<MainTables>;
    connections: App['connections'];
  },
  part: Part,
  database: MainDatabase,
  options: AppOptions,
  ownsDatabase: boolean,
): App {
  const { config, rules, log, db, matching } = parts;
  const clock = options.clock ?? systemClock;
  const ids = options.ids ?? createIds(clock);
  const photos = createPhotoStore(config.photos);
  const catalog = createCatalog({ db, clock, ids, currency: config.currency });
  let committed: () => void = () => undefined;
  const contractor =
    config.cookieContractor.kind === 'http'
      ? createHttpContractor(config.cookieContractor)
      : createSandboxContractor({ clock, delaySeconds: rules.orders.cookies.sandboxDelaySeconds });
  const orders = createOrders({
    db,
    clock,
    ids,
    log,
    rules: rules.orders,
    timeZone: config.timeZone,
    currency: config.currency,
    catalog,
    matching,
    photos,
    contractor,
    committed: () => committed(),
  });
  const manager = async (): Promise<Actor> => {
    const { rows } = await sql<{ user: string }>`select session_user as user`.execute(db);
    return { kind: 'manager', id: rows[0]?.user ?? '' };
  };
  const render = createOrderMailRenderer({
    db,
    timeZone: config.timeZone,
    suppliesTo: config.mail.suppliesTo,
  });
  const mails = createMails({ config, db, clock, log, manager, render });
  // A replica may take the reading of the log; the books stand in the main database.
  const replica = config.streamDatabaseUrl
    ? openDatabase<MainTables>({
        url: config.streamDatabaseUrl,
        applicationName: `steward ${part} stream`,
        role: SERVICE_ROLES.streamReader,
        max: CLI_CONNECTIONS,
      })
    : undefined;
  return {
    part,
    config,
    rules,
    log,
    clock,
    ids,
    database,
    db,
    catalog,
    matching,
    orders,
    stream: createStream({
      log: replica ?? db,
      books: db,
      consumers: orderConsumers({ ids }),
      clock,
      logger: log,
    }),
    mails,
    manager,
    connections: parts.connections,
    onCommitted: (listener) => {
      committed = listener;
    },
    close: once(async () => {
      await mails.close();
      await photos.close();
      await replica?.destroy();
      await db.destroy();
      if (ownsDatabase) await database.close();
    }),
  };
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}
