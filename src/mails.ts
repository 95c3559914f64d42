import type { Clock } from './platform/clock.ts';
import type { Config } from './platform/config.ts';
import type { Logger } from './platform/log.ts';
import {
  countMails,
  createMailTransport,
  listMails,
  type MailRecord,
  type MailStatus,
  type MailTables,
  type RenderMail,
  retryMail,
  type SentMails,
  sendWaitingMails,
} from './platform/mail/index.ts';
import type { Database } from './platform/postgres/database.ts';
import type { Actor } from './stream/index.ts';

/** Mails that one run of the job sends at most: it stays within its time limit. */
const MAILS_PER_RUN = 1_000;

/** Mails about events, as jobs and managers use them. */
export interface Mails {
  /** Sends what is due. Any number of processes may do so at once. */
  send(signal?: AbortSignal): Promise<SentMails>;
  counts(): Promise<Record<MailStatus, number>>;
  list(filter: { status?: MailStatus; limit: number }): Promise<MailRecord[]>;
  /** @throws `mail_not_found`, `mail_not_retryable` */
  retry(id: string): Promise<void>;
}

/** The mails of one database: of the main part, or of payments. */
export function createMails<Tables extends MailTables>(deps: {
  config: Pick<Config, 'mail'>;
  db: Database<Tables>;
  clock: Clock;
  log: Logger;
  render: RenderMail;
  manager: () => Promise<Actor>;
}): Mails & { close(): Promise<void> } {
  const { config, db, clock, log, render } = deps;
  const transport = createMailTransport(config.mail);
  return {
    send: (signal) =>
      sendWaitingMails({ db, transport, clock, log, render, limit: MAILS_PER_RUN, signal }),
    counts: () => countMails(db),
    list: (filter) => listMails(db, filter),
    retry: async (id) => retryMail(db, id, (await deps.manager()).id, clock.now()),
    close: async () => transport.close(),
  };
}
