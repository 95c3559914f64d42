import type { Catalog } from './catalog.ts';
import type { CatalogDependencies } from './dependencies.ts';
import { listServices } from './list-services.ts';
import { readHistory, requireService } from './store.ts';

/**
 * The catalog on this database. What edits it is loaded when it is first used: a process that only
 * sells starts without the Excel engine.
 */
export function createCatalog(dependencies: CatalogDependencies): Catalog {
  const { db } = dependencies;
  return {
    planServices: async (file, options = {}) => {
      const { planServices } = await import('./import-services.ts');
      return planServices(dependencies, file, options);
    },
    importServices: async (file, options) => {
      const { importServices } = await import('./import-services.ts');
      return importServices(dependencies, file, options);
    },
    list: (query = {}) => listServices(db, query),
    get: (codeOrId) => requireService(db, codeOrId),
    set: async (codeOrId, changes, options) => {
      const { setService } = await import('./set-service.ts');
      return setService(dependencies, codeOrId, changes, options);
    },
    history: async (codeOrId) => readHistory(db, (await requireService(db, codeOrId)).id),
  };
}
