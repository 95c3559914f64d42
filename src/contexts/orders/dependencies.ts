import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Logger } from '../../platform/log.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { PhotoStore } from '../../platform/storage/index.ts';
import type { Service } from '../catalog/index.ts';
import type { Matching } from '../matching/index.ts';
import type { CookieContractor } from './cookies/contractor.ts';
import type { OrdersRules } from './rules.ts';
import type { OrdersTables } from './tables.ts';

/** What order execution is made of: everything from outside comes in here. */
export interface OrdersDependencies {
  db: Database<OrdersTables>;
  clock: Clock;
  ids: Ids;
  log: Logger;
  rules: OrdersRules;
  timeZone: string;
  currency: string;
  catalog: {
    /** @throws `service_not_found` */
    get(codeOrId: string): Promise<Service>;
  };
  matching: Matching;
  photos: PhotoStore;
  contractor: CookieContractor;
  /** Called after each commit that added events; must not throw and not be waited for. */
  committed(): void;
}
