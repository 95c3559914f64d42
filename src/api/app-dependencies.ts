import type { App } from '../app.ts';
import { mainMigrationStatus } from '../main-database.ts';
import { createTokenVerifier } from '../platform/tokens/verify-token.ts';
import type { ApiDependencies, ReadinessCheck } from './dependencies.ts';

/** A balancer asks every few seconds, from several places: one look at the database serves all. */
const CHECKS_KEPT_MS = 1_000;

/** What the API needs, out of the composed program. */
export function appDependencies(app: App): ApiDependencies {
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
    verifyToken: createTokenVerifier(app.config.tokens, app.clock),
    clock: app.clock,
    log: app.log,
    currency: app.config.currency,
    pools: () => [{ name: 'main', ...app.connections() }],
    readiness: keptFor(CHECKS_KEPT_MS, () => checkDatabase(app.database.url)),
    trustedProxies: app.config.http.trustedProxies,
    limits: app.rules.http,
  };
}

/** Whether the database answers, and its schema is the one that this version was made for. */
async function checkDatabase(url: string): Promise<ReadinessCheck[]> {
  try {
    const status = await mainMigrationStatus(url);
    const other = status.filter((migration) => migration.state !== 'applied').length;
    const migrations = { name: 'migrations', ready: other === 0 };
    const detail = `${other} of ${status.length} migrations are missing or of another version.`;
    return [
      { name: 'database', ready: true },
      other === 0 ? migrations : { ...migrations, detail },
    ];
  } catch {
    return [{ name: 'database', ready: false, detail: 'The database does not answer.' }];
  }
}

function keptFor<T>(milliseconds: number, ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let until = 0;
  return () => {
    const now = performance.now();
    if (!answer || now >= until) {
      answer = ask();
      until = now + milliseconds;
    }
    return answer;
  };
}
