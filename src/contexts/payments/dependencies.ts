import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Logger } from '../../platform/log.ts';
import type { MailTables } from '../../platform/mail/index.ts';
import type { Database, Executor } from '../../platform/postgres/database.ts';
import type { ConsumerTables, StreamTables } from '../../stream/index.ts';
import type { PaymentProvider } from './provider/provider.ts';
import type { PaymentsRules } from './rules.ts';
import type { PaymentsTables } from './tables.ts';

/** Everything in payments' database that the context touches. */
export type AllTables = PaymentsTables & MailTables & ConsumerTables;

/** What payments is made of: everything from outside comes in here. */
export interface PaymentsDependencies {
  /** Payments' own database. */
  db: Database<AllTables>;
  /** The order stream, to read and nothing else; may be a replica. */
  stream: Executor<StreamTables>;
  provider: PaymentProvider;
  clock: Clock;
  ids: Ids;
  log: Logger;
  rules: PaymentsRules;
  /** Business time zone: weeks and months end in it. */
  timeZone: string;
  currency: string;
  /** Where customers reach our HTTP routes, without a slash at the end: for links in mails. */
  publicUrl: string;
}
