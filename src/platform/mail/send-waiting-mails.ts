import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { Database } from '../postgres/database.ts';
import { isDatabaseUnavailable } from '../postgres/database-errors.ts';
import { MailDeliveryError, type RenderedMail } from './message.ts';
import { onlyMail } from './outbox.ts';
import type { MailData, MailStatus, MailTables } from './tables.ts';
import type { MailTransport } from './transport.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * Waits after the first, second, … attempt that surely sent nothing. The first ones outlast a
 * restart or a rate limit, the last ones a provider's bad day; together about 15 hours, after which
 * a mail about an order tells nobody anything new and a manager should look.
 */
export const RETRY_DELAYS_MS = [
  MINUTE_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  12 * HOUR_MS,
] as const;

/**
 * A mail that is "sending" for longer has lost its process: an attempt with all its limits takes
 * seconds.
 */
const LEASE_MINUTES = 5;

/**
 * Mails in one claim. With a transport that may not be repeated, these are the most that a crash
 * can leave in doubt; with an idempotent one nothing is at stake but round trips.
 */
const CLAIM = { idempotent: 100, once: 8 } as const;

/** Waits for a database that restarts under us, so that what was sent is also written down. */
const RECORD_RETRY_DELAYS_MS = [250, 500, 1_000, 2_000, 4_000, 8_000] as const;

/** A mail to be rendered. */
export interface MailToRender {
  id: string;
  recipientKind: string;
  recipientId: string | null;
  template: string;
  data: MailData;
}

/**
 * Makes the mail from what the database holds now; `skip` says why there is nothing to send, such
 * as a recipient who was erased. The reason is stored: it names no person.
 */
export type RenderMail = (mail: MailToRender) => Promise<RenderedMail | { skip: string }>;

export interface SendWaitingMailsOptions<Tables extends MailTables> {
  db: Database<Tables>;
  transport: MailTransport;
  clock: Clock;
  log: Logger;
  render: RenderMail;
  /** Mails at most in this call. */
  limit: number;
  /** Ends the call after the claim under way. */
  signal?: AbortSignal;
}

/** What became of the mails of one call. */
export interface SentMails {
  sent: number;
  /** Will be tried again later. */
  retrying: number;
  failed: number;
  unknown: number;
  skipped: number;
}

interface Claimed extends MailToRender {
  attempt: number;
  createdAt: Date;
}

interface Result {
  id: string;
  attempt: number;
  status: Exclude<MailStatus, 'sending'>;
  next_attempt_at: Date | null;
  sent_at: Date | null;
  provider_id: string | null;
  error: string | null;
}

/**
 * Sends what is due, at most `limit` mails. Any number of processes may call it at once. Claiming
 * and recording are transactions of their own; rendering and delivering stand outside of any.
 * A failing mail is recorded and stops nothing.
 * @throws StewardError `database_unavailable`; mails under way are found again after the lease
 */
export async function sendWaitingMails<Tables extends MailTables>(
  options: SendWaitingMailsOptions<Tables>,
): Promise<SentMails> {
  const total: SentMails = { sent: 0, retrying: 0, failed: 0, unknown: 0, skipped: 0 };
  const { transport, limit, signal } = options;
  total.unknown += await releaseAbandoned(options);
  const size = transport.idempotent ? CLAIM.idempotent : CLAIM.once;
  for (let done = 0; done < limit && signal?.aborted !== true; ) {
    const claimed = await claim(options, Math.min(size, limit - done));
    if (claimed.length === 0) break;
    done += claimed.length;
    for (const result of await deliverAll(options, claimed)) count(total, result.status);
  }
  return total;
}

async function deliverAll<Tables extends MailTables>(
  options: SendWaitingMailsOptions<Tables>,
  claimed: readonly Claimed[],
): Promise<Result[]> {
  if (options.transport.idempotent) {
    const results = await Promise.all(claimed.map((mail) => deliver(options, mail)));
    await record(options, results);
    return results;
  }
  // What cannot be repeated is written down at once, not when the slowest of the claim is through;
  // and all are waited for, or the database's fault with one would leave others running.
  const settled = await Promise.allSettled(
    claimed.map(async (mail) => {
      const result = await deliver(options, mail);
      await record(options, [result]);
      return result;
    }),
  );
  return settled.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}

/** Takes back the mails of processes that died. @returns how many became `unknown` */
async function releaseAbandoned<Tables extends MailTables>(
  options: SendWaitingMailsOptions<Tables>,
): Promise<number> {
  // By the database's clock, which all processes share; theirs may differ by more than the lease.
  const abandoned = sql<boolean>`sending_since < now() - make_interval(mins => ${LEASE_MINUTES})`;
  const again = options.transport.idempotent;
  const released = await onlyMail(options.db)
    .updateTable('mail.messages')
    .set({
      status: again ? 'waiting' : 'unknown',
      sending_since: null,
      error: again ? null : 'The process ended in the middle: the mail may have been sent.',
    })
    .where('status', '=', 'sending')
    .where(abandoned)
    .executeTakeFirst();
  const mails = Number(released.numUpdatedRows);
  if (mails > 0) options.log.warn({ mails, again }, 'mails of a process that ended were released');
  return again ? 0 : mails;
}

async function claim<Tables extends MailTables>(
  options: SendWaitingMailsOptions<Tables>,
  size: number,
): Promise<Claimed[]> {
  const { rows } = await sql<Claimed>`
    with due as materialized (
      select id from mail.messages
      where status = 'waiting' and next_attempt_at <= ${options.clock.now()}
      order by next_attempt_at, id
      limit ${size}
      for update skip locked
    )
    update mail.messages as mail
    set status = 'sending', attempts = mail.attempts + 1, sending_since = now(), error = null
    from due where mail.id = due.id
    returning mail.id, mail.recipient_kind as "recipientKind", mail.recipient_id as "recipientId",
      mail.template, mail.data, mail.attempts as attempt, mail.created_at as "createdAt"`.execute(
    options.db,
  );
  return rows;
}

async function deliver<Tables extends MailTables>(
  options: SendWaitingMailsOptions<Tables>,
  mail: Claimed,
): Promise<Result> {
  const { transport, render, clock } = options;
  const base = { id: mail.id, attempt: mail.attempt, provider_id: null, error: null };
  try {
    const rendered = await render(mail);
    if ('skip' in rendered) {
      return {
        ...base,
        status: 'skipped',
        next_attempt_at: null,
        sent_at: null,
        error: rendered.skip,
      };
    }
    const { providerId } = await transport.deliver({
      ...rendered,
      id: mail.id,
      writtenAt: mail.createdAt,
    });
    return {
      ...base,
      status: 'sent',
      next_attempt_at: null,
      sent_at: clock.now(),
      provider_id: providerId ?? null,
    };
  } catch (error) {
    return afterFailure(options, mail, error);
  }
}

function afterFailure<Tables extends MailTables>(
  options: SendWaitingMailsOptions<Tables>,
  mail: Claimed,
  error: unknown,
): Result {
  // Whatever is not a delivery failure came before the delivery: rendering, or loading a library.
  const known = error instanceof MailDeliveryError;
  const failure = known ? error.failure : 'retryable';
  const message = known ? error.message : 'The mail could not be written; see the log.';
  const facts = { mailId: mail.id, template: mail.template, attempt: mail.attempt };
  if (!known) options.log.error({ ...facts, err: error }, 'a mail could not be rendered');
  const delayMs = failure === 'retryable' ? RETRY_DELAYS_MS[mail.attempt - 1] : undefined;
  const status = delayMs !== undefined ? 'waiting' : failure === 'unknown' ? 'unknown' : 'failed';
  options.log.warn({ ...facts, failure, status, why: message }, 'a mail was not sent');
  return {
    id: mail.id,
    attempt: mail.attempt,
    status,
    next_attempt_at:
      delayMs === undefined ? null : new Date(options.clock.now().getTime() + delayMs),
    sent_at: null,
    provider_id: null,
    error: message,
  };
}

/** Writes results down, each only if its claim is still the latest one of that mail. */
async function record<Tables extends MailTables>(
  options: SendWaitingMailsOptions<Tables>,
  results: readonly Result[],
): Promise<void> {
  // A claim whose lease ran out is "unknown" meanwhile: a late certainty still replaces that.
  const statement = sql`
    update mail.messages as mail
    set status = result.status, sending_since = null, sent_at = result.sent_at,
      next_attempt_at = coalesce(result.next_attempt_at, mail.next_attempt_at),
      provider_id = result.provider_id, error = result.error
    from jsonb_to_recordset(${JSON.stringify(results)}::jsonb) as result(
      id uuid, attempt int, status text, next_attempt_at timestamptz, sent_at timestamptz,
      provider_id text, error text)
    where mail.id = result.id and mail.attempts = result.attempt
      and (mail.status in ('sending', 'unknown')
        or (mail.status in ('waiting', 'failed') and result.status = 'sent'))`;
  for (const delayMs of RECORD_RETRY_DELAYS_MS) {
    try {
      await statement.execute(options.db);
      return;
    } catch (error) {
      if (!isDatabaseUnavailable(error)) throw error;
      await sleep(delayMs);
    }
  }
  await statement.execute(options.db);
}

function count(total: SentMails, status: Result['status']): void {
  if (status === 'waiting') total.retrying += 1;
  else total[status] += 1;
}
