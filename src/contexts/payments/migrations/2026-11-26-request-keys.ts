import type { Migration } from '../../../platform/postgres/migrations.ts';

/** Idempotency keys of HTTP requests to payments, with what was answered. */
export const requestKeys: Migration = {
  id: '2026-11-26-request-keys',
  sql: `
    create table payments.request_keys (
      -- Hash of the token's subject: a key is unique to whoever made it up.
      subject_key text not null,
      key text not null,
      request_hash bytea not null,
      -- Null while the first request is being done.
      answer jsonb,
      claimed_at timestamptz not null,
      primary key (subject_key, key)
    );
    create index request_keys_by_time on payments.request_keys (claimed_at);

    -- No fact about money: forgotten after a week.
    grant select, insert, update, delete on payments.request_keys to steward_payments_api;
    grant select, delete on payments.request_keys to steward_payments_worker;
  `,
};
