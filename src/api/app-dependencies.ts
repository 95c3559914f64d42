import type { App } from '../app.ts';
import { mainMigrationStatus } from '../main-database.ts';
import type { PaymentsApp } from '../payments-app.ts';
import { createTokenVerifier } from '../platform/tokens/verify-token.ts';
import type { ApiDependencies, MainDependencies, ServerDependencies } from './dependencies.ts';
import { checkDatabase, keptFor } from './readiness.ts';

/**
 * What the API needs, out of the composed program; with payments, it serves their routes too. A
 * process without them loads nothing of theirs.
 */
export async function appDependencies(app: App, payments?: PaymentsApp): Promise<ApiDependencies> {
  const check = () =>
    checkDatabase('database', 'migrations', () => mainMigrationStatus(app.database.url));
  const pools = () => [{ name: 'main', ...app.connections() }];
  const base = serverDependencies(app);
  const main = mainDependencies(app);
  if (!payments) return { ...base, main, pools, readiness: keptFor(check) };
  const other = (await import('./payments-dependencies.ts')).paymentsParts(payments);
  return {
    ...base,
    main,
    payments: other.routes,
    pools: () => [...pools(), ...other.pools()],
    figures: other.figures,
    readiness: keptFor(async () => {
      const checks = await Promise.all([check(), other.check()]);
      // Orders go on while payments are away: what is missing there is told, and stops nothing.
      const optional = true as const;
      return [...checks[0], ...checks[1].map((one) => ({ ...one, optional }))];
    }),
  };
}

/** The same for a process that serves payments alone, and has no main database. */
export async function paymentsAppDependencies(payments: PaymentsApp): Promise<ApiDependencies> {
  const parts = (await import('./payments-dependencies.ts')).paymentsParts(payments);
  return {
    ...serverDependencies(payments),
    payments: parts.routes,
    pools: parts.pools,
    figures: parts.figures,
    readiness: keptFor(parts.check),
  };
}

type Composed = Pick<App, 'config' | 'clock' | 'log' | 'rules'>;

function serverDependencies(app: Composed): Omit<ServerDependencies, 'readiness'> {
  return {
    verifyToken: createTokenVerifier(app.config.tokens, app.clock),
    clock: app.clock,
    log: app.log,
    currency: app.config.currency,
    trustedProxies: app.config.http.trustedProxies,
    limits: app.rules.http,
  };
}

function mainDependencies(app: App): MainDependencies {
  const { orders, supplies, customers, workers } = app.orders;
  return {
    orders,
    supplies,
    customers,
    workers,
    services: {
      list: async (page) => {
        const { services, nextCursor } = await app.catalog.list({ active: true, ...page });
        return { data: services, nextCursor };
      },
    },
  };
}
