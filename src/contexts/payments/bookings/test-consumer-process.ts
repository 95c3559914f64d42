import { pino } from 'pino';
import { systemClock } from '../../../platform/clock.ts';
import { createIds } from '../../../platform/ids.ts';
import { openDatabase } from '../../../platform/postgres/database.ts';
import { type Consumer, createStream, type StreamTables } from '../../../stream/index.ts';
import type { AllTables } from '../dependencies.ts';
import { paymentsRulesSchema } from '../rules.ts';
import { BOOK_ORDERS, bookOrdersConsumer } from './book-orders-consumer.ts';

/**
 * A process of its own for tests: books orders in batches, and at a point of one of them says
 * "here" and waits to be killed. Points: `begun` (the batch before is committed), `locked` (the
 * customers' totals are locked, nothing is written), `written` (everything but the commit is done).
 */
const [logUrl = '', ownUrl = '', point = '', batch = ''] = process.argv.slice(2);

let batches = 0;
const stopAt = async (here: string) => {
  if (here !== point || batches < Number(batch)) return;
  process.send?.('here');
  await new Promise(() => undefined);
};

const ids = createIds(systemClock);
const consumer = bookOrdersConsumer({
  ids: {
    next() {
      if (point === 'locked' && batches >= Number(batch)) {
        process.send?.('here');
        // Nothing may go on behind our back, so not even the event loop does.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      }
      return ids.next();
    },
  },
  rules: paymentsRulesSchema.parse({}),
  timeZone: 'UTC',
  currency: 'USD',
});
const stopping: Consumer = {
  ...consumer,
  batchSize: 10,
  apply: async (tx, events, context) => {
    batches += 1;
    await stopAt('begun');
    await consumer.apply(tx, events, context);
    await stopAt('written');
  },
};
const stream = createStream({
  log: openDatabase<StreamTables>({
    url: logUrl,
    applicationName: 'test',
    max: 2,
    role: 'steward_stream_reader',
  }),
  books: openDatabase<AllTables>({
    url: ownUrl,
    applicationName: 'test',
    max: 2,
    role: 'steward_payments_worker',
  }),
  consumers: [stopping],
  clock: systemClock,
  logger: pino({ level: 'silent' }),
});
// Busy for as long as the server has not noticed that the one before was killed.
while ((await stream.consume(BOOK_ORDERS)).outcome === 'busy');
