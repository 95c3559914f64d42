import { openDatabase } from '../platform/postgres/database.ts';
import {
  createRecorder,
  createTestStream,
  RECORDER,
  type RecorderTables,
} from './test-recorder.ts';

/**
 * A process of its own for tests: consumes, and inside the transaction of a batch, after so many
 * events, says "midway" and waits to be killed.
 */
const [logUrl = '', booksUrl = '', stopAfter = ''] = process.argv.slice(2);
const open = (url: string) =>
  openDatabase<RecorderTables>({ url, applicationName: 'test consumer', max: 3 });

let applied = 0;
const consumer = createRecorder({
  onApplied: async () => {
    applied += 1;
    if (applied < Number(stopAfter)) return;
    process.send?.('midway');
    await new Promise(() => undefined);
  },
});
const stream = createTestStream(open(logUrl), open(booksUrl), consumer);
// Busy for as long as the server has not noticed that the one before was killed.
while ((await stream.consume(RECORDER)).outcome === 'busy');
