import { ordersJobs } from './contexts/orders/jobs.ts';
import { platformJobs } from './platform/jobs/jobs.ts';
import { mailJobs } from './platform/mail/jobs.ts';
import { streamJobs } from './stream/jobs.ts';

/** Every job of the main part. Their processors stand in `src/jobs/registry.ts`. */
export const mainJobs = [...ordersJobs, ...streamJobs, ...mailJobs, ...platformJobs] as const;
