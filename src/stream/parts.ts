import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import type { Database, Executor, Transaction } from '../platform/postgres/database.ts';
import type { Consumer } from './stream.ts';
import type { ConsumerTables, StreamTables } from './tables.ts';

/** As a type, not an interface: Kysely asks for one that has an index. */
type AllStreamTables = Pick<StreamTables, keyof StreamTables>;

export interface StreamDependencies {
  /** Where the log is: the main database, or a replica of it. */
  log: Database<StreamTables>;
  /** The database of the consumers' effects and books; the same object if it is the main one. */
  books: Database<ConsumerTables>;
  consumers: readonly Consumer[];
  clock: Clock;
  logger: Pick<Logger, 'warn'>;
}

/** What the parts of the stream share. */
export interface StreamParts extends Omit<StreamDependencies, 'consumers'> {
  /** The log, read on this connection if it is in the same database. */
  logOn(session: Database<ConsumerTables>): Executor<StreamTables>;
  /** The log, read inside this transaction if it is in the same database. */
  logWithin(tx: Transaction<ConsumerTables>): Executor<StreamTables>;
}

/** Puts together what the parts share. */
export function shareParts(dependencies: StreamDependencies): StreamParts {
  const { log, books, clock, logger } = dependencies;
  const same = Object.is(log, books);
  return {
    log,
    books,
    clock,
    logger,
    logOn: (session) => (same ? session.$extendTables<AllStreamTables>() : log),
    logWithin: (tx) => (same ? tx.$extendTables<AllStreamTables>() : log),
  };
}
