import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createScratchDatabase, dropScratchDatabase } from './scratch-database.ts';

/** What is decided about the rights of a database. Roles are named without `steward_`. */
export interface Rights {
  /** Makes the schema in an empty database. */
  migrate(url: string): Promise<unknown>;
  /** Full names of all roles that are looked at. */
  roles: readonly string[];
  /**
   * What each role may do with each table: `select`, or `update (a, b)` where only some columns. A
   * role that is not named may do nothing; a table that is not named fails the test, so that
   * somebody decides about it.
   */
  tables: Readonly<Record<string, Record<string, string>>>;
  /** The same for a table of BullMQ, by its name without the schema. */
  queueTable(name: string): Record<string, string>;
  /** Who may call what, beside the owner. None of them is open to everybody. */
  functions: Readonly<Record<string, string>>;
  /** Functions that act with the owner's rights, for whoever may call them. */
  withRightsOfOwner: readonly string[];
  /** Who may enter which schema; none may make anything there. */
  schemas: Readonly<Record<string, string>>;
}

/** Who may act as whom, by "set role" alone: the members do not inherit. */
const MAY_ACT_AS = [
  // Ops run jobs by hand and by cron.
  ['steward_ops', 'steward_worker'],
  ['steward_ops', 'steward_payments_worker'],
  // Finance is of payments, which reads the stream.
  ['steward_finance', 'steward_stream_reader'],
];

const short = (role: string) => role.replace('steward_', '');

/** Tests that a migrated database gives away exactly what is decided. */
export function describeRights(name: string, rights: Rights): void {
  const ours = Object.keys(rights.schemas)
    .map((schema) => `'${schema}'`)
    .join(', ');
  const roleRows = `unnest(array[${rights.roles.map((role) => `'${role}'`).join(', ')}]) as role`;
  let database = '';
  let owner: pg.Client;

  beforeAll(async () => {
    const scratch = await createScratchDatabase(inject('serverUrl'), 'rights');
    database = scratch.name;
    await rights.migrate(scratch.url);
    owner = new pg.Client({ connectionString: scratch.url });
    await owner.connect();
  });
  afterAll(async () => {
    await owner.end();
    await dropScratchDatabase(inject('serverUrl'), database);
  });

  async function actualTables(): Promise<Record<string, Record<string, string>>> {
    const { rows } = await owner.query(`
      select role, n.nspname || '.' || t.relname as table, string_agg(may, ', ' order by ordinal) as may
      from ${roleRows}
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
      where t.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname in (${ours})
      group by 1, 2`);
    const tables: Record<string, Record<string, string>> = {};
    for (const row of rows) {
      tables[row.table] ??= {};
      if (row.may !== null) Object.assign(tables[row.table] ?? {}, { [short(row.role)]: row.may });
    }
    return tables;
  }

  describe(name, () => {
    test('every table has its readers and writers, and no others', async () => {
      const tables = await actualTables();
      const ofQueue = Object.keys(tables).filter((table) => table.startsWith('bullmq.'));
      expect(ofQueue).toContain('bullmq.job');
      const expected = { ...rights.tables };
      for (const table of ofQueue) {
        expected[table] = rights.queueTable(table.replace('bullmq.', ''));
      }
      expect(tables).toEqual(expected);
    });

    test('every function has its callers, and none is open to everybody', async () => {
      const { rows } = await owner.query(`
        select n.nspname || '.' || f.proname as name, f.prosecdef as as_owner,
          has_function_privilege('public', f.oid, 'execute') as open,
          coalesce((select string_agg(replace(role, 'steward_', ''), ', ' order by role)
            from ${roleRows} where has_function_privilege(role, f.oid, 'execute')), '') as callers
        from pg_proc f join pg_namespace n on n.oid = f.pronamespace
        where n.nspname in (${ours}) and n.nspname <> 'bullmq'`);
      expect(Object.fromEntries(rows.map((row) => [row.name, row.callers]))).toEqual(
        rights.functions,
      );
      expect(rows.filter((row) => row.open).map((row) => row.name)).toEqual([]);
      const asOwner = rows.filter((row) => row.as_owner).map((row) => row.name);
      expect(asOwner.sort()).toEqual(rights.withRightsOfOwner);
    });

    test('functions with the rights of their owner cannot be led astray by a search path', async () => {
      const { rows } = await owner.query(`
        select f.oid::regprocedure::text as name, f.proconfig as settings from pg_proc f
        join pg_namespace n on n.oid = f.pronamespace
        where n.nspname in (${ours}) and f.prosecdef`);
      expect(rows.length).toBe(rights.withRightsOfOwner.length);
      for (const row of rows) expect(row.settings, row.name).toContain('search_path=""');
    });

    test('every schema has those who may enter; nobody may make anything anywhere', async () => {
      const { rows } = await owner.query(`
        select n.nspname as schema, role, has_schema_privilege(role, n.oid, 'usage') as usage,
          has_schema_privilege(role, n.oid, 'create') as create
        from ${roleRows} cross join pg_namespace n
        where n.nspname !~ '^pg_|^information_schema$' order by role`);
      const entered = Object.groupBy(
        rows.filter((row) => row.usage),
        (row) => row.schema,
      );
      const joined = Object.entries(entered).map(([schema, entries = []]) => [
        schema,
        entries.map((row) => short(row.role)).join(', '),
      ]);
      expect(Object.fromEntries(joined)).toEqual(rights.schemas);
      expect(rows.filter((row) => row.create)).toEqual([]);
    });

    test('nothing new is given away by default', async () => {
      expect((await owner.query('select * from pg_default_acl')).rows).toEqual([]);
    });

    test('no role can log in, act as another, or pass a policy by', async () => {
      const allowed = MAY_ACT_AS.map(([who, whom]) => `('${who}', '${whom}')`).join(', ');
      const { rows } = await owner.query(`
        select role, r.rolcanlogin or r.rolsuper or r.rolcreaterole or r.rolcreatedb
          or r.rolreplication or r.rolbypassrls as powerful,
          exists (
            select from pg_auth_members m
            where m.member = r.oid and (r.rolinherit
              or not (r.rolname, m.roleid::regrole::text) in (${allowed}))) as member
        from ${roleRows} join pg_roles r on r.rolname = role`);
      expect(rows).toHaveLength(rights.roles.length);
      expect(rows.filter((row) => row.powerful || row.member)).toEqual([]);
    });
  });
}
