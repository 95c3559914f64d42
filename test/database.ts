import { inject, onTestFinished } from 'vitest';
import { type Database, openDatabase } from '../src/platform/postgres/database.ts';
import { createScratchDatabase, dropScratchDatabase } from './scratch-database.ts';

export interface TestDatabase<Tables> {
  url: string;
  db: Database<Tables>;
  /** A further pool on the same database, as a service or group role if one is named. */
  open(role?: string): Database<Tables>;
}

/**
 * A fresh, migrated database for one test, dropped when the test ends: a real one, cloned from a
 * template, so that each test sees only its own rows.
 */
export async function createTestDatabase<Tables>(): Promise<TestDatabase<Tables>> {
  return openClone('test', inject('templateDatabase'));
}

/** The same of the payments database. */
export async function createPaymentsDatabase<Tables>(): Promise<TestDatabase<Tables>> {
  return openClone('payments', inject('paymentsTemplate'));
}

async function openClone<Tables>(name: string, template: string): Promise<TestDatabase<Tables>> {
  const serverUrl = inject('serverUrl');
  const scratch = await createScratchDatabase(serverUrl, name, template);
  const pools: Database<Tables>[] = [];
  const open = (role?: string) => {
    const pool = openDatabase<Tables>({
      url: scratch.url,
      applicationName: 'test',
      max: 10,
      role,
    });
    pools.push(pool);
    return pool;
  };
  onTestFinished(async () => {
    await Promise.all(pools.map((pool) => pool.destroy()));
    await dropScratchDatabase(serverUrl, scratch.name);
  });
  return { url: scratch.url, db: open(), open };
}
