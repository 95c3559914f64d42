import type { Migration } from '../../../platform/postgres/migrations.ts';

/** Who may touch what of order execution, with whatever tool. */
export const grants: Migration = {
  id: '2026-11-23-grants',
  sql: `
    grant usage on schema orders to steward_api, steward_worker, steward_hiring, steward_quality,
      steward_supplies, steward_ops;

    -- HTTP: orders are placed and moved on; nothing is ever deleted.
    grant select, insert, update on orders.customers, orders.orders, orders.supplies,
      orders.worker_days, orders.worker_customers to steward_api;
    grant select on orders.worker_skills, orders.cookies, orders.match_receipts to steward_api;
    grant insert on orders.match_receipts, orders.idempotency_keys to steward_api;
    grant select on orders.idempotency_keys to steward_api;
    grant select on orders.workers to steward_api;
    grant update (stars_sum, stars_count, standing, completed_orders) on orders.workers
      to steward_api;

    -- Jobs: no-shows, cookies, mail, purging.
    grant select on all tables in schema orders to steward_worker;
    grant insert, update on orders.cookies to steward_worker;
    grant delete on orders.idempotency_keys to steward_worker;

    -- People. Supplies staff see what to put together and for when, not who the customer is.
    grant select on orders.supplies, orders.cookies to steward_supplies;
    grant select (id, status, scheduled_at, ends_at, worker_id, service, version)
      on orders.orders to steward_supplies;
    grant select (id, name, city, stars_sum, stars_count) on orders.workers to steward_supplies;

    -- Who hires does not rate: stars and the work done come from orders alone.
    grant select on orders.workers to steward_hiring;
    grant insert (id, subject, name, email, phone, city, skills, strengths, weaknesses, notes,
        active, standing, created_at, updated_at),
      update (subject, name, email, phone, city, skills, strengths, weaknesses, notes, active,
        deactivated_at, version, updated_at)
      on orders.workers to steward_hiring;
    grant select (id, worker_id, status, scheduled_at, ends_at, service) on orders.orders
      to steward_hiring;
    grant usage on schema stream to steward_hiring;
    -- Only rows of workers: see the policy of the table.
    grant select, insert, update on stream.personal to steward_hiring;

    -- Quality managers and ops see all of an order.
    grant select on all tables in schema orders to steward_quality, steward_ops;
    grant select on stream.personal to steward_ops;

    -- Ending an order before it is completed: the worker fails no-shows (R-08).
    grant update (status, busy, ended_at, end_kind, end_reason, version, updated_at)
      on orders.orders to steward_worker;
    grant update (status) on orders.supplies to steward_worker;
    grant update (assigned) on orders.worker_days to steward_worker;

    -- Functions are open to everybody by default: not here.
    revoke execute on all functions in schema orders from public;
    grant execute on function orders.city_key, orders.snapshot, orders.people, orders.short_list,
      orders.place_order, orders.nearest_free_times to steward_api;
    grant execute on function orders.snapshot to steward_worker, steward_quality, steward_ops;
    grant execute on function orders.people to steward_worker, steward_supplies, steward_quality,
      steward_ops;
    grant execute on function orders.append_event, orders.end_order
      to steward_api, steward_worker;
    -- What people may do to an order, they do by these: no right on the tables goes with it.
    grant execute on function orders.issue_supplies to steward_api, steward_supplies, steward_ops;
    grant execute on function orders.cancel_order to steward_api, steward_quality, steward_ops;
  `,
};
