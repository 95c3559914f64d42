import type { MainProcessor } from '../processor.ts';

export const attendCookies: MainProcessor<'orders.attend-cookies'> = (app) =>
  app.orders.cookies.attend();
