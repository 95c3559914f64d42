import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { mainMigrations } from '../src/main-migrations.ts';
import { paymentsMigrations } from '../src/payments-migrations.ts';
import { startEmbedded } from '../src/platform/postgres/embedded.ts';
import { migrate } from '../src/platform/postgres/migrations.ts';
import { createScratchDatabase, dropScratchDatabase } from './scratch-database.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** URL of the server's maintenance database. */
    serverUrl: string;
    /** A migrated database that every test clones. */
    templateDatabase: string;
    /** The same for the payments database. */
    paymentsTemplate: string;
  }
}

/** Its data die with the tests: what survives a loss of power is not what they are about. */
const settings = { fsync: 'off', full_page_writes: 'off' };
const silent = { info: () => undefined, warn: () => undefined };

/**
 * One real PostgreSQL for all tests: the one of `TEST_DATABASE_URL`, or an embedded one in a
 * temporary home. A migrated template is made once; each test clones it.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TEST_DATABASE_URL;
  const home = given ? undefined : mkdtempSync(join(tmpdir(), 'steward-test-'));
  // Root's server runs as another user, who must be able to enter.
  if (home) chmodSync(home, 0o711);
  const server = home
    ? await startEmbedded({ home, databases: [], log: silent, settings })
    : undefined;
  const serverUrl = given ?? server?.url('postgres') ?? '';
  const template = await createScratchDatabase(serverUrl, 'steward_template');
  await migrate(template.url, mainMigrations);
  const paymentsTemplate = await createScratchDatabase(serverUrl, 'steward_payments_template');
  await migrate(paymentsTemplate.url, paymentsMigrations);
  project.provide('serverUrl', serverUrl);
  project.provide('templateDatabase', template.name);
  project.provide('paymentsTemplate', paymentsTemplate.name);
  return async () => {
    await dropScratchDatabase(serverUrl, template.name);
    await dropScratchDatabase(serverUrl, paymentsTemplate.name);
    await server?.stop();
    if (home) rmSync(home, { recursive: true, force: true });
  };
}
