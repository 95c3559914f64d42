import type { Consumer, ConsumerDefinition } from './stream.ts';

const NAME = /^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/;

/**
 * Declares a consumer. `Tables` are those that `apply` and `reset` write.
 * @throws TypeError for a name that is not `context.what`, or an absurd batch size
 */
export function defineConsumer<Tables>(definition: ConsumerDefinition<Tables>): Consumer {
  if (!NAME.test(definition.name)) {
    throw new TypeError(`A consumer is named like "orders.mail", not "${definition.name}".`);
  }
  const size = definition.batchSize;
  if (size !== undefined && !(Number.isInteger(size) && size > 0 && size <= 10_000)) {
    throw new TypeError(
      `Consumer ${definition.name}: a batch has 1 to 10,000 events, not ${size}.`,
    );
  }
  // The tables are the consumer's own business: whoever feeds it only passes the transaction on.
  return definition as unknown as Consumer;
}
