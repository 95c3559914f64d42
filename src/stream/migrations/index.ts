import type { Migration } from '../../platform/postgres/migrations.ts';
import { orderEvents } from './2026-11-23-order-events.ts';
import { consumers } from './2026-11-24-consumers.ts';
import { epochs } from './2026-11-24-epochs.ts';

/** The log itself, in the main database. */
export const streamMigrations: Migration[] = [orderEvents, epochs];

/** The books of consumers, in whichever database holds their effects; needs the service roles. */
export const consumerMigrations: Migration[] = [consumers];
