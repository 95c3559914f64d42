import type { App } from '../app.ts';
import type { mainJobs } from '../main-jobs.ts';
import type { Processors } from '../platform/jobs/definition.ts';
import { sendMail } from './mail/send.ts';
import { attendCookies } from './orders/attend-cookies.ts';
import { failNoShows } from './orders/fail-no-shows.ts';
import { purge } from './platform/purge.ts';
import { consumeStream } from './stream/consume.ts';
import { wakeStream } from './stream/wake.ts';

/** What does each job of the main part; one that is missing does not compile. */
export const mainProcessors: Processors<App, typeof mainJobs> = {
  'orders.fail-no-shows': failNoShows,
  'orders.attend-cookies': attendCookies,
  'stream.wake': wakeStream,
  'stream.consume': consumeStream,
  'mail.send': sendMail,
  'platform.purge': purge,
};
