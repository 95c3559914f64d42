import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { Catalog } from './catalog.ts';
import { importServices, planServices } from './import-services.ts';
import { listServices } from './list-services.ts';
import { defineServicesSheet } from './services-sheet.ts';
import { setService } from './set-service.ts';
import { readHistory, requireService } from './store.ts';
import type { CatalogTables } from './tables.ts';

/** What the use cases work with. */
export interface CatalogDependencies {
  db: Database<CatalogTables>;
  clock: Clock;
  ids: Ids;
  /** ISO 4217 code of the deployment's currency. */
  currency: string;
}

/** The catalog on this database. */
export function createCatalog(dependencies: CatalogDependencies): Catalog {
  const { db } = dependencies;
  const context = { ...dependencies, sheet: defineServicesSheet(dependencies.currency) };
  return {
    planServices: (file, options = {}) => planServices(context, file, options),
    importServices: (file, options) => importServices(context, file, options),
    list: (query = {}) => listServices(db, query),
    get: (codeOrId) => requireService(db, codeOrId),
    set: (codeOrId, changes, options) => setService(context, codeOrId, changes, options),
    history: async (codeOrId) => readHistory(db, (await requireService(db, codeOrId)).id),
  };
}
