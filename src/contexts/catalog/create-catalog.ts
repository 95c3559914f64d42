import type { Catalog } from './catalog.ts';
import type { CatalogDependencies } from './dependencies.ts';
import { importServices, planServices } from './import-services.ts';
import { listServices } from './list-services.ts';
import { defineServicesSheet } from './services-sheet.ts';
import { setService } from './set-service.ts';
import { readHistory, requireService } from './store.ts';

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
