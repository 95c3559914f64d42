import type { Clock } from '../platform/clock.ts';
import { notFound } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import type { Database, Executor, Transaction } from '../platform/postgres/database.ts';
import { feed } from './feed.ts';
import { retryOrder, skipEvent } from './mend.ts';
import { replayConsumer } from './replay.ts';
import { readParked, readStatus } from './status.ts';
import type { Consumer, OrderStream } from './stream.ts';
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

/**
 * The order stream for the consumers of one database.
 * @throws TypeError when two consumers have the same name
 */
export function createStream(dependencies: StreamDependencies): OrderStream {
  const { consumers, log, books } = dependencies;
  const byName = new Map(consumers.map((consumer) => [consumer.name, consumer]));
  if (byName.size < consumers.length) {
    throw new TypeError('Two consumers of the order stream have the same name.');
  }
  const same = Object.is(log, books);
  const parts: StreamParts = {
    ...dependencies,
    logOn: (session) => (same ? session.$extendTables<AllStreamTables>() : log),
    logWithin: (tx) => (same ? tx.$extendTables<AllStreamTables>() : log),
  };
  const find = (name: string): Consumer => {
    const consumer = byName.get(name);
    if (consumer === undefined) throw notFound('consumer', name);
    return consumer;
  };
  const names = consumers.map((consumer) => consumer.name);
  return {
    consumerNames: names,
    consume: async (name, options) => feed(parts, find(name), options?.signal),
    consumeAll: async (options) => {
      const reports: Awaited<ReturnType<OrderStream['consumeAll']>> = [];
      for (const consumer of consumers) {
        reports.push(
          await feed(parts, consumer, options?.signal).catch((error: unknown) => ({
            consumer: consumer.name,
            outcome: 'failed' as const,
            error,
          })),
        );
      }
      return reports;
    },
    status: () => readStatus(parts, names),
    parked: async ({ consumer, ...page }) =>
      readParked(books, consumer === undefined ? names : [find(consumer).name], page),
    retry: async (name, orderId, by) => retryOrder(parts, find(name), orderId, by),
    skip: async (name, orderId, options) => skipEvent(parts, find(name), orderId, options),
    replay: async (name, options) => replayConsumer(parts, find(name), options),
  };
}
