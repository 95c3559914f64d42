import { StewardError } from '../../platform/errors.ts';
import type { Service } from '../catalog/index.ts';

/** The services that orders asked for lately. */
export interface ServiceMemory {
  /** Possibly a moment old: placing an order compares the version and says so when it changed. */
  get(codeOrId: string): Promise<Service>;
  /** As it stands now. */
  reload(codeOrId: string): Promise<Service>;
}

/** A catalog is a few hundred services; beyond this somebody is asking for random codes. */
const MAX_REMEMBERED = 5_000;

/**
 * Spares placing an order a round trip to the catalog. Nothing wrong can be sold by it: the version
 * goes into the transaction that stores the order.
 */
export function createServiceMemory(catalog: {
  get(codeOrId: string): Promise<Service>;
}): ServiceMemory {
  const services = new Map<string, Service>();
  const reload = async (codeOrId: string) => {
    const service = await catalog.get(codeOrId);
    if (services.size >= MAX_REMEMBERED) services.clear();
    services.set(codeOrId, service);
    return service;
  };
  return { reload, get: async (codeOrId) => services.get(codeOrId) ?? reload(codeOrId) };
}

/** An inactive service cannot be ordered. */
export function serviceInactive(service: Service): StewardError {
  return new StewardError(
    'invalid',
    'service_inactive',
    `The service "${service.code}" is not sold at the moment.`,
    { issues: [{ path: 'service', message: 'is not sold at the moment' }] },
  );
}
