import type { Migration } from '../../platform/postgres/migrations.ts';

export const epochs: Migration = {
  id: '2026-11-24-epochs',
  sql: `
    -- Transaction ids belong to one cluster. In another one (a restore from a dump) they start
    -- anew and would sort new events before old ones. Each time that happens an epoch begins: its
    -- base is added to the ids of new rows, so that (xid, position) keeps growing, and no old row
    -- and no cursor anywhere has to be touched.
    create table stream.epochs (
      number int primary key check (number > 0),
      xid_base bigint not null check (xid_base >= 0),
      -- the cluster that this epoch belongs to
      system_identifier bigint not null,
      -- Compared with the row's own xmin, it tells a restored row from one written here.
      xid xid8 not null default pg_current_xact_id(),
      began_at timestamptz not null default now()
    );
    insert into stream.epochs (number, xid_base, system_identifier)
      select 1, 0, system_identifier from pg_control_system();
    grant select on stream.epochs to steward_api, steward_worker, steward_stream_reader,
      steward_quality, steward_ops;

    -- Begins an epoch if the log came from another cluster; null if all is well. Needs the owner
    -- of the log. Waits for transactions that are writing to it.
    create function stream.rebase_after_restore() returns jsonb language plpgsql as $$
    declare
      v_cluster constant bigint := (select system_identifier from pg_control_system());
      v_old stream.epochs;
      v_ahead boolean;
      v_written_here boolean;
      v_base bigint;
      v_moved bigint;
    begin
      lock table stream.order_events in access exclusive mode;
      select * into strict v_old from stream.epochs order by number desc limit 1;
      select coalesce(
          (select xid from stream.order_events order by xid desc, position desc limit 1)
            >= (v_old.xid_base + pg_snapshot_xmax(pg_current_snapshot())::text::bigint)::text::xid8,
          false)
        into v_ahead;
      if v_old.system_identifier = v_cluster and not v_ahead then
        return null;
      end if;

      -- pg_upgrade makes a new cluster in which ids go on and rows keep their xmin.
      select mod(e.xid::text::bigint, 4294967296) = e.xmin::text::bigint and coalesce((
            select mod(l.xid::text::bigint - v_old.xid_base, 4294967296) = l.xmin::text::bigint
            from stream.order_events l
            where l.xid >= v_old.xid_base::text::xid8 order by l.xid desc, l.position desc limit 1),
          true)
        into v_written_here
        from stream.epochs e where e.number = v_old.number;
      if v_written_here and not v_ahead then
        insert into stream.epochs (number, xid_base, system_identifier)
          values (v_old.number + 1, v_old.xid_base, v_cluster);
        return jsonb_build_object('epoch', v_old.number + 1, 'eventsMoved', 0);
      end if;

      -- Four thousand million beyond the last id: a consumer whose books were not restored may
      -- have read further than the dump goes.
      select coalesce(max(xid)::text::bigint, v_old.xid_base) + 4294967296 into v_base
        from (select xid from stream.order_events order by xid desc limit 1) as last;

      -- Rows that were written here before anybody called this. They are told by the row's own
      -- transaction id: of a restored row it is the one of the restore. The switch is inside a
      -- transaction that holds the table for itself, so the log stays insert-only for all others.
      alter table stream.order_events disable trigger insert_only;
      update stream.order_events
        set xid = (xid::text::bigint - v_old.xid_base + v_base)::text::xid8
        where mod(xid::text::bigint - v_old.xid_base, 4294967296) = xmin::text::bigint
          and xid >= v_old.xid_base::text::xid8;
      get diagnostics v_moved = row_count;
      alter table stream.order_events enable trigger insert_only;

      execute format('alter table stream.order_events alter column xid
        set default ((%s + pg_current_xact_id()::text::bigint)::text)::xid8', v_base);
      insert into stream.epochs (number, xid_base, system_identifier)
        values (v_old.number + 1, v_base, v_cluster);
      return jsonb_build_object('epoch', v_old.number + 1, 'eventsMoved', v_moved);
    end $$;
    revoke execute on function stream.rebase_after_restore from public;
  `,
};
