import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { CatalogTables } from './tables.ts';

/** What the use cases work with. */
export interface CatalogDependencies {
  db: Database<CatalogTables>;
  clock: Clock;
  ids: Ids;
  /** ISO 4217 code of the deployment's currency. */
  currency: string;
}
