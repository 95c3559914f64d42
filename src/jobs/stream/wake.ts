import type { MainProcessor } from '../processor.ts';

/** Reads for every consumer itself: a wake by further jobs could get lost as they did. */
export const wakeStream: MainProcessor<'stream.wake'> = async (app, { signal }) => {
  const reports = await app.stream.consumeAll({ signal });
  const failed = reports.find((report) => report.outcome === 'failed');
  if (failed) throw failed.error;
  return { consumers: reports.length };
};
