import { notFound } from '../platform/errors.ts';
import { feed } from './feed.ts';
import { retryOrder, skipEvent } from './mend.ts';
import { type StreamDependencies, type StreamParts, shareParts } from './parts.ts';
import { replayConsumer } from './replay.ts';
import { readParked, readStatus } from './status.ts';
import type { Consumer, OrderStream } from './stream.ts';

/**
 * The order stream for the consumers of one database.
 * @throws TypeError when two consumers have the same name
 */
export function createStream(dependencies: StreamDependencies): OrderStream {
  const { consumers, books } = dependencies;
  const byName = new Map(consumers.map((consumer) => [consumer.name, consumer]));
  if (byName.size < consumers.length) {
    throw new TypeError('Two consumers of the order stream have the same name.');
  }
  const parts: StreamParts = shareParts(dependencies);
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
