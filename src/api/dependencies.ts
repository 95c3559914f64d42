import type {
  Customers,
  Orders,
  Page,
  PageRequest,
  Supplies,
  Workers,
} from '../contexts/orders/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import type { VerifyToken } from '../platform/tokens/principal.ts';
import type { Rules } from '../rules.ts';

/** A service as a customer sees it. */
export interface ServiceOffer {
  id: string;
  code: string;
  name: string;
  category: string;
  /** Null: the price formula's default holds. */
  priceMinor: bigint | null;
  durationMinutes: number;
}

/** One thing that must be in order before requests should be sent here. */
export interface ReadinessCheck {
  /** `database`, `migrations`, … */
  name: string;
  ready: boolean;
  /** A whole sentence, without secrets: anybody may read it. */
  detail?: string;
}

/** A pool of database connections, for `/metrics`. */
export interface PoolFigures {
  name: string;
  total: number;
  idle: number;
  waiting: number;
}

/** What the HTTP API is made of. */
export interface ApiDependencies {
  orders: Pick<
    Orders,
    | 'quote'
    | 'place'
    | 'rebook'
    | 'cancel'
    | 'checkIn'
    | 'complete'
    | 'fail'
    | 'rate'
    | 'get'
    | 'list'
    | 'timeline'
  >;
  supplies: Supplies;
  customers: Pick<Customers, 'identify'>;
  workers: Pick<Workers, 'identify'>;
  services: {
    /** What can be ordered, in the order of its codes. */
    list(page: PageRequest): Promise<Page<ServiceOffer>>;
  };
  verifyToken: VerifyToken;
  clock: Clock;
  log: Logger;
  /** ISO 4217 code of this deployment. */
  currency: string;
  /** Asked by `/readyz`; slow answers count as "not ready". */
  readiness(): Promise<readonly ReadinessCheck[]>;
  /** Asked by `/metrics`. */
  pools?(): readonly PoolFigures[];
  /** Addresses or CIDR ranges whose `X-Forwarded-For` counts. */
  trustedProxies: readonly string[];
  limits: Rules['http'];
}
