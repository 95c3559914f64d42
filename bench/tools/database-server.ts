import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { removeHome } from '../../src/demo/home.ts';
import { migrateMain } from '../../src/main-database.ts';
import { migratePayments } from '../../src/payments-database.ts';
import { createLog } from '../../src/platform/log.ts';
import { startEmbedded } from '../../src/platform/postgres/embedded.ts';
import type { Bench } from './figure.ts';

/** Under root the server runs as another user, who must be able to pass. */
const PASSABLE = 0o711;

/** The PostgreSQL that all sides of a figure use. */
export interface DatabaseServer {
  /** Folder for files of this figure, and the server's. */
  home: string;
  /** Makes a database with our schema. @returns its URL */
  create(name: string): Promise<string>;
  /** Makes a database with the schema of payments. @returns its URL */
  createPayments(name: string): Promise<string>;
}

/** A database and an open connection to it as its owner. */
export interface BenchDatabase {
  url: string;
  client: pg.Client;
}

/** Starts the embedded server in a temporary folder, for as long as the figure lasts. */
export async function startDatabaseServer(
  bench: Bench,
  settings: Record<string, string> = {},
): Promise<DatabaseServer> {
  const home = await mkdtemp(join(tmpdir(), 'steward-bench-'));
  bench.cleanup.defer(() => removeHome(home));
  await chmod(home, PASSABLE);
  const log = createLog({ level: 'warn', part: 'bench' });
  const server = await startEmbedded({ home, databases: [], log, settings });
  bench.cleanup.defer(() => server.stop());
  await remarkSettings(bench, server.url('postgres'));
  const create = async (name: string, migrate: (url: string) => Promise<unknown>) => {
    const admin = await connect(bench, server.url('postgres'));
    await admin.query(`create database ${admin.escapeIdentifier(name)}`);
    const url = server.url(name);
    await migrate(url);
    return url;
  };
  return {
    home,
    create: (name) => create(name, migrateMain),
    createPayments: (name) => create(name, migratePayments),
  };
}

/** A connection that is closed with the figure. */
export async function connect(bench: Bench, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'steward bench' });
  client.on('error', () => undefined);
  await client.connect();
  bench.cleanup.defer(() => client.end());
  return client;
}

async function remarkSettings(bench: Bench, url: string): Promise<void> {
  const client = await connect(bench, url);
  const { rows } = await client.query<{ settings: string }>(
    `select 'PostgreSQL ' || current_setting('server_version') || ', fsync '
       || current_setting('fsync') || ', synchronous_commit '
       || current_setting('synchronous_commit') || ', shared_buffers '
       || current_setting('shared_buffers') as settings`,
  );
  bench.remark(rows[0]?.settings ?? '');
}
