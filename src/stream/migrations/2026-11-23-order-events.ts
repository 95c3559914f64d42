import type { Migration } from '../../platform/postgres/migrations.ts';

export const orderEvents: Migration = {
  id: '2026-11-23-order-events',
  sql: `
    create schema stream;

    -- Positions are handed out before commit, so they alone do not tell what a reader has seen:
    -- readers go by (xid, position), and only below the oldest transaction still running.
    create table stream.order_events (
      position bigint generated always as identity,
      xid xid8 not null default pg_current_xact_id(),
      event_id uuid not null,
      order_id uuid not null,
      version int not null check (version > 0),
      type text not null,
      occurred_at timestamptz not null,
      snapshot jsonb not null,
      primary key (xid, position),
      unique (order_id, version)
    );

    create function stream.refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception 'stream.order_events is insert-only' using errcode = 'restrict_violation';
    end $$;
    create trigger insert_only before update or delete on stream.order_events
      for each row execute function stream.refuse_change();
    create trigger no_truncate before truncate on stream.order_events
      for each statement execute function stream.refuse_change();

    -- What identifies people, beside the log: erasing a person touches no event.
    create table stream.personal (
      subject_id uuid primary key,
      kind text not null check (kind in ('customer', 'worker', 'order')),
      -- {} once erased
      data jsonb not null,
      erased_at timestamptz,
      updated_at timestamptz not null
    );

    grant usage on schema stream to steward_api, steward_worker, steward_stream_reader,
      steward_quality, steward_ops;
    grant select on stream.order_events to steward_api, steward_worker, steward_stream_reader,
      steward_quality, steward_ops;
    grant select on stream.personal to steward_api, steward_worker, steward_stream_reader,
      steward_quality;
    -- Place and transaction id are nobody's to choose.
    grant insert (event_id, order_id, version, type, occurred_at, snapshot)
      on stream.order_events to steward_api;
    grant insert, update on stream.personal to steward_api;
    revoke execute on function stream.refuse_change from public;

    -- Who hires keeps the workers' rows and sees no other.
    alter table stream.personal enable row level security;
    create policy workers_only on stream.personal to steward_hiring
      using (kind = 'worker') with check (kind = 'worker');
    create policy everything on stream.personal
      to steward_api, steward_worker, steward_stream_reader, steward_quality, steward_ops
      using (true) with check (true);
  `,
};
