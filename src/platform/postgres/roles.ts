import type { Migration } from './migrations.ts';

/**
 * Roles belong to the whole server, not to one database: another database may have made them
 * already, perhaps at this very moment. A right to act as a service role goes to whoever migrates,
 * because the processes log in as that user and then `set role`.
 */
const makeRole = (name: string) => `
  do $$ begin
    if not exists (select from pg_roles where rolname = '${name}') then
      create role ${name} nologin;
    end if;
  exception when duplicate_object or unique_violation then null;
  end $$;`;

const actAs = (name: string) => `
  do $$
  declare
    -- From 16 on, whoever makes a role is a member of it without the right to act as it.
    v_right constant text :=
      case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end;
  begin
    if pg_has_role(current_user, '${name}', v_right) then return; end if;
    begin
      execute format('grant ${name} to %I', current_user);
    exception when others then
      -- Another database of the server may have granted it at this very moment.
      if not pg_has_role(current_user, '${name}', v_right) then
        raise exception 'role ${name} was made by somebody else (%): let its owner or a superuser run "grant ${name} to %"',
          sqlerrm, quote_ident(current_user) using errcode = 'insufficient_privilege';
      end if;
    end;
  end $$;`;

/** What a process of steward acts as. */
export const SERVICE_ROLES = {
  /** HTTP: places orders and moves them on; no access to jobs' books beyond adding. */
  api: 'steward_api',
  /** Jobs and consumers of the stream. */
  worker: 'steward_worker',
  /** Reads the order stream and nothing else: the only way in for payments. */
  streamReader: 'steward_stream_reader',
} as const;

/** What payments' processes act as, in payments' own database; made by payments' migrations. */
export const PAYMENTS_ROLES = {
  api: 'steward_payments_api',
  worker: 'steward_payments_worker',
} as const;

/** The kinds of people; a login role of a person is a member of one of them. */
export const GROUP_ROLES = [
  'steward_catalog',
  'steward_hiring',
  'steward_finance',
  'steward_quality',
  'steward_betting',
  'steward_supplies',
  'steward_ops',
] as const;

/**
 * Ops run jobs by hand and by cron, as the worker and by its rights: by `set role`, and without
 * having those rights in everything else they do.
 */
const OPS_MAY_ACT_AS_WORKER = `
  do $$ begin
    alter role steward_ops noinherit;
    grant steward_worker to steward_ops;
  exception when others then
    -- Another database of the server may have done it at this very moment.
    if not pg_has_role('steward_ops', 'steward_worker', 'member') then raise; end if;
  end $$;`;

/**
 * Finance belongs to payments, which may read the stream and nothing else of the main database:
 * by `set role`, and only while reading it.
 */
const FINANCE_MAY_READ_STREAM = `
  do $$ begin
    alter role steward_finance noinherit;
    grant steward_stream_reader to steward_finance;
  exception when others then
    if not pg_has_role('steward_finance', 'steward_stream_reader', 'member') then raise; end if;
  end $$;`;

/** First of all migrations: the walls. Each context then grants on its own objects. */
export const platformMigrations: Migration[] = [
  {
    id: '2026-11-23-roles',
    sql: [
      ...[...Object.values(SERVICE_ROLES), ...GROUP_ROLES].map(makeRole),
      ...Object.values(SERVICE_ROLES).map(actAs),
      OPS_MAY_ACT_AS_WORKER,
      `revoke all on schema public from public;
       do $$ begin
         execute format('revoke temporary on database %I from public', current_database());
       exception when insufficient_privilege then
         -- Who migrates a database of somebody else leaves that to its owner.
         null;
       end $$;
       -- Whoever works with steward may ask whether database and program fit each other.
       grant usage on schema platform to public;
       grant select on platform.migrations to public;`,
    ].join('\n'),
  },
  { id: '2026-11-25-finance-reads-stream', sql: FINANCE_MAY_READ_STREAM },
];
