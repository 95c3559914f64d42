import { describeRights } from '../test/rights.ts';
import { migrateMain } from './main-database.ts';
import { GROUP_ROLES, SERVICE_ROLES } from './platform/postgres/roles.ts';

/** What failing a no-show changes. */
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

const ALL = 'select, insert, update, delete';

describeRights('who may touch what in the main database', {
  migrate: migrateMain,
  roles: [...Object.values(SERVICE_ROLES), ...GROUP_ROLES],
  tables: TABLES,
  queueTable: (name) => ({ api: QUEUE_PRODUCER[name] ?? 'select', worker: ALL, ops: ALL }),
  functions: FUNCTIONS,
  withRightsOfOwner: WITH_RIGHTS_OF_OWNER,
  schemas: SCHEMAS,
});
