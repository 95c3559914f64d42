import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { createScratchDatabase, dropScratchDatabase } from '../../../test/scratch-database.ts';
import {
  assertMigrated,
  type MigrationSet,
  type MigrationState,
  migrate,
  migrationStatus,
} from './migrations.ts';
import { query } from './testing.ts';

const set = (...steps: [id: string, sql: string, check?: string][]): MigrationSet[] => [
  { context: 'shop', migrations: steps.map(([id, sql, check]) => ({ id, sql, check })) },
];
const A = ['2026-01-01-a', 'create table a (n int)'] as const;
const B = ['2026-01-02-b', 'create table b (n int)'] as const;

/** An empty database, dropped at the end of the test. */
async function scratch(): Promise<string> {
  const { name, url } = await createScratchDatabase(inject('serverUrl'), 'migrate');
  onTestFinished(() => dropScratchDatabase(inject('serverUrl'), name));
  return url;
}

async function states(url: string, sets: readonly MigrationSet[]) {
  const status = await migrationStatus(url, sets);
  return status.map((row): [string, MigrationState] => [`${row.context}/${row.id}`, row.state]);
}

async function tables(url: string): Promise<string[]> {
  const rows = await query<{ name: string }>(
    url,
    `select schemaname || '.' || tablename as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema') order by 1`,
  );
  return rows.map((row) => row.name);
}

const program = `
const { migrate } = await import(process.argv[1]);
const sets = process.argv[3] === 'main'
  ? (await import(process.argv[4])).mainMigrations
  : JSON.parse(process.argv[3]);
const applied = await migrate(process.argv[2], sets);
process.stdout.write(JSON.stringify(applied.map((row) => row.context + '/' + row.id)));
`;

/** A process of its own that migrates; killed with the test. */
function spawnMigrate(url: string, sets: readonly MigrationSet[] | 'main'): ChildProcess {
  const here = (path: string) => new URL(path, import.meta.url).href;
  const what = sets === 'main' ? sets : JSON.stringify(sets);
  const args = [here('./migrations.ts'), url, what, here('../../main-migrations.ts')];
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function resultOf(child: ChildProcess): Promise<{ code: number; applied: string[] }> {
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, applied: JSON.parse(output || '[]') };
}

/** Waits until a statement of the migrating session is under way. */
async function untilRunning(url: string, text: string): Promise<void> {
  const running = `select 1 from pg_stat_activity where datname = current_database()
    and application_name = 'steward migrate' and query like '%${text}%'`;
  while ((await query(url, running)).length === 0) await sleep(50);
}

describe('an empty database', () => {
  test('gets every migration once, in order, and the second run finds nothing to do', async () => {
    const url = await scratch();
    const sets = set([...A], [B[0], 'create table b as select * from a']);
    expect(await states(url, sets)).toEqual([
      ['shop/2026-01-01-a', 'pending'],
      ['shop/2026-01-02-b', 'pending'],
    ]);
    expect((await migrate(url, sets)).map((row) => row.id)).toEqual([A[0], B[0]]);
    expect(await migrate(url, sets)).toEqual([]);
    assertMigrated(await migrationStatus(url, sets));
    const [row] = await migrationStatus(url, sets);
    expect(row?.appliedAt).toBeInstanceOf(Date);
  });

  test('is not changed by being asked for its status', async () => {
    const url = await scratch();
    const status = await migrationStatus(url, set([...A]));
    expect(await tables(url)).toEqual([]);
    expect(await query(url, `select 1 from pg_namespace where nspname = 'platform'`)).toEqual([]);
    expect(() => assertMigrated(status)).toThrow(
      expect.objectContaining({
        code: 'database_not_migrated',
        message: expect.stringContaining('lacks 1 of 1 migrations (first: shop/2026-01-01-a)'),
        data: { pending: ['shop/2026-01-01-a'] },
      }),
    );
  });

  test('migrated by ten processes at once gets every migration once', async () => {
    const url = await scratch();
    const results = await Promise.all(
      Array.from({ length: 10 }, () => resultOf(spawnMigrate(url, 'main'))),
    );
    expect(results.map((result) => result.code)).toEqual(Array(10).fill(0));
    const book = await query<{ id: string }>(
      url,
      `select context || '/' || id as id from platform.migrations`,
    );
    const applied = results.flatMap((result) => result.applied).sort();
    expect(applied.length).toBeGreaterThan(5);
    expect(applied).toEqual(book.map((row) => row.id).sort());
  });
});

describe('a database that does not fit', () => {
  test('because it is newer is refused, before anything is applied', async () => {
    const url = await scratch();
    await migrate(url, set([...A], [...B]));
    const older = set([...A], ['2026-01-03-c', 'create table c (n int)']);
    const newer = expect.objectContaining({
      kind: 'conflict',
      code: 'database_newer',
      message: expect.stringContaining('shop/2026-01-02-b'),
    });
    await expect(migrate(url, older)).rejects.toThrow(newer);
    expect(await tables(url)).not.toContain('public.c');
    const status = await migrationStatus(url, older);
    expect(status.map((row) => row.state)).toEqual(['applied', 'pending', 'unknown']);
    expect(() => assertMigrated(status)).toThrow(newer);
  });

  test('because an applied migration was edited is refused by name', async () => {
    const url = await scratch();
    await migrate(url, set([...A]));
    const edited = set([A[0], `${A[1]} -- edited`], [...B]);
    expect(await states(url, edited)).toEqual([
      ['shop/2026-01-01-a', 'changed'],
      ['shop/2026-01-02-b', 'pending'],
    ]);
    await expect(migrate(url, edited)).rejects.toThrow(
      expect.objectContaining({
        code: 'migration_changed',
        message: expect.stringContaining('shop/2026-01-01-a'),
      }),
    );
    expect(await tables(url)).not.toContain('public.b');
  });
});

describe('a migration that fails', () => {
  const failed = (id: string, reason: string) =>
    expect.objectContaining({
      kind: 'conflict',
      code: 'migration_failed',
      message: expect.stringMatching(new RegExp(`shop/${id}.*${reason}`)),
    });

  test('leaves nothing behind, keeps what came before it, and is done when mended', async () => {
    const url = await scratch();
    const broken = set([...A], [B[0], `${B[1]}; insert into a values (1); select 1/0`]);
    await expect(migrate(url, broken)).rejects.toThrow(failed(B[0], 'division by zero'));
    expect(await tables(url)).toEqual(['platform.migrations', 'public.a']);
    expect(await query(url, 'select * from a')).toEqual([]);
    expect((await migrate(url, set([...A], [...B]))).map((row) => row.id)).toEqual([B[0]]);
  });

  test('by its data check leaves nothing behind either', async () => {
    const url = await scratch();
    await migrate(url, set([...A]));
    await query(url, 'insert into a values (1), (-1)');
    const add = 'alter table a add m int; update a set m = n';
    const check = 'select * from a where m < 0';
    await expect(migrate(url, set([...A], [B[0], add, check]))).rejects.toThrow(
      failed(B[0], 'the data check found 1 rows'),
    );
    expect(await query(url, 'select * from a')).toEqual([{ n: 1 }, { n: -1 }]);
    await query(url, 'delete from a where n < 0');
    expect(await migrate(url, set([...A], [B[0], add, check]))).toHaveLength(1);
    expect(await query(url, 'select m from a')).toEqual([{ m: 1 }]);
  });

  test('in what comes afterwards can be repeated', async () => {
    const url = await scratch();
    const breakDown = () => Promise.reject(new Error('the queue is full'));
    await expect(migrate(url, set([...A]), breakDown)).rejects.toThrow('the queue is full');
    const seen: unknown[] = [];
    await migrate(url, set([...A]), async (client) => {
      seen.push((await client.query('select count(*)::int as n from a')).rows[0]);
    });
    expect(seen).toEqual([{ n: 0 }]);
  });
});

describe('a migration that is interrupted', () => {
  const slow = set([...A], [B[0], `${B[1]}; select pg_sleep(300)`]);

  test('by kill -9 leaves a step done or not, and the next run goes on at once', async () => {
    const url = await scratch();
    const child = spawnMigrate(url, slow);
    const closed = once(child, 'close');
    await untilRunning(url, 'pg_sleep');
    child.kill('SIGKILL');
    await closed;
    // The dead process's session still holds the lock: this waits for it, not for the five minutes.
    const applied = await migrate(url, set([...A], [...B]));
    expect(applied.map((row) => row.id)).toEqual([B[0]]);
    expect(await tables(url)).toEqual(['platform.migrations', 'public.a', 'public.b']);
  });

  test('by the server says so, and does not end the process', async () => {
    const url = await scratch();
    const migrating = migrate(url, slow);
    const refused = expect(migrating).rejects.toThrow(
      expect.objectContaining({ kind: 'unavailable', code: 'database_unavailable' }),
    );
    await untilRunning(url, 'pg_sleep');
    await query(
      url,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'steward migrate'`,
    );
    await refused;
    expect(await states(url, set([...A], [...B]))).toEqual([
      ['shop/2026-01-01-a', 'applied'],
      ['shop/2026-01-02-b', 'pending'],
    ]);
  });
});

describe('a server that cannot be worked with', () => {
  const unavailable = (text: RegExp) =>
    expect.objectContaining({
      kind: 'unavailable',
      code: 'database_unavailable',
      message: expect.stringMatching(text),
    });

  test('because nobody listens is unavailable, and no password is repeated', async () => {
    const url = 'postgres://anna:hunter2@127.0.0.1:1/shop';
    const error = await migrationStatus(url, []).catch((thrown: Error) => thrown);
    expect(() => {
      throw error;
    }).toThrow(unavailable(/PostgreSQL at 127\.0\.0\.1:1\/shop does not answer/));
    expect(String(error)).not.toContain('hunter2');
  });

  test('because there is no such database says which one', async () => {
    const url = new URL(inject('serverUrl'));
    url.pathname = '/no_such_shop';
    await expect(migrate(url.href, [])).rejects.toThrow(
      unavailable(/\/no_such_shop refuses the connection: .*does not exist/),
    );
  });
});
