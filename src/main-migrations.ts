import { catalogMigrations } from './contexts/catalog/migrations/index.ts';
import { ordersMigrations } from './contexts/orders/migrations/index.ts';
import type { MigrationSet } from './platform/postgres/migrations.ts';
import { platformMigrations } from './platform/postgres/roles.ts';
import { streamMigrations } from './stream/migrations/index.ts';

/** The main database's migrations in the order in which they build on each other. */
export const mainMigrations: readonly MigrationSet[] = [
  { context: 'platform', migrations: platformMigrations },
  { context: 'stream', migrations: streamMigrations },
  { context: 'catalog', migrations: catalogMigrations },
  { context: 'orders', migrations: ordersMigrations },
];
