import type { Migration } from '../../../platform/postgres/migrations.ts';

/**
 * The steps that people may take with any SQL tool: issuing supplies, cancelling. They get the
 * function and no right on the tables, so that a step is legal, complete and under their own name.
 * An order's time never runs backwards, whatever the clocks of the processes say.
 */
export const staffSteps: Migration = {
  id: '2026-11-23-staff-steps',
  sql: `
    -- Who is to be named for what this session does. The API speaks for the people whose tokens it
    -- has checked; everybody else is who they logged in as.
    create function orders.vouched_actor(p_actor jsonb, p_kind text) returns jsonb
      language sql stable as $$
      select case when pg_has_role(session_user, 'steward_api', 'member') then p_actor
        else jsonb_build_object('kind', p_kind, 'id', session_user) end
    $$;

    -- Books the end of an order: state, freed time, withdrawn supplies, the worker's day, the
    -- words. The rest of the booked time is free again; a part in the past stays as it was.
    create function orders.end_order(
      p_order_id uuid, p_status text, p_kind text, p_reason text, p_now timestamptz
    ) returns void language plpgsql as $$
    declare
      v_worker_id uuid;
      v_day date;
    begin
      update orders.orders set
        status = p_status, end_kind = p_kind, end_reason = p_reason, ended_at = p_now,
        updated_at = p_now, version = version + 1,
        busy = tstzrange(lower(busy), greatest(lower(busy), least(upper(busy), p_now)))
      where id = p_order_id
      returning worker_id, business_day into strict v_worker_id, v_day;
      update orders.supplies set status = 'withdrawn'
        where order_id = p_order_id and status = 'requested';
      if p_status <> 'completed' then
        update orders.worker_days set assigned = greatest(0, assigned - 1)
          where worker_id = v_worker_id and day = v_day;
      end if;
      if p_reason is not null then
        update stream.personal
          set data = data || jsonb_build_object('endReason', p_reason), updated_at = p_now
          where subject_id = p_order_id and erased_at is null;
      end if;
    end $$;

    -- R-06, once per order.
    create function orders.issue_supplies(
      p_order_id uuid, p_event_id uuid, p_now timestamptz, p_actor jsonb
    ) returns table (outcome text, status text, snapshot jsonb)
      language plpgsql security definer set search_path = '' as $$
    #variable_conflict use_column
    declare
      v_actor constant jsonb := orders.vouched_actor(p_actor, 'supplies');
      v_status text;
      v_now timestamptz;
    begin
      select o.status, greatest(p_now, o.updated_at) into v_status, v_now from orders.orders o
        where o.id = p_order_id for no key update;
      if v_status is null or v_actor ->> 'kind' not in ('supplies', 'manager', 'system') then
        return query select 'not-found', null::text, null::jsonb;
        return;
      end if;
      if v_status <> 'assigned' then
        return query select 'illegal', v_status, null::jsonb;
        return;
      end if;
      update orders.supplies s
        set status = 'issued', issued_at = v_now, issued_by = v_actor ->> 'id'
        where s.order_id = p_order_id;
      update orders.orders o
        set status = 'supplied', supplied_at = v_now, updated_at = v_now, version = o.version + 1
        where o.id = p_order_id;
      return query select 'done', 'supplied',
        orders.append_event(p_order_id, p_event_id, 'order.supplied', v_now, v_actor);
    end $$;

    -- R-04: by the customer whose order it is, or by a manager.
    create function orders.cancel_order(
      p_order_id uuid, p_event_id uuid, p_now timestamptz, p_actor jsonb, p_reason text
    ) returns table (outcome text, status text, snapshot jsonb)
      language plpgsql security definer set search_path = '' as $$
    #variable_conflict use_column
    declare
      v_actor constant jsonb := orders.vouched_actor(p_actor, 'manager');
      v_kind constant text := v_actor ->> 'kind';
      v_by_customer constant boolean := v_kind = 'customer';
      v_status text;
      v_customer_id uuid;
      v_now timestamptz;
    begin
      select o.status, o.customer_id, greatest(p_now, o.updated_at)
        into v_status, v_customer_id, v_now from orders.orders o
        where o.id = p_order_id for no key update;
      if v_status is null or v_kind not in ('customer', 'manager', 'system')
        or v_by_customer and v_customer_id::text <> v_actor ->> 'id'
      then
        return query select 'not-found', null::text, null::jsonb;
        return;
      end if;
      if v_status not in ('assigned', 'supplied', 'started') then
        return query select 'illegal', v_status, null::jsonb;
        return;
      end if;
      perform orders.end_order(p_order_id, 'cancelled',
        case when v_by_customer then 'customer-cancelled' else 'manager-cancelled' end,
        p_reason, v_now);
      return query select 'done', 'cancelled',
        orders.append_event(p_order_id, p_event_id, 'order.cancelled', v_now, v_actor);
    end $$;
  `,
};
