import { pino } from 'pino';
import { createVirtualClock } from '../../../platform/clock.ts';
import { createIds } from '../../../platform/ids.ts';
import { type Database, openDatabase } from '../../../platform/postgres/database.ts';
import type { StreamTables } from '../../../stream/index.ts';
import type { AllTables } from '../dependencies.ts';
import type { PaymentProvider } from '../provider/provider.ts';
import { paymentsRulesSchema } from '../rules.ts';
import { createSandboxProvider } from '../sandbox/create-sandbox-provider.ts';
import { createPayouts } from './create-payouts.ts';

/**
 * A process of its own for tests: does the job of a month, and kills itself with SIGKILL at the
 * n-th point; points stand before and after every commit and every call of the provider. Prints
 * how many points it came by when it comes through alive.
 */
const [ownUrl = '', mainUrl = '', now = '', period = '', killAt = ''] = process.argv.slice(2);
let points = 0;
function point(): void {
  points += 1;
  if (points === Number(killAt)) process.kill(process.pid, 'SIGKILL');
}

/** The same, with a point on either side. */
function between<Args extends unknown[], T>(call: (...args: Args) => Promise<T>) {
  return async (...args: Args): Promise<T> => {
    point();
    const result = await call(...args);
    point();
    return result;
  };
}

const applicationName = 'doomed';
const real = openDatabase<AllTables>({
  url: ownUrl,
  applicationName,
  max: 3,
  role: 'steward_payments_worker',
});
const db = new Proxy<Database<AllTables>>(real, {
  get(target, key) {
    if (key === 'transaction') return doomedTransaction;
    const value: unknown = Reflect.get(target, key, target);
    return typeof value === 'function' ? value.bind(target) : value;
  },
});
function doomedTransaction() {
  const builder = real.transaction();
  return {
    execute: async <T>(work: Parameters<typeof builder.execute<T>>[0]): Promise<T> => {
      const result = await builder.execute<T>(async (tx) => {
        const done = await work(tx);
        point();
        return done;
      });
      point();
      return result;
    },
  };
}

const clock = createVirtualClock(new Date(now));
const ids = createIds(clock);
const publicUrl = 'http://127.0.0.1:3001';
const outside = openDatabase<AllTables>({ url: ownUrl, applicationName, max: 3 });
const sandbox = createSandboxProvider({ db: outside, clock, ids, publicUrl });
const provider: PaymentProvider = {
  ...sandbox,
  transfer: between(sandbox.transfer),
  findTransfer: between(sandbox.findTransfer),
};
const stream = openDatabase<StreamTables>({
  url: mainUrl,
  applicationName,
  max: 1,
  role: 'steward_stream_reader',
});
const rules = paymentsRulesSchema.parse({ charging: { atOnce: 1 } });
const log = pino({ level: 'silent' });
const deps = { db, stream, provider, clock, ids, log, rules, publicUrl };
await createPayouts({ ...deps, timeZone: 'UTC', currency: 'USD' }).payMonth(period);
process.stdout.write(`${points}\n`);
await Promise.all([real, outside, stream].map((pool) => pool.destroy()));
