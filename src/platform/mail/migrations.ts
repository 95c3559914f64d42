import type { Migration } from '../postgres/migrations.ts';

/** The outbox of all mail. Frozen once released. */
export const mailMigrations: Migration[] = [
  {
    id: '2026-11-23-mail-outbox',
    sql: `
      create schema mail;

      create table mail.messages (
        id uuid primary key,
        event_key text not null unique,
        recipient_kind text not null,
        recipient_id uuid,
        template text not null,
        data jsonb not null default '{}',
        status text not null default 'waiting'
          check (status in ('waiting', 'sending', 'sent', 'failed', 'unknown', 'skipped')),
        attempts int not null default 0,
        next_attempt_at timestamptz not null,
        sending_since timestamptz,
        sent_at timestamptz,
        provider_id text,
        error text,
        retried_by text,
        retried_at timestamptz,
        created_at timestamptz not null,
        check ((status = 'sending') = (sending_since is not null)),
        check (status <> 'sent' or sent_at is not null)
      );
      comment on table mail.messages is
        'One row per event, template and recipient: a mail is sent once. No personal data.';

      -- Partial, so that what is looked for all the time stays small however much was sent.
      create index messages_waiting on mail.messages (next_attempt_at, id)
        where status = 'waiting';
      create index messages_sending on mail.messages (sending_since) where status = 'sending';
      create index messages_trouble on mail.messages (status, created_at, id)
        where status in ('failed', 'unknown', 'skipped');
      create index messages_by_time on mail.messages (created_at, id);

      grant usage on schema mail to steward_worker, steward_ops;
      grant select, insert, update on mail.messages to steward_worker;
      grant select on mail.messages to steward_ops;
      grant update (status, next_attempt_at, error, retried_by, retried_at)
        on mail.messages to steward_ops;`,
  },
];
