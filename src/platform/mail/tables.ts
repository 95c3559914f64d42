import type { ColumnType, Generated } from 'kysely';

/**
 * `waiting` to be sent at `next_attempt_at`; `sending` by a process at this moment; `sent`;
 * `failed` for good; `unknown` whether it was sent, because the process or the connection died
 * in the middle; `skipped` because there is nobody to send it to any more.
 */
export type MailStatus = 'waiting' | 'sending' | 'sent' | 'failed' | 'unknown' | 'skipped';

/** What a mail is about: ids, codes and numbers, from which its text is made at sending time. */
export type MailData = Readonly<Record<string, string | number | boolean | null>>;

interface MailMessagesTable {
  id: string;
  event_key: string;
  recipient_kind: string;
  recipient_id: string | null;
  template: string;
  data: ColumnType<MailData, string, never>;
  status: Generated<MailStatus>;
  attempts: Generated<number>;
  next_attempt_at: Date;
  sending_since: Date | null;
  sent_at: Date | null;
  provider_id: string | null;
  error: string | null;
  retried_by: string | null;
  retried_at: Date | null;
  created_at: Date;
}

/** The schema `mail` of the main database. */
export interface MailTables {
  'mail.messages': MailMessagesTable;
}
