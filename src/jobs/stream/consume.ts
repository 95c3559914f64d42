import type { MainProcessor } from '../processor.ts';

export const consumeStream: MainProcessor<'stream.consume'> = (app, { payload, signal }) =>
  app.stream.consume(payload.consumer, { signal });
