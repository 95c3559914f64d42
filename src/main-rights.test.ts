import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createScratchDatabase, dropScratchDatabase } from '../test/scratch-database.ts';
import { migrateMain } from './main-database.ts';
import { GROUP_ROLES, SERVICE_ROLES } from './platform/postgres/roles.ts';

/** What failing a no-show changes (R-08). */
const END = 'update (status, busy, ended_at, end_kind, end_reason, version, updated_at)';

/**
 * What each role may do with each table: `select`, or `update (a, b)` where only some columns. A
 * role that is not named may do nothing; a table that is not named fails the test, so that somebody
 * decides about it.
 */
const TABLES: Record<string, Record<string, string>> = {
  'catalog.services': {
    api: 'select',
    worker: 'select',
    catalog: 'select, insert, update',
    hiring: 'select',
    quality: 'select',
    supplies: 'select',
    ops: 'select',
  },
  'catalog.service_changes': { catalog: 'select, insert', ops: 'select' },

  'orders.customers': {
    api: 'select, insert, update',
    worker: 'select',
    quality: 'select',
    ops: 'select',
  },
  'orders.orders': {
    api: 'select, insert, update',
    worker: `select, ${END}`,
    hiring: 'select (id, worker_id, service, status, scheduled_at, ends_at)',
    quality: 'select',
    ops: 'select',
    supplies: 'select (id, worker_id, service, status, scheduled_at, ends_at, version)',
  },
  'orders.supplies': {
    api: 'select, insert, update',
    worker: 'select, update (status)',
    quality: 'select',
    ops: 'select',
    supplies: 'select',
  },
  'orders.cookies': {
    api: 'select',
    worker: 'select, insert, update',
    quality: 'select',
    ops: 'select',
    supplies: 'select',
  },
  'orders.workers': {
    api: 'select, update (stars_sum, stars_count, standing, completed_orders)',
    worker: 'select',
    hiring:
      'select, insert (id, subject, name, email, phone, city, skills, strengths, weaknesses, notes, active, standing, created_at, updated_at), update (subject, name, email, phone, city, skills, strengths, weaknesses, notes, active, version, updated_at, deactivated_at)',
    quality: 'select',
    ops: 'select',
    supplies: 'select (id, name, city, stars_sum, stars_count)',
  },
  'orders.worker_skills': { api: 'select', worker: 'select', quality: 'select', ops: 'select' },
  'orders.worker_days': {
    api: 'select, insert, update',
    worker: 'select, update (assigned)',
    quality: 'select',
    ops: 'select',
  },
  'orders.worker_customers': {
    api: 'select, insert, update',
    worker: 'select',
    quality: 'select',
    ops: 'select',
  },
  'orders.match_receipts': {
    api: 'select, insert',
    worker: 'select',
    quality: 'select',
    ops: 'select',
  },
  'orders.idempotency_keys': {
    api: 'select, insert',
    worker: 'select, delete',
    quality: 'select',
    ops: 'select',
  },

  // Nobody changes or deletes an event.
  'stream.order_events': {
    api: 'select, insert (event_id, order_id, version, type, occurred_at, snapshot)',
    worker: 'select',
    stream_reader: 'select',
    quality: 'select',
    ops: 'select',
  },
  'stream.personal': {
    api: 'select, insert, update',
    worker: 'select',
    stream_reader: 'select',
    // Rows of workers only: by a policy.
    hiring: 'select, insert, update',
    quality: 'select',
    ops: 'select',
  },
  'stream.epochs': {
    api: 'select',
    worker: 'select',
    stream_reader: 'select',
    quality: 'select',
    ops: 'select',
  },

  'stream_consumers.cursors': {
    worker: 'select, insert, update, delete',
    ops: 'select, update (replay_xid, replay_position, replay_requested_at, replay_requested_by)',
  },
  'stream_consumers.parked_orders': {
    worker: 'select, insert, update, delete',
    ops: 'select, update (retry_requested_at, retry_requested_by)',
  },
  'stream_consumers.parked_events': { worker: 'select, insert, update, delete', ops: 'select' },
  'stream_consumers.skipped_events': { worker: 'select, insert', ops: 'select, insert' },

  'mail.messages': {
    worker: 'select, insert, update',
    ops: 'select, update (status, next_attempt_at, error, retried_by, retried_at)',
  },

  'platform.job_runs': {
    api: 'select',
    worker: 'select, insert, update, delete',
    ops: 'select, insert, update',
  },
  // Whether program and database fit each other is no secret.
  'platform.migrations': {
    api: 'select',
    worker: 'select',
    stream_reader: 'select',
    catalog: 'select',
    hiring: 'select',
    finance: 'select',
    quality: 'select',
    betting: 'select',
    supplies: 'select',
    ops: 'select',
  },
};

/** BullMQ's tables, whatever they are: workers and ops do everything, the API adds jobs. */
const QUEUE_PRODUCER: Record<string, string> = {
  meta: 'select, insert, update',
  job: 'select, insert, update',
  dedup: 'select, insert, update, delete',
  dedup_next: 'select, insert, update, delete',
  event: 'select, insert, update, delete',
};

/** Who may call what, beside the owner. None of them is open to everybody. */
const FUNCTIONS: Record<string, string> = {
  'orders.append_event': 'api, worker',
  'orders.cancel_order': 'api, ops, quality',
  'orders.city_key': 'api',
  'orders.end_order': 'api, worker',
  'orders.index_worker_skills': '',
  'orders.issue_supplies': 'api, ops, supplies',
  'orders.nearest_free_times': 'api',
  'orders.people': 'api, ops, quality, supplies, worker',
  'orders.place_order': 'api',
  'orders.short_list': 'api',
  'orders.snapshot': 'api, ops, quality, worker',
  'orders.vouched_actor': '',
  'stream.rebase_after_restore': '',
  'stream.refuse_change': '',
};

/** Functions that act with the owner's rights, for whoever may call them. */
const WITH_RIGHTS_OF_OWNER = [
  'orders.append_event',
  'orders.cancel_order',
  'orders.index_worker_skills',
  'orders.issue_supplies',
];

/** Who may enter which schema; none may make anything there. */
const SCHEMAS: Record<string, string> = {
  bullmq: 'api, ops, worker',
  catalog: 'api, catalog, hiring, ops, quality, supplies, worker',
  mail: 'ops, worker',
  orders: 'api, hiring, ops, quality, supplies, worker',
  platform: 'api, betting, catalog, finance, hiring, ops, quality, stream_reader, supplies, worker',
  stream: 'api, hiring, ops, quality, stream_reader, worker',
  stream_consumers: 'ops, worker',
};

const OURS = Object.keys(SCHEMAS)
  .map((name) => `'${name}'`)
  .join(', ');
const ROLES = [...Object.values(SERVICE_ROLES), ...GROUP_ROLES];
const ROLE_ROWS = `unnest(array[${ROLES.map((role) => `'${role}'`).join(', ')}]) as role`;

let url = '';
let database = '';
let owner: pg.Client;

beforeAll(async () => {
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

const short = (role: string) => role.replace('steward_', '');

async function actualTables(): Promise<Record<string, Record<string, string>>> {
  const { rows } = await owner.query(`
    select role, n.nspname || '.' || t.relname as table, string_agg(may, ', ' order by ordinal) as may
    from ${ROLE_ROWS}
    cross join pg_class t join pg_namespace n on n.oid = t.relnamespace
    cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references',
      'trigger']) with ordinality as p (privilege, ordinal)
    cross join lateral (select case
      when has_table_privilege(role, t.oid, privilege) then privilege
      when privilege in ('select', 'insert', 'update', 'references') then (
        select privilege || ' (' || string_agg(a.attname, ', ' order by a.attnum) || ')'
        from pg_attribute a
        where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
          and has_column_privilege(role, t.oid, a.attnum, privilege))
      end as may) as found
    where t.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname in (${OURS})
    group by 1, 2`);
  const tables: Record<string, Record<string, string>> = {};
  for (const row of rows) {
    tables[row.table] ??= {};
    if (row.may !== null) Object.assign(tables[row.table] ?? {}, { [short(row.role)]: row.may });
  }
  return tables;
}

describe('who may touch what', () => {
  test('every table has its readers and writers, and no others', async () => {
    const tables = await actualTables();
    const ofQueue = Object.keys(tables).filter((table) => table.startsWith('bullmq.'));
    expect(ofQueue).toContain('bullmq.job');
    const expected = { ...TABLES };
    for (const table of ofQueue) {
      const all = 'select, insert, update, delete';
      expected[table] = {
        api: QUEUE_PRODUCER[table.replace('bullmq.', '')] ?? 'select',
        worker: all,
        ops: all,
      };
    }
    expect(tables).toEqual(expected);
  });

  test('every function has its callers, and none is open to everybody', async () => {
    const { rows } = await owner.query(`
      select n.nspname || '.' || f.proname as name, f.prosecdef as as_owner,
        has_function_privilege('public', f.oid, 'execute') as open,
        coalesce((select string_agg(replace(role, 'steward_', ''), ', ' order by role)
          from ${ROLE_ROWS} where has_function_privilege(role, f.oid, 'execute')), '') as callers
      from pg_proc f join pg_namespace n on n.oid = f.pronamespace
      where n.nspname in (${OURS}) and n.nspname <> 'bullmq'`);
    expect(Object.fromEntries(rows.map((row) => [row.name, row.callers]))).toEqual(FUNCTIONS);
    expect(rows.filter((row) => row.open).map((row) => row.name)).toEqual([]);
    const asOwner = rows.filter((row) => row.as_owner).map((row) => row.name);
    expect(asOwner.sort()).toEqual(WITH_RIGHTS_OF_OWNER);
  });

  test('functions with the rights of their owner cannot be led astray by a search path', async () => {
    const { rows } = await owner.query(`
      select f.oid::regprocedure::text as name, f.proconfig as settings from pg_proc f
      join pg_namespace n on n.oid = f.pronamespace
      where n.nspname in (${OURS}) and f.prosecdef`);
    expect(rows.length).toBe(WITH_RIGHTS_OF_OWNER.length);
    for (const row of rows) expect(row.settings, row.name).toContain('search_path=""');
  });

  test('every schema has those who may enter; nobody may make anything anywhere', async () => {
    const { rows } = await owner.query(`
      select n.nspname as schema, role, has_schema_privilege(role, n.oid, 'usage') as usage,
        has_schema_privilege(role, n.oid, 'create') as create
      from ${ROLE_ROWS} cross join pg_namespace n
      where n.nspname !~ '^pg_|^information_schema$' order by role`);
    const entered = Object.groupBy(
      rows.filter((row) => row.usage),
      (row) => row.schema,
    );
    const joined = Object.entries(entered).map(([schema, entries = []]) => [
      schema,
      entries.map((row) => short(row.role)).join(', '),
    ]);
    expect(Object.fromEntries(joined)).toEqual(SCHEMAS);
    expect(rows.filter((row) => row.create)).toEqual([]);
  });

  test('nothing new is given away by default', async () => {
    expect((await owner.query('select * from pg_default_acl')).rows).toEqual([]);
  });

  test('no role can log in, act as another, or pass a policy by', async () => {
    const { rows } = await owner.query(`
      select role, r.rolcanlogin or r.rolsuper or r.rolcreaterole or r.rolcreatedb
        or r.rolreplication or r.rolbypassrls as powerful,
        exists (
          select from pg_auth_members m
          where m.member = r.oid
            -- Ops run jobs as the worker, by "set role" alone.
            and not (r.rolname = 'steward_ops' and m.roleid = 'steward_worker'::regrole
              and not r.rolinherit)) as member
      from ${ROLE_ROWS} join pg_roles r on r.rolname = role`);
    expect(rows).toHaveLength(ROLES.length);
    expect(rows.filter((row) => row.powerful || row.member)).toEqual([]);
  });
});
