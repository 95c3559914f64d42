import type { Migration } from '../../platform/postgres/migrations.ts';

export const consumers: Migration = {
  id: '2026-11-24-consumers',
  sql: `
    create schema stream_consumers;

    -- Everything up to and with this place was read: it took effect, was skipped, or waits in
    -- parked_events. Whoever changes the books of a consumer locks its row here first.
    create table stream_consumers.cursors (
      consumer text primary key,
      xid xid8 not null default '0',
      position bigint not null default 0,
      event_id uuid,
      last_event_at timestamptz,
      updated_at timestamptz not null,
      replay_xid xid8,
      replay_position bigint,
      replay_requested_at timestamptz,
      replay_requested_by text,
      check ((replay_requested_at is null) = (replay_xid is null)),
      check ((replay_requested_at is null) = (replay_position is null))
    );

    create table stream_consumers.parked_orders (
      consumer text not null,
      order_id uuid not null,
      -- the one that could not be applied; those after it wait in parked_events as well
      event_id uuid not null,
      error text not null,
      attempts int not null check (attempts > 0),
      parked_at timestamptz not null,
      tried_at timestamptz not null,
      retry_requested_at timestamptz,
      retry_requested_by text,
      primary key (consumer, order_id)
    );

    -- Read past, not applied: because the order is parked, or because an earlier version of the
    -- order is still to be read.
    create table stream_consumers.parked_events (
      consumer text not null,
      order_id uuid not null,
      version int not null,
      xid xid8 not null,
      position bigint not null,
      event_id uuid not null,
      primary key (consumer, order_id, version)
    );

    create table stream_consumers.skipped_events (
      consumer text not null,
      event_id uuid not null,
      order_id uuid not null,
      reason text not null check (reason <> ''),
      skipped_by text not null,
      skipped_at timestamptz not null,
      primary key (consumer, event_id)
    );

    grant usage on schema stream_consumers to steward_worker, steward_ops;
    grant select on all tables in schema stream_consumers to steward_worker, steward_ops;
    grant insert, update, delete on stream_consumers.cursors, stream_consumers.parked_orders,
      stream_consumers.parked_events to steward_worker;
    grant insert on stream_consumers.skipped_events to steward_worker;

    -- Ops ask for a retry, a skip or a replay; the worker, which may write the consumers' tables,
    -- carries it out.
    grant update (retry_requested_at, retry_requested_by)
      on stream_consumers.parked_orders to steward_ops;
    grant update (replay_xid, replay_position, replay_requested_at, replay_requested_by)
      on stream_consumers.cursors to steward_ops;
    grant insert on stream_consumers.skipped_events to steward_ops;
  `,
};
