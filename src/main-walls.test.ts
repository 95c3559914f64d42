import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { createScratchDatabase, dropScratchDatabase } from '../test/scratch-database.ts';
import { migrateMain } from './main-database.ts';
import { GROUP_ROLES, SERVICE_ROLES } from './platform/postgres/roles.ts';

let url = '';
let database = '';
let owner: pg.Client;

beforeAll(async () => {
  // Not a clone of the template: rights on the database itself are not cloned.
  const scratch = await createScratchDatabase(inject('serverUrl'), 'walls');
  url = scratch.url;
  database = scratch.name;
  await migrateMain(url);
  owner = new pg.Client({ connectionString: url });
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await dropScratchDatabase(inject('serverUrl'), database);
});

/** A session of somebody who logs in with these rights, as payments and managers do. */
async function logIn(role: string): Promise<pg.Client> {
  const name = `person_${randomBytes(4).toString('hex')}`;
  const password = randomBytes(8).toString('hex');
  await owner.query(`create role ${name} login password '${password}' in role ${role}`);
  const personal = new URL(url);
  personal.username = name;
  personal.password = password;
  const client = new pg.Client({ connectionString: personal.href });
  await client.connect();
  onTestFinished(async () => {
    await client.end();
    await owner.query(`drop role ${name}`);
  });
  return client;
}

/** Schemas of PostgreSQL itself, as a regular expression. */
const NOT_OURS = '^(pg_|information_schema$)';

/** The column "name" of what the owner finds. */
async function names(sql: string): Promise<string[]> {
  const { rows } = await owner.query<{ name: string }>(sql);
  return rows.map((row) => row.name);
}

const DENIED = expect.objectContaining({ code: '42501' });

describe('in a session of its own', () => {
  test('the stream reader reads the stream, and everything else is denied', async () => {
    const reader = await logIn('steward_stream_reader');
    for (const table of ['order_events', 'personal', 'epochs']) {
      await reader.query(`select * from stream.${table}`);
    }
    const tables = await names(`
      select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables
      where schemaname !~ '${NOT_OURS}'`);
    const others = tables.filter((table) => !/^stream\.|^platform\.migrations$/.test(table));
    expect(others.length).toBeGreaterThan(10);
    for (const statement of [
      ...others.map((table) => `select * from ${table}`),
      ...tables.flatMap((table) => [
        `insert into ${table} default values`,
        `delete from ${table}`,
        `truncate ${table}`,
        `alter table ${table} disable trigger all`,
        // Writers would wait for it.
        `do $$ begin lock table ${table} in share mode; end $$`,
        `select * from ${table} for update`,
      ]),
      `update stream.order_events set version = 1`,
      `update stream.personal set data = '{}'`,
      `update stream.epochs set xid_base = 0`,
      `create index on stream.order_events (occurred_at)`,
      `create trigger mine before insert on stream.order_events
        execute function stream.refuse_change()`,
      `create policy mine on stream.personal using (false)`,
      `create temporary table mine (n int)`,
      `create schema mine`,
      `create role mine`,
      `create database mine`,
      `create publication mine for table stream.order_events`,
      `copy stream.order_events to program 'true'`,
      `copy stream.personal to '/tmp/mine'`,
      `select pg_read_file('PG_VERSION')`,
    ]) {
      await expect(reader.query(statement), statement).rejects.toThrow(DENIED);
    }
  });

  test('the stream reader calls nothing, makes nothing anywhere and becomes nobody', async () => {
    const reader = await logIn('steward_stream_reader');
    const updates = await names(`
      select format('update %I.%I set %I = default', table_schema, table_name, column_name) as name
      from information_schema.columns join pg_tables
        on schemaname = table_schema and tablename = table_name
      where table_schema !~ '${NOT_OURS}'`);
    const calls = await names(`
      select format(case prokind when 'p' then 'call' else 'select' end || ' %I.%I(%s)',
        n.nspname, f.proname, (select string_agg('null::' || format_type(t.type, null), ', '
          order by t.ordinality) from unnest(f.proargtypes) with ordinality as t (type))) as name
      from pg_proc f join pg_namespace n on n.oid = f.pronamespace
      where n.nspname !~ '${NOT_OURS}' and not exists (
        select from pg_depend d where d.objid = f.oid and d.deptype = 'e')`);
    const sequences = await names(`
      select format('select nextval(%L)', format('%I.%I', schemaname, sequencename)) as name
      from pg_sequences where schemaname !~ '${NOT_OURS}'`);
    const made = await names(`
      select format(what, nspname) as name from pg_namespace, unnest(array[
        'create table %I.mine (n int)', 'create view %I.mine as select 1',
        'create sequence %I.mine', 'create type %I.mine as enum ()',
        'create function %I.mine() returns int language sql return 1', 'drop schema %I cascade'
      ]) as what
      where nspname !~ '${NOT_OURS}'`);
    const become = [...Object.values(SERVICE_ROLES), ...GROUP_ROLES, owner.user ?? '']
      .filter((role) => role !== 'steward_stream_reader')
      .map((role) => `set role ${role}`);
    for (const some of [updates, calls, sequences, made]) expect(some.length).toBeGreaterThan(5);
    for (const statement of [...updates, ...calls, ...sequences, ...made, ...become]) {
      await expect(reader.query(statement), statement).rejects.toThrow(DENIED);
    }
  });

  test('supplies staff learn nothing of customers', async () => {
    const clerk = await logIn('steward_supplies');
    await clerk.query('select items, needed_at from orders.supplies');
    for (const statement of [
      'select name from orders.customers',
      'select place from orders.orders',
      'select description from orders.orders',
      'select price_minor from orders.orders',
      'select email from orders.workers',
      'select data from stream.personal',
      'select snapshot from stream.order_events',
      'update orders.orders set worker_id = worker_id',
      `update orders.supplies set items = '[]'`,
    ]) {
      await expect(clerk.query(statement), statement).rejects.toThrow(DENIED);
    }
  });

  test('who hires keeps what is known of workers and reaches nobody else', async () => {
    const ids = { worker: randomUUID(), customer: randomUUID() };
    for (const [kind, id] of Object.entries(ids)) {
      await owner.query(
        `insert into stream.personal values ($1, $2, '{"name": "Ann"}', null, now())`,
        [id, kind],
      );
    }
    const hiring = await logIn('steward_hiring');
    const seen = await hiring.query('select subject_id from stream.personal');
    expect(seen.rows).toEqual([{ subject_id: ids.worker }]);
    const changed = await hiring.query(`update stream.personal set data = '{}'`);
    expect(changed.rowCount).toBe(1);
    const takeOver = `insert into stream.personal values ($1, 'worker', '{}', null, now())
      on conflict (subject_id) do update set data = excluded.data`;
    await expect(hiring.query(takeOver, [ids.customer])).rejects.toThrow(DENIED);
    await expect(hiring.query(`update stream.personal set kind = 'customer'`)).rejects.toThrow(
      DENIED,
    );
    for (const statement of [
      'select * from orders.customers',
      'select place from orders.orders',
      'update orders.workers set stars_sum = 500',
      'delete from orders.workers',
      'delete from stream.personal',
    ]) {
      await expect(hiring.query(statement), statement).rejects.toThrow(DENIED);
    }
  });

  test('finance and betting have nothing to look for here yet', async () => {
    for (const role of ['steward_finance', 'steward_betting']) {
      const person = await logIn(role);
      for (const table of ['orders.orders', 'stream.order_events', 'mail.messages']) {
        await expect(person.query(`select from ${table}`)).rejects.toThrow(DENIED);
      }
    }
  });
});

test('not even the owner changes an event, and no service chooses its place', async () => {
  const insert = `insert into stream.order_events
    (event_id, order_id, version, type, occurred_at, snapshot)
    values (gen_random_uuid(), gen_random_uuid(), 1, 'order.assigned', now(), '{}')`;
  await owner.query(insert);
  for (const statement of [
    'update stream.order_events set version = 2',
    'delete from stream.order_events',
    'truncate stream.order_events',
  ]) {
    await expect(owner.query(statement), statement).rejects.toThrow('insert-only');
  }
  const api = await logIn('steward_api');
  await api.query(insert);
  for (const [column, value] of [
    ['xid', `'1'`],
    ['position', '1'],
  ]) {
    const forged = insert
      .replace('(event_id', `(${column}, event_id`)
      .replace('values (', `overriding system value values (${value}, `);
    await expect(api.query(forged), column).rejects.toThrow(DENIED);
  }
});
