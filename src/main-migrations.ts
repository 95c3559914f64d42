import { catalogMigrations } from './contexts/catalog/migrations/index.ts';
import { ordersMigrations } from './contexts/orders/migrations/index.ts';
import { jobMigrations } from './platform/jobs/migrations.ts';
import { mailMigrations } from './platform/mail/index.ts';
import type { MigrationSet } from './platform/postgres/migrations.ts';
import { platformMigrations } from './platform/postgres/roles.ts';
import { consumerMigrations, streamMigrations } from './stream/migrations/index.ts';

/** The main database's migrations in the order in which they build on each other. */
export const mainMigrations: readonly MigrationSet[] = [
  { context: 'platform', migrations: platformMigrations },
  { context: 'jobs', migrations: jobMigrations },
  { context: 'mail', migrations: mailMigrations },
  { context: 'stream', migrations: streamMigrations },
  { context: 'stream-consumers', migrations: consumerMigrations },
  { context: 'catalog', migrations: catalogMigrations },
  { context: 'orders', migrations: ordersMigrations },
];
