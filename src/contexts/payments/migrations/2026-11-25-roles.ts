import type { Migration } from '../../../platform/postgres/migrations.ts';

/**
 * Payments' own service roles, in payments' own database. The roles of the main part exist here
 * too, because roles belong to the whole server and shared modules grant to them; they are shut out
 * again here: nobody but payments, finance and ops may even connect.
 */
const makeRole = (name: string) => `
  do $$ begin
    if not exists (select from pg_roles where rolname = '${name}') then
      create role ${name} nologin;
    end if;
  exception when duplicate_object or unique_violation then null;
  end $$;
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
      if not pg_has_role(current_user, '${name}', v_right) then
        raise exception 'role ${name} was made by somebody else (%): let its owner or a superuser run "grant ${name} to %"',
          sqlerrm, quote_ident(current_user) using errcode = 'insufficient_privilege';
      end if;
    end;
  end $$;`;

export const roles: Migration = {
  id: '2026-11-25-roles',
  sql: `
    ${makeRole('steward_payments_api')}
    ${makeRole('steward_payments_worker')}
    do $$ begin
      grant steward_payments_worker to steward_ops;
    exception when others then
      if not pg_has_role('steward_ops', 'steward_payments_worker', 'member') then raise; end if;
    end $$;

    -- The shared modules' tables belong to payments' own worker here, not to the main part's.
    revoke all on all tables in schema platform, mail, stream_consumers
      from steward_api, steward_worker;
    revoke all on schema mail, stream_consumers from steward_api, steward_worker;
    grant select on platform.migrations to public;
    grant select, insert, update, delete on platform.job_runs to steward_payments_worker;
    grant usage on schema mail, stream_consumers to steward_payments_worker;
    grant select, insert, update on mail.messages to steward_payments_worker;
    grant select, insert, update, delete on stream_consumers.cursors,
      stream_consumers.parked_orders, stream_consumers.parked_events to steward_payments_worker;
    grant select, insert on stream_consumers.skipped_events to steward_payments_worker;
    -- Committing an invoice or a payout tells people: the mail stands in the same transaction.
    grant usage on schema mail, stream_consumers to steward_finance;
    grant select, insert on mail.messages to steward_finance;
    grant select on all tables in schema stream_consumers to steward_finance;

    do $$ begin
      execute format('revoke connect on database %I from public', current_database());
      execute format('grant connect on database %I to steward_payments_api,
        steward_payments_worker, steward_finance, steward_ops', current_database());
    exception when insufficient_privilege then
      -- Who migrates a database of somebody else leaves that to its owner.
      null;
    end $$;
  `,
};
