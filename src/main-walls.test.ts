import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { createScratchDatabase, dropScratchDatabase } from '../test/scratch-database.ts';
import { migrateMain } from './main-database.ts';

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

const DENIED = expect.objectContaining({ code: '42501' });

describe('in a session of its own', () => {
  test('the stream reader reads the stream, and everything else is denied', async () => {
    const reader = await logIn('steward_stream_reader');
    for (const table of ['order_events', 'personal', 'epochs']) {
      await reader.query(`select * from stream.${table}`);
    }
    const { rows } = await owner.query(`
      select schemaname || '.' || tablename as name from pg_tables
      where schemaname !~ '^(pg_|information_schema$)' and tablename <> 'migrations'`);
    const tables = rows.map((row): string => row.name);
    const others = tables.filter((table) => !table.startsWith('stream.'));
    expect(others.length).toBeGreaterThan(10);
    for (const statement of [
      ...others.map((table) => `select * from ${table}`),
      ...tables.flatMap((table) => [
        `delete from ${table}`,
        `truncate ${table}`,
        `alter table ${table} disable trigger all`,
      ]),
      `insert into stream.order_events default values`,
      `insert into stream.personal (subject_id) values (gen_random_uuid())`,
      `update stream.order_events set version = 1`,
      `update stream.personal set data = '{}'`,
      `select * from stream.order_events for update`,
      `select orders.people(gen_random_uuid())`,
      `select orders.append_event(gen_random_uuid(), gen_random_uuid(), '', now(), '{}')`,
      `select stream.rebase_after_restore()`,
      `select bullmq.next_job_id('orders')`,
      `create table public.mine (n int)`,
      `create table stream.mine (n int)`,
      `create temporary table mine (n int)`,
      `create schema mine`,
      `set role steward_api`,
      `copy stream.order_events to program 'true'`,
    ]) {
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
