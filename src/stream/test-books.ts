import { createTestDatabase } from '../../test/database.ts';
import { createSeen, type RecorderTables } from './test-recorder.ts';

/** Two shapes of deployment: everything in one database, or the consumer in one of its own. */
export async function createBooks(kind: 'one' | 'two') {
  const logSide = await createTestDatabase<RecorderTables>();
  const bookSide = kind === 'one' ? logSide : await createTestDatabase<RecorderTables>();
  await createSeen(bookSide.db);
  return { log: logSide.db, books: bookSide.db, logSide, bookSide };
}
