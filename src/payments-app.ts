import { sql } from 'kysely';
import {
  createPayments,
  createPaymentsMailRenderer,
  type PaymentProvider,
  type PaymentsContext,
  type PaymentsTables,
  paymentsConsumers,
} from './contexts/payments/index.ts';
import { createMails, type Mails } from './mails.ts';
import { createPaymentsDatabase, type PaymentsDatabase } from './payments-database.ts';
import { type Clock, systemClock } from './platform/clock.ts';
import type { Config } from './platform/config.ts';
import { unavailable } from './platform/errors.ts';
import { createIds, type Ids } from './platform/ids.ts';
import type { JobTables } from './platform/jobs/job-runs.ts';
import { createLog, type Logger } from './platform/log.ts';
import {
  type Database,
  databaseNowhere,
  databaseOn,
  openDatabase,
  openPool,
} from './platform/postgres/database.ts';
import { PAYMENTS_ROLES, SERVICE_ROLES } from './platform/postgres/roles.ts';
import { parseRules, type Rules } from './rules.ts';
import { type Actor, createStream, type OrderStream, type StreamTables } from './stream/index.ts';

type Tables = PaymentsTables & JobTables;

/** Payments, composed: its own program beside the main one. */
export interface PaymentsApp {
  part: 'api' | 'worker' | 'cli';
  config: Config;
  rules: Rules;
  log: Logger;
  clock: Clock;
  ids: Ids;
  database: PaymentsDatabase;
  db: Database<Tables>;
  payments: PaymentsContext;
  /** Its consumers, with their books in payments' database. */
  stream: OrderStream;
  mails: Mails;
  /** Whom the books name for what this process does by a manager's hand. */
  manager(): Promise<Actor>;
  connections(): { total: number; idle: number; waiting: number };
  close(): Promise<void>;
}

export interface PaymentsAppOptions {
  clock?: Clock;
  ids?: Ids;
  log?: Logger;
  /** Open already, shared by two parts in one process; not closed with the app. */
  database?: PaymentsDatabase;
  /** Where this process's routes are reached, if it serves any. */
  url?: string;
}

/** A command asks one thing after another. */
const CLI_CONNECTIONS = 3;
const STREAM_CONNECTIONS = 2;

/**
 * Opens payments over its own database. Of the main database it gets nothing but the order stream,
 * with a role that may read that and nothing else.
 * @throws StewardError `payments_not_configured`, `invalid_rules`, `database_not_migrated`,
 *   `database_newer`, `database_unavailable`, `embedded_postgres_…`
 */
export async function openPayments(
  config: Config,
  part: PaymentsApp['part'],
  options: PaymentsAppOptions = {},
): Promise<PaymentsApp> {
  const log = options.log ?? createLog({ level: config.logLevel, part: `payments ${part}` });
  const rules = parseRules(config.rules);
  const database = options.database ?? (await createPaymentsDatabase(config, log));
  const pool = openPool({
    url: database.url,
    applicationName: `steward payments ${part}`,
    role: { api: PAYMENTS_ROLES.api, worker: PAYMENTS_ROLES.worker, cli: undefined }[part],
    max: {
      api: rules.server.apiConnections,
      worker: rules.server.workerConnections,
      cli: CLI_CONNECTIONS,
    }[part],
    onIdleError: (error) => log.warn({ err: error }, 'an idle database connection broke'),
  });
  const db = databaseOn<Tables>(pool);
  const stream = openStream(database, part);
  const close = async () => {
    await stream.destroy();
    await db.destroy();
    if (options.database === undefined) await database.close();
  };
  try {
    const clock = options.clock ?? systemClock;
    const ids = options.ids ?? createIds(clock);
    const publicUrl = options.url ?? config.payments.publicUrl ?? localUrl(config);
    const base = { config, db, clock, ids, log };
    const provider = await openProvider({ ...base, publicUrl });
    const { timeZone, currency } = config;
    const deps = {
      ...base,
      stream,
      provider,
      rules: rules.payments,
      timeZone,
      currency,
      publicUrl,
    };
    const payments = createPayments(deps);
    const manager = async (): Promise<Actor> => {
      const { rows } = await sql<{ user: string }>`select session_user as user`.execute(db);
      return { kind: 'manager', id: rows[0]?.user ?? '' };
    };
    const render = createPaymentsMailRenderer({
      ...deps,
      financeTo: config.mail.financeTo,
      methodLink: payments.people.methodLink,
    });
    const mails = createMails({ config, db, clock, log, manager, render });
    return {
      part,
      config,
      rules,
      log,
      clock,
      ids,
      database,
      db,
      payments,
      stream: createStream({
        log: stream,
        books: db,
        consumers: paymentsConsumers(deps),
        clock,
        logger: log,
      }),
      mails,
      manager,
      connections: () => ({
        total: pool.totalCount,
        idle: pool.idleCount,
        waiting: pool.waitingCount,
      }),
      close: once(async () => {
        await mails.close();
        await close();
      }),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Connected to when it is first read: most commands of finance never do. */
function openStream(database: PaymentsDatabase, part: string): Database<StreamTables> {
  const { streamUrl } = database;
  if (streamUrl === null) {
    return databaseNowhere<StreamTables>(() =>
      unavailable(
        'stream_not_configured',
        'The order stream cannot be read: set STREAM_DATABASE_URL (or DATABASE_URL) beside PAYMENTS_DATABASE_URL.',
      ),
    );
  }
  return openDatabase<StreamTables>({
    url: streamUrl,
    applicationName: `steward payments ${part} stream`,
    role: SERVICE_ROLES.streamReader,
    max: STREAM_CONNECTIONS,
  });
}

async function openProvider(deps: {
  config: Config;
  db: Database<Tables>;
  clock: Clock;
  ids: Ids;
  log: Logger;
  publicUrl: string;
}): Promise<PaymentProvider> {
  const { provider } = deps.config.payments;
  if (provider.kind === 'stripe') {
    const { createStripeProvider } = await import('./contexts/payments/stripe/index.ts');
    return createStripeProvider({
      ...provider,
      currency: deps.config.currency,
      clock: deps.clock,
      log: deps.log,
    });
  }
  const { createSandboxProvider } = await import('./contexts/payments/sandbox/index.ts');
  return createSandboxProvider(deps);
}

function localUrl({ http }: Config): string {
  return `http://${http.host.includes(':') ? `[${http.host}]` : http.host}:${http.port}`;
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}
