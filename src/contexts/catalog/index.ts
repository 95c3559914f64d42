/** The catalog: services, their prices and supplies. Orders read it; managers edit it. */
export type {
  Catalog,
  ListServices,
  Service,
  ServiceChange,
  ServiceChanges,
  ServicesImport,
  ServicesPage,
  ServicesPlan,
} from './catalog.ts';
export { createCatalog } from './create-catalog.ts';
export type { CatalogTables } from './tables.ts';
