import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createScratchDatabase, dropScratchDatabase } from '../test/scratch-database.ts';
import { createMainDatabase, mainMigrationStatus, migrateMain } from './main-database.ts';
import { loadConfig } from './platform/config.ts';
import { createLog } from './platform/log.ts';
import { makeHome, processesOf, query } from './platform/postgres/testing.ts';

const log = createLog({ level: 'silent', part: 'test' });

/** Opens as `steward start` and every command do. */
const open = (environment: Record<string, string>, thorough?: boolean) =>
  createMainDatabase(loadConfig(environment), log, thorough);

async function scratch(): Promise<string> {
  const { name, url } = await createScratchDatabase(inject('serverUrl'), 'main');
  onTestFinished(() => dropScratchDatabase(inject('serverUrl'), name));
  return url;
}

const fromTheFuture = `insert into platform.migrations (context, id, checksum)
  values ('orders', '2099-01-01-robots', 'x')`;
const NEWER = expect.objectContaining({
  kind: 'conflict',
  code: 'database_newer',
  message: expect.stringContaining('orders/2099-01-01-robots'),
});

test('a configured database is taken as it is: never migrated by the way', async () => {
  const url = await scratch();
  await expect(open({ DATABASE_URL: url })).rejects.toThrow(
    expect.objectContaining({
      code: 'database_not_migrated',
      message: expect.stringContaining('steward db migrate'),
    }),
  );
  expect((await mainMigrationStatus(url)).every((row) => row.state === 'pending')).toBe(true);

  expect((await migrateMain(url)).length).toBeGreaterThan(5);
  const database = await open({ DATABASE_URL: url });
  expect(database).toMatchObject({ url, embedded: false });
  await database.close();

  await query(url, fromTheFuture);
  await expect(open({ DATABASE_URL: url })).rejects.toThrow(NEWER);
  await expect(migrateMain(url)).rejects.toThrow(NEWER);
});

test('migrating again mends what was interrupted behind the last migration', async () => {
  const url = await scratch();
  await migrateMain(url);
  // Killed before the queue's own schema was complete.
  await query(url, 'drop schema bullmq cascade');
  expect(await migrateMain(url)).toEqual([]);
  expect(await query(url, `select to_regclass('bullmq.job')::text as job`)).toEqual([
    { job: 'bullmq.job' },
  ]);
});

test('a database that does not answer is unavailable', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'steward-main-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  await expect(
    open({ DATABASE_URL: 'postgres://127.0.0.1:1/x', STEWARD_HOME: folder }),
  ).rejects.toThrow(expect.objectContaining({ kind: 'unavailable', code: 'database_unavailable' }));
});

test('the embedded database is made and migrated, and a newer one is left alone', async () => {
  const home = await makeHome();
  const database = await open({ STEWARD_HOME: home });
  expect(database.embedded).toBe(true);
  const status = await mainMigrationStatus(database.url);
  expect(status.every((row) => row.state === 'applied')).toBe(true);
  await query(database.url, fromTheFuture);
  // As `steward start` does, beside it.
  await expect(open({ STEWARD_HOME: home }, true)).rejects.toThrow(NEWER);
  expect(await query(database.url, 'select count(*)::int as n from orders.orders')).toEqual([
    { n: 0 },
  ]);
  await database.close();
  await expect(open({ STEWARD_HOME: home })).rejects.toThrow(NEWER);
  expect(await processesOf(home)).toEqual([]);
});
