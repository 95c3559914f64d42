import { paymentsMigrations as contextMigrations } from './contexts/payments/migrations/index.ts';
import { jobMigrations } from './platform/jobs/migrations.ts';
import { mailMigrations } from './platform/mail/index.ts';
import type { MigrationSet } from './platform/postgres/migrations.ts';
import { platformMigrations } from './platform/postgres/roles.ts';
import { consumerMigrations } from './stream/migrations/index.ts';

/** The payments database's migrations in the order in which they build on each other. */
export const paymentsMigrations: readonly MigrationSet[] = [
  { context: 'platform', migrations: platformMigrations },
  { context: 'jobs', migrations: jobMigrations },
  { context: 'mail', migrations: mailMigrations },
  { context: 'stream-consumers', migrations: consumerMigrations },
  { context: 'payments', migrations: contextMigrations },
];
