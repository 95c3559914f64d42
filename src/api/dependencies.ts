import type {
  Customers,
  Orders,
  Page,
  PageRequest,
  Supplies,
  Workers,
} from '../contexts/orders/index.ts';
import type {
  Invoices,
  Payouts,
  People,
  ProviderDesk,
  RequestKeys,
  SandboxPage,
  Statements,
} from '../contexts/payments/index.ts';
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
  /** Only told: the server takes requests without it. */
  optional?: true;
}

/** A pool of database connections, for `/metrics`. */
export interface PoolFigures {
  name: string;
  total: number;
  idle: number;
  waiting: number;
}

/** A figure of the business, for `/metrics`. */
export interface Figure {
  name: string;
  help: string;
  value: number;
}

/** What a server needs, whatever it serves. */
export interface ServerDependencies {
  verifyToken: VerifyToken;
  clock: Clock;
  log: Logger;
  /** ISO 4217 code of this deployment. */
  currency: string;
  /** Asked by `/readyz`; slow answers count as "not ready". */
  readiness(): Promise<readonly ReadinessCheck[]>;
  /** Asked by `/metrics`. */
  pools?(): readonly PoolFigures[];
  /** Asked by `/metrics`; what cannot be told is left out. */
  figures?(): Promise<readonly Figure[]>;
  /** Addresses or CIDR ranges whose `X-Forwarded-For` counts. */
  trustedProxies: readonly string[];
  limits: Rules['http'];
}

/** What the routes of the main database are made of. */
export interface MainDependencies {
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
}

/** The hosted pages of the built-in sandbox provider. */
export interface SandboxPages {
  /** @throws `page_not_found` */
  page(token: string): Promise<SandboxPage>;
  /** @throws `page_not_found`, `page_closed`, `invalid_input` */
  submit(token: string, choice: string): Promise<SandboxPage>;
  /** As HTML, to be sent with this content security policy. */
  render(page: SandboxPage): { html: string; policy: string };
}

/** What the routes of payments are made of. Nothing of it touches the main database. */
export interface PaymentsDependencies {
  statements: Statements;
  invoices: Pick<Invoices, 'list' | 'get'>;
  payouts: Pick<Payouts, 'list' | 'get' | 'destination'>;
  people: Pick<People, 'identify' | 'method' | 'openPage' | 'attachMethod' | 'followLink'>;
  provider: Pick<ProviderDesk, 'name' | 'receiveWebhook'>;
  /** What was answered under which Idempotency-Key. */
  requestKeys: Pick<RequestKeys, 'once'>;
  /** The built-in provider's own pages; null where a real one has them. */
  sandbox: SandboxPages | null;
}

/** Parts of the API, and what each needs. */
export interface RouteSets {
  main: MainDependencies;
  payments: PaymentsDependencies;
}
export type RouteSet = keyof RouteSets;

/** What the HTTP API is made of: it serves the sets that it is given, at least one. */
export type ApiDependencies = ServerDependencies &
  (
    | (Pick<RouteSets, 'main'> & Partial<RouteSets>)
    | (Pick<RouteSets, 'payments'> & Partial<RouteSets>)
  );
