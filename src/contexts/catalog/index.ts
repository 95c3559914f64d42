/** The catalog: services, their prices and supplies. Orders read it; managers edit it. */
export type {
  Catalog,
  Service,
  ServiceChanges,
  ServicesPlan,
} from './catalog.ts';
export { createCatalog } from './create-catalog.ts';
export type { CatalogTables } from './tables.ts';
