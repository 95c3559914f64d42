import type { Migration } from '../../../platform/postgres/migrations.ts';

export const placeOrder: Migration = {
  id: '2026-11-23-place-order',
  sql: `
    -- The extended order as every event carries it: the whole order with service, prices and
    -- supplies; people by id only. One place builds it, so that all events look alike.
    -- (PL/pgSQL keeps plans for the session; functions in SQL are planned at every call before 18.)
    create function orders.snapshot(o orders.orders, s orders.supplies) returns jsonb
      language plpgsql stable as $$
    begin
      return jsonb_build_object(
        'id', o.id, 'version', o.version, 'status', o.status, 'copyOf', o.copy_of,
        'customer', jsonb_build_object('id', o.customer_id),
        'worker', jsonb_build_object('id', o.worker_id),
        'service', o.service,
        'city', o.place -> 'city',
        'scheduledAt', o.scheduled_at, 'endsAt', o.ends_at, 'createdAt', o.created_at,
        'price', jsonb_build_object(
          'amount', o.price_minor, 'currency', o.currency, 'lines', o.price_lines),
        'supplies', jsonb_build_object(
          'status', s.status, 'items', s.items, 'issuedAt', s.issued_at),
        'suppliedAt', o.supplied_at, 'startedAt', o.started_at, 'endedAt', o.ended_at,
        'endKind', o.end_kind,
        'photos', jsonb_build_object('checkIn', o.check_in_photo, 'report', o.report_photo),
        'stars', o.stars, 'ratedAt', o.rated_at);
    end $$;

    -- Who the ids of a snapshot are, and what was said of the order: never stored with the event.
    -- Whoever may not read customers, the supplies staff, is told who the worker is and no more.
    create function orders.people(p_order_id uuid) returns jsonb language plpgsql stable as $$
    begin
      if not has_table_privilege('orders.customers', 'select') then
        return (
          select jsonb_build_object(
            'customerName', '', 'workerName', w.name,
            'starsSum', w.stars_sum, 'starsCount', w.stars_count,
            'place', null, 'description', null, 'comment', null, 'endReason', null)
          from orders.orders o join orders.workers w on w.id = o.worker_id
          where o.id = p_order_id);
      end if;
      return (
        select jsonb_build_object(
          'customerName', c.name, 'workerName', w.name,
          'starsSum', w.stars_sum, 'starsCount', w.stars_count,
          'place', o.place, 'description', o.description, 'comment', o.comment,
          'endReason', o.end_reason)
        from orders.orders o
        join orders.customers c on c.id = o.customer_id
        join orders.workers w on w.id = o.worker_id
        where o.id = p_order_id);
    end $$;

    -- Appends the event for the order as it stands now. The caller has locked and changed it. Runs
    -- with its owner's rights: who may move an order on need not be able to read all of it.
    create function orders.append_event(
      p_order_id uuid, p_event_id uuid, p_type text, p_now timestamptz, p_actor jsonb
    ) returns jsonb language plpgsql security definer set search_path = '' as $$
    declare
      v_snapshot jsonb;
    begin
      insert into stream.order_events (event_id, order_id, version, type, occurred_at, snapshot)
      select p_event_id, o.id, o.version, p_type, p_now,
        orders.snapshot(o, s) || jsonb_build_object('actor', p_actor)
      from orders.orders o join orders.supplies s on s.order_id = o.id
      where o.id = p_order_id
      returning snapshot into strict v_snapshot;
      return v_snapshot;
    end $$;

    -- Who could do it: active, in the city, with all skills, and free at that time; best standing
    -- first. An earlier answer to the same key comes along, so that a repeated request needs no
    -- match; both are of one snapshot.
    -- The best plan is the same for all arguments; planning anew costs more than running it.
    create function orders.short_list(
      p_principal text, p_key text, p_customer_id uuid, p_city text, p_skills text[],
      p_busy tstzrange, p_day date, p_offset int, p_limit int
    ) returns json language plpgsql stable set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
    declare
      v_city_key constant text := orders.city_key(p_city);
      v_skill constant text := coalesce(p_skills[1], '');
      v_many constant boolean := coalesce(cardinality(p_skills), 0) > 1;
      v_replay json;
      v_candidates json;
    begin
      if p_key is not null then
        select json_build_object('requestHash', encode(k.request_hash, 'hex'),
            'snapshot', e.snapshot, 'people', orders.people(k.order_id))
          into v_replay
          from orders.idempotency_keys k
          join stream.order_events e on e.order_id = k.order_id and e.version = k.version
          where k.principal = p_principal and k.key = p_key;
        if found then
          return json_build_object('replay', v_replay);
        end if;
      end if;
      select json_agg(json_build_array(
          w.id, w.city, w.skills, w.strengths, w.weaknesses, w.stars_sum, w.stars_count,
          w.completed_orders, coalesce(d.assigned, 0), d.last_assigned_at,
          coalesce(c.completed, 0)) order by ws.standing desc, w.id)
        into v_candidates
        from (
          select k.worker_id, k.standing
          from orders.worker_skills k
          where k.city_key = v_city_key and k.skill = v_skill
            and not exists (
              select from orders.orders o
              where o.worker_id = k.worker_id and o.busy && p_busy
                and o.status in ('assigned', 'supplied', 'started')
              -- keeps the planner from reading all bookings of that time at once
              offset 0)
            and (not v_many or exists (
              select from orders.workers x where x.id = k.worker_id and x.skills @> p_skills
              offset 0))
          order by k.standing desc, k.worker_id
          limit p_limit offset p_offset
        ) as ws
        cross join lateral (
          select * from orders.workers x where x.id = ws.worker_id offset 0) as w
        left join orders.worker_days d on d.worker_id = ws.worker_id and d.day = p_day
        left join orders.worker_customers c
          on c.worker_id = ws.worker_id and c.customer_id = p_customer_id;
      return json_build_object('candidates', coalesce(v_candidates, '[]'::json));
    end $$;

    -- Places the order with the first worker of the ranking who is still free. Once per order:
    -- key, order, supplies, receipt, personal data and event stand or fall together.
    create function orders.place_order(
      p_order_id uuid, p_event_id uuid, p_now timestamptz,
      p_principal text, p_key text, p_request_hash bytea,
      p_customer_id uuid, p_service jsonb, p_service_version int, p_place jsonb,
      p_description text, p_scheduled_at timestamptz, p_ends_at timestamptz, p_day date, p_currency text,
      p_worker_ids uuid[], p_prices bigint[], p_price_lines jsonb, p_receipt jsonb,
      p_copy_of uuid, p_actor jsonb
    ) returns table (outcome text, snapshot jsonb, people jsonb)
      language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
    #variable_conflict use_column
    declare
      v_busy constant tstzrange := tstzrange(p_scheduled_at, p_ends_at);
      v_service_id constant uuid := (p_service ->> 'id')::uuid;
      v_order orders.orders;
      v_supplies orders.supplies;
      v_known record;
      v_later int[] := '{}';
      v_skipped uuid[] := '{}';
      v_pass int;
      v_index int;
      v_snapshot jsonb;
    begin
      if p_key is not null then
        -- A twin of this request is being done at this moment: the caller says "in flight".
        if not pg_try_advisory_xact_lock(hashtextextended(p_principal || ' ' || p_key, 1)) then
          return query select 'in-flight'::text, null::jsonb, null::jsonb;
          return;
        end if;
        select k.request_hash, k.order_id, e.snapshot into v_known
          from orders.idempotency_keys k
          join stream.order_events e on e.order_id = k.order_id and e.version = k.version
          where k.principal = p_principal and k.key = p_key;
        if found then
          return query select
            case when v_known.request_hash = p_request_hash then 'replayed' else 'key-reused' end,
            v_known.snapshot, orders.people(v_known.order_id);
          return;
        end if;
      end if;

      -- The caller may know the catalog from a moment ago: what is sold is what stands there now.
      if not exists (
        select from catalog.services c
        where c.id = v_service_id and c.version = p_service_version and c.active)
      then
        return query select 'service-changed'::text, null::jsonb, null::jsonb;
        return;
      end if;

      -- First pass: whoever is being given another order for that hour at this moment is left
      -- aside, so that a rush on the best worker does not queue up. Second pass: those left aside,
      -- waiting for the outcome of the other order.
      <<passes>>
      for v_pass in 1..2 loop
        for v_index in
          select i from generate_series(1, coalesce(cardinality(p_worker_ids), 0)) as i
          where v_pass = 1 or i = any(v_later) order by i
        loop
          if v_pass = 1 and not pg_try_advisory_xact_lock(hashtextextended(
            p_worker_ids[v_index]::text, extract(epoch from p_scheduled_at)::bigint / 3600))
          then
            v_later := v_later || v_index;
            continue;
          end if;
          insert into orders.orders (
            id, customer_id, worker_id, service_id, service, place, description, status,
            scheduled_at, ends_at, business_day, busy, price_minor, currency, price_lines, copy_of,
            created_at, updated_at)
          select
            p_order_id, p_customer_id, p_worker_ids[v_index], v_service_id, p_service, p_place,
            p_description, 'assigned', p_scheduled_at, p_ends_at, p_day, v_busy,
            p_prices[v_index], p_currency, p_price_lines -> (v_index - 1), p_copy_of, p_now, p_now
          where exists (
            select from orders.workers w where w.id = p_worker_ids[v_index] and w.active)
          on conflict on constraint worker_holds_one_order_at_a_time do nothing
          returning * into v_order;
          exit passes when v_order.id is not null;
          v_skipped := v_skipped || p_worker_ids[v_index];
        end loop;
      end loop;
      if v_order.id is null then
        return query select 'taken'::text, null::jsonb, null::jsonb;
        return;
      end if;

      insert into orders.supplies (order_id, status, items, needed_at, requested_at)
        values (p_order_id, 'requested', p_service -> 'supplies', p_scheduled_at, p_now)
        returning * into v_supplies;
      insert into orders.match_receipts (order_id, receipt)
        values (p_order_id, p_receipt || jsonb_build_object(
          'chosenWorkerId', v_order.worker_id, 'takenMeanwhile', to_jsonb(v_skipped)));
      insert into orders.worker_days as d (worker_id, day, assigned, last_assigned_at)
        values (v_order.worker_id, p_day, 1, p_now)
        on conflict (worker_id, day) do update
          set assigned = d.assigned + 1, last_assigned_at = excluded.last_assigned_at;
      insert into stream.personal (subject_id, kind, data, updated_at)
        values (p_order_id, 'order', jsonb_strip_nulls(jsonb_build_object(
          'place', p_place, 'description', p_description)), p_now);
      if p_key is not null then
        insert into orders.idempotency_keys
          (principal, key, request_hash, order_id, version, created_at)
          values (p_principal, p_key, p_request_hash, p_order_id, 1, p_now);
      end if;
      v_snapshot := orders.snapshot(v_order, v_supplies) || jsonb_build_object('actor', p_actor);
      insert into stream.order_events (event_id, order_id, version, type, occurred_at, snapshot)
        values (p_event_id, p_order_id, 1, 'order.assigned', p_now, v_snapshot);
      return query select 'placed'::text, v_snapshot, orders.people(p_order_id);
    end $$;

    -- Start times near the wished one, but not itself, at which somebody suitable is free, nearest
    -- first: ends of bookings and starts of bookings less the duration, rounded to five minutes away
    -- from the booking, and half an hour and an hour further off, to have a choice. Looks further
    -- and further away, and no longer than the budget allows: an answer to a full city must not
    -- cost more than an order.
    create function orders.nearest_free_times(
      p_city text, p_skills text[], p_wish timestamptz, p_duration interval,
      p_earliest timestamptz, p_latest timestamptz, p_apart interval,
      p_pool int, p_limit int, p_budget interval
    ) returns timestamptz[] language plpgsql stable
      set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
    declare
      v_until constant timestamptz := clock_timestamp() + p_budget;
      v_pool uuid[];
      v_found timestamptz[] := '{}';
      v_near interval := interval '0';
      v_far interval;
      v_at timestamptz;
    begin
      select array_agg(worker_id) into v_pool from (
        select k.worker_id
        from orders.worker_skills k
        where k.city_key = orders.city_key(p_city) and k.skill = coalesce(p_skills[1], '')
          and (coalesce(cardinality(p_skills), 0) < 2 or exists (
            select from orders.workers x where x.id = k.worker_id and x.skills @> p_skills
            offset 0))
        order by k.standing desc, k.worker_id
        limit p_pool) as suitable;
      <<rings>>
      foreach v_far in array
        array[interval '6 hours', interval '1 day', interval '3 days', interval '10 years']
      loop
        for v_at in
          select at from (
            select distinct date_bin('5 min', edge + further, timestamptz '2000-01-01 00:00Z') as at
            from (
              select upper(o.busy) + interval '4 min 59.999999 s' as edge, 1 as direction
              from unnest(v_pool) as w (id) cross join lateral (
                select busy from orders.orders x
                where x.worker_id = w.id and x.status in ('assigned', 'supplied', 'started')
                  and x.busy && tstzrange(
                    greatest(p_earliest, p_wish - v_far) - interval '1 hour',
                    least(p_latest, p_wish + v_far) + p_duration + interval '1 hour')
                offset 0) as o
              union
              select lower(o.busy) - p_duration, -1
              from unnest(v_pool) as w (id) cross join lateral (
                select busy from orders.orders x
                where x.worker_id = w.id and x.status in ('assigned', 'supplied', 'started')
                  and x.busy && tstzrange(
                    greatest(p_earliest, p_wish - v_far) - interval '1 hour',
                    least(p_latest, p_wish + v_far) + p_duration + interval '1 hour')
                offset 0) as o
            ) as edges
            cross join lateral (values
              (interval '0'), (direction * interval '30 min'), (direction * interval '1 hour')
            ) as steps (further)
          ) as starts
          where at between greatest(p_earliest, p_wish - v_far) and least(p_latest, p_wish + v_far)
            and at not between p_wish - v_near and p_wish + v_near
          order by abs(extract(epoch from at - p_wish)), at
        loop
          exit rings when clock_timestamp() > v_until;
          continue when exists (
            select from unnest(v_found) as f (at)
            where f.at > v_at - p_apart and f.at < v_at + p_apart);
          if exists (
            select from unnest(v_pool) as w (id)
            where not exists (
              select from orders.orders o
              where o.worker_id = w.id and o.busy && tstzrange(v_at, v_at + p_duration)
                and o.status in ('assigned', 'supplied', 'started')
              offset 0))
          then
            v_found := v_found || v_at;
            exit rings when cardinality(v_found) >= p_limit;
          end if;
        end loop;
        exit rings when v_far >= p_latest - p_wish or clock_timestamp() > v_until;
        v_near := v_far;
      end loop;
      return v_found;
    end $$;
  `,
};
