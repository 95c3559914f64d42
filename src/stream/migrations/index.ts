import type { Migration } from '../../platform/postgres/migrations.ts';
import { orderEvents } from './2026-11-23-order-events.ts';

/** The log itself, in the main database. */
export const streamMigrations: Migration[] = [orderEvents];
