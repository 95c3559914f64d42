import type { MainProcessor } from '../processor.ts';

export const failNoShows: MainProcessor<'orders.fail-no-shows'> = async (app) => {
  const { failed } = await app.orders.orders.failNoShows();
  return { failed: failed.length };
};
