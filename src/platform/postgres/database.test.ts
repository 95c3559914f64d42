import { type Kysely, sql } from 'kysely';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { createTestDatabase } from '../../../test/database.ts';
import { cutBefore } from '../../../test/network-cut.ts';
import { type DatabaseOptions, databaseOn, openPool } from './database.ts';
import { isDatabaseUnavailable, sqlState } from './database-errors.ts';
import { SERVICE_ROLES } from './roles.ts';
import { query } from './testing.ts';

const UNAVAILABLE = expect.objectContaining({ kind: 'unavailable', code: 'database_unavailable' });

/** A pool on this server (or database), closed with the test. */
function open(options: Partial<DatabaseOptions> = {}) {
  const idleErrors: Error[] = [];
  const pool = openPool({
    url: inject('serverUrl'),
    applicationName: 'test pool',
    max: 2,
    onIdleError: (error) => idleErrors.push(error),
    ...options,
  });
  const db = databaseOn<unknown>(pool);
  onTestFinished(() => db.destroy());
  return { pool, db, idleErrors };
}

const answer = (db: Kysely<unknown>) => sql<{ n: number }>`select ${1}::int as n`.execute(db);

/** Ends the sessions of a pool on the server's side, as an administrator or a restart does. */
async function terminate(applicationName: string): Promise<void> {
  const ended = await query(
    inject('serverUrl'),
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity
     where application_name = '${applicationName}'`,
  );
  expect(ended.length).toBeGreaterThan(0);
}

/** Lets what arrived on the sockets be heard. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

describe('statements', () => {
  test('are prepared by name, and planned once for each text', async () => {
    const { db } = open({ max: 1 });
    for (let n = 0; n < 10; n++) await sql`select ${n}::int as plain`.execute(db);
    await db.transaction().execute(async (tx) => {
      await sql`select ${11}::int as plain`.execute(tx);
      await sql`select ${'a'}::text as other`.execute(tx);
    });
    const { rows } = await sql<{ name: string; statement: string; runs: number }>`
      select name, statement, (generic_plans + custom_plans)::int as runs
      from pg_prepared_statements where statement like '%select%' order by statement`.execute(db);
    expect(rows.map(({ statement, runs }) => [statement.trim(), runs])).toEqual([
      [expect.stringContaining('pg_prepared_statements'), 1],
      ['select $1::int as plain', 11],
      ['select $1::text as other', 1],
    ]);
    for (const { name } of rows) expect(name).toMatch(/^s_[0-9a-f]{20}$/);
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  });

  test('that are made up for each call do not fill the server’s memory', async () => {
    const { db } = open({ max: 1 });
    for (let n = 0; n < 1_050; n++) await sql.raw(`select ${n} as n`).execute(db);
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from pg_prepared_statements`.execute(db);
    expect(rows[0]?.n).toBeLessThanOrEqual(1_001);
    expect(await answer(db)).toMatchObject({ rows: [{ n: 1 }] });
  });

  test('give bigint as bigint, and other types as they are', async () => {
    const { db } = open();
    const { rows } = await sql`
      select 9223372036854775807::bigint as large, count(*) as counted, 7::int as small,
        1.5::float8 as half, array[1, null, 3]::bigint[] as list, '{}'::bigint[] as empty,
        null::bigint as none,
        timestamptz '2026-11-23 08:00Z' as at, '{"a": 1}'::jsonb as json
      from generate_series(1, 3)`.execute(db);
    expect(rows).toEqual([
      {
        large: 9_223_372_036_854_775_807n,
        counted: 3n,
        small: 7,
        half: 1.5,
        list: [1n, null, 3n],
        empty: [],
        none: null,
        at: new Date('2026-11-23T08:00:00Z'),
        json: { a: 1 },
      },
    ]);
  });

  test('that are wrong keep the error of the server', async () => {
    const { db } = open();
    const error = await sql`select 1 / ${0}::int`.execute(db).catch((thrown: unknown) => thrown);
    expect(sqlState(error)).toBe('22012');
    expect(isDatabaseUnavailable(error)).toBe(false);
    expect(await answer(db)).toMatchObject({ rows: [{ n: 1 }] });
  });

  test('that take too long are cancelled, and the connection goes on', async () => {
    const { db } = open({ max: 1, statementTimeoutMs: 100 });
    const error = await sql`select pg_sleep(60)`.execute(db).catch((thrown: unknown) => thrown);
    expect(sqlState(error)).toBe('57014');
    expect(await answer(db)).toMatchObject({ rows: [{ n: 1 }] });
  });
});

describe('sessions', () => {
  test('act in the role, in one time zone, under their name: every one of a pool', async () => {
    const { url } = await createTestDatabase();
    for (const role of Object.values(SERVICE_ROLES)) {
      const { pool } = open({ url, role, max: 3, applicationName: `test ${role}` });
      const clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()]);
      for (const client of clients) {
        const { rows } = await client.query(
          `select current_user as role, current_setting('timezone') as zone,
             current_setting('application_name') as name`,
          [],
        );
        expect(rows).toEqual([{ role, zone: 'UTC', name: `test ${role}` }]);
        client.release();
      }
      await expect(pool.query('create table public.mine (n int)')).rejects.toMatchObject({
        code: '42501',
      });
    }
  });

  test('are no more than allowed; who waits too long for one is told that there is none', async () => {
    const { pool, db } = open({ max: 2, connectTimeoutMs: 200 });
    const lent = [await pool.connect(), await pool.connect()];
    await expect(answer(db)).rejects.toThrow(UNAVAILABLE);
    await expect(pool.query('select 1')).rejects.toThrow(UNAVAILABLE);
    for (const client of lent) client.release();
    expect(await answer(db)).toMatchObject({ rows: [{ n: 1 }] });
    expect(pool.totalCount).toBeLessThanOrEqual(2);
  });

  test('that are refused because the server has too many are unavailable', async () => {
    const role = `narrow_${Math.random().toString(36).slice(2, 10)}`;
    const serverUrl = inject('serverUrl');
    await query(serverUrl, `create role ${role} login password 'narrow' connection limit 1`);
    onTestFinished(async () => {
      await query(serverUrl, `drop role ${role}`);
    });
    const url = new URL(serverUrl);
    url.username = role;
    url.password = 'narrow';
    const first = open({ url: url.href, max: 1 });
    await answer(first.db);
    const second = open({ url: url.href, max: 1 });
    await expect(answer(second.db)).rejects.toThrow(UNAVAILABLE);
    await first.db.destroy();
    await second.db.destroy();
  });
});

describe('connections that break', () => {
  test('while idle are replaced, and somebody is told', async () => {
    const { db, idleErrors, pool } = open({ applicationName: 'test idle', max: 1 });
    await answer(db);
    await terminate('test idle');
    await settled();
    expect(pool.totalCount).toBe(0);
    expect(idleErrors).toHaveLength(1);
    expect(await answer(db)).toMatchObject({ rows: [{ n: 1 }] });
  });

  test('while a statement runs make it unavailable', async () => {
    const { db } = open({ applicationName: 'test busy' });
    await answer(db);
    const running = expect(sql`select pg_sleep(60)`.execute(db)).rejects.toThrow(UNAVAILABLE);
    await settled();
    await terminate('test busy');
    await running;
    expect(await answer(db)).toMatchObject({ rows: [{ n: 1 }] });
  });

  test('inside a transaction make it unavailable, and nothing of it is there', async () => {
    const { url, db: observer } = await createTestDatabase();
    await sql`create table kept (n int)`.execute(observer);
    const { db, pool } = open({ url, applicationName: 'test transaction' });
    const broken = db.transaction().execute(async (tx) => {
      await sql`insert into kept values (1)`.execute(tx);
      await terminate('test transaction');
      await settled();
      await sql`insert into kept values (2)`.execute(tx);
    });
    await expect(broken).rejects.toThrow(UNAVAILABLE);
    expect((await sql`select * from kept`.execute(observer)).rows).toEqual([]);
    expect(await answer(db)).toMatchObject({ rows: [{ n: 1 }] });
    expect(pool.totalCount).toBe(1);
  });

  test('while lent, with no statement to tell, do not end the process', async () => {
    const { pool } = open({ applicationName: 'test lent' });
    const client = await pool.connect();
    await terminate('test lent');
    await settled();
    await expect(client.query('select 1', [])).rejects.toThrow(UNAVAILABLE);
    client.release();
    expect((await pool.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
  });

  test('because the server is away are unavailable, until it is back', async () => {
    const network = await cutBefore(inject('serverUrl'));
    const { db } = open({ url: network.url, max: 4 });
    await Promise.all([answer(db), answer(db), answer(db)]);
    const running = expect(sql`select pg_sleep(60)`.execute(db)).rejects.toThrow(UNAVAILABLE);
    await settled();
    await network.cut();
    await running;
    for (let n = 0; n < 5; n++) await expect(answer(db)).rejects.toThrow(UNAVAILABLE);
    await network.mend();
    expect(await answer(db)).toMatchObject({ rows: [{ n: 1 }] });
  });

  test('because the pool was closed are unavailable, not a fault of the caller', async () => {
    const pool = openPool({ url: inject('serverUrl'), applicationName: 'test closed', max: 1 });
    await pool.query('select 1');
    await pool.end();
    await expect(pool.query('select 1')).rejects.toThrow(UNAVAILABLE);
  });
});
