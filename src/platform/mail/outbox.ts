import { type Kysely, sql } from 'kysely';
import { conflict, notFound, StewardError } from '../errors.ts';
import { isUuid } from '../ids.ts';
import type { Executor, Transaction } from '../postgres/database.ts';
import type { MailData, MailStatus, MailTables } from './tables.ts';

/** A mail to be sent, told as ids: its text and addresses are made when it is sent. */
export interface NewMail {
  id: string;
  /** Event id, template and recipient role: the same key is the same mail, sent once. */
  eventKey: string;
  /** `customer`, `worker`, `supplies`, …: where the renderer finds the address. */
  recipientKind: string;
  /** The person, or null for a department that stands in the configuration. */
  recipientId: string | null;
  template: string;
  data: MailData;
  createdAt: Date;
}

/** What is known of a mail: no name, no address, no text. */
export interface MailRecord {
  id: string;
  eventKey: string;
  recipientKind: string;
  recipientId: string | null;
  template: string;
  data: MailData;
  status: MailStatus;
  /** Times that it was given to the transport. */
  attempts: number;
  nextAttemptAt: Date;
  sentAt: Date | null;
  providerId: string | null;
  /** Why it was not sent, as a sentence. */
  error: string | null;
  createdAt: Date;
}

/** Ids, codes, digits and times, as the data of a mail may hold them; a name or address is none. */
const CODE = /^[A-Za-z0-9_.:+/-]{0,100}$/;

/**
 * Puts mails into the outbox, in the transaction of the event that they tell about: never before
 * it is committed, never without it. One statement whatever their number; those whose event key is
 * there already are left out.
 * @returns how many were new
 * @throws StewardError `mail_data_not_codes` when the data holds more than ids, codes and numbers
 */
export async function enqueueMails<Tables extends MailTables>(
  tx: Transaction<Tables>,
  mails: readonly NewMail[],
): Promise<number> {
  if (mails.length === 0) return 0;
  for (const mail of mails) refusePersonalData(mail);
  const rows = mails.map((mail) => ({
    id: mail.id,
    event_key: mail.eventKey,
    recipient_kind: mail.recipientKind,
    recipient_id: mail.recipientId,
    template: mail.template,
    data: mail.data,
    created_at: mail.createdAt,
  }));
  // One parameter, not one per value: the same statement text for every number of mails.
  const result = await sql`
    insert into mail.messages
      (id, event_key, recipient_kind, recipient_id, template, data, next_attempt_at, created_at)
    select id, event_key, recipient_kind, recipient_id, template, data, created_at, created_at
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as mail(
        id uuid, event_key text, recipient_kind text, recipient_id uuid, template text,
        data jsonb, created_at timestamptz)
    on conflict (event_key) do nothing`.execute(tx);
  return Number(result.numAffectedRows ?? 0n);
}

function refusePersonalData(mail: NewMail): void {
  for (const [key, value] of Object.entries(mail.data)) {
    if (typeof value !== 'string' || CODE.test(value)) continue;
    throw new StewardError(
      'invalid',
      'mail_data_not_codes',
      `The data of mail "${mail.template}" has text in "${key}": expected ids, codes and numbers.`,
    );
  }
}

/** Mails, newest first, of one status if it is named. */
export async function listMails<Tables extends MailTables>(
  db: Executor<Tables>,
  filter: { status?: MailStatus; limit: number },
): Promise<MailRecord[]> {
  const rows = await onlyMail(db)
    .selectFrom('mail.messages')
    .select([
      'id',
      'event_key as eventKey',
      'recipient_kind as recipientKind',
      'recipient_id as recipientId',
      'template',
      'data',
      'status',
      'attempts',
      'next_attempt_at as nextAttemptAt',
      'sent_at as sentAt',
      'provider_id as providerId',
      'error',
      'created_at as createdAt',
    ])
    .$if(filter.status !== undefined, (query) =>
      query.where('status', '=', filter.status ?? 'waiting'),
    )
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit)
    .execute();
  return rows;
}

/** How many mails there are of each status; statuses without any are 0. */
export async function countMails<Tables extends MailTables>(
  db: Executor<Tables>,
): Promise<Record<MailStatus, number>> {
  const rows = await onlyMail(db)
    .selectFrom('mail.messages')
    .select(['status', ({ fn }) => fn.countAll().as('mails')])
    .groupBy('status')
    .execute();
  const counts = { waiting: 0, sending: 0, sent: 0, failed: 0, unknown: 0, skipped: 0 };
  for (const row of rows) counts[row.status] = Number(row.mails);
  return counts;
}

/**
 * Sends a mail once more that failed, or of which nobody knows whether it was sent. In the second
 * case the recipient may get it twice: that is for a person to decide, never for the program.
 * @param by who decided so; kept with the mail
 * @throws StewardError `mail_not_found`; `mail_not_retryable` where it is in another status
 */
export async function retryMail<Tables extends MailTables>(
  db: Executor<Tables>,
  id: string,
  by: string,
  now: Date,
): Promise<void> {
  if (!isUuid(id)) throw notFound('mail', id);
  const mails = onlyMail(db);
  const updated = await mails
    .updateTable('mail.messages')
    .set({ status: 'waiting', next_attempt_at: now, error: null, retried_by: by, retried_at: now })
    .where('id', '=', id)
    .where('status', 'in', ['failed', 'unknown'])
    .executeTakeFirst();
  if (updated.numUpdatedRows > 0n) return;
  const found = await mails
    .selectFrom('mail.messages')
    .select('status')
    .where('id', '=', id)
    .executeTakeFirst();
  if (!found) throw notFound('mail', id);
  throw conflict(
    'mail_not_retryable',
    `Mail "${id}" is ${found.status}; only one that is failed or unknown can be tried again.`,
    { id, status: found.status },
  );
}

/** The caller's database with only our tables in sight: Kysely's types do not narrow by themselves. */
export function onlyMail<Tables extends MailTables>(db: Executor<Tables>): Kysely<MailTables> {
  return db as unknown as Kysely<MailTables>;
}
