import { sql } from 'kysely';
import { expect, test } from 'vitest';
import type { Database } from '../../../platform/postgres/database.ts';
import type { AllTables } from '../dependencies.ts';
import type { PaymentProvider } from '../provider/provider.ts';
import { createRefunds } from '../refunds/create-refunds.ts';
import { createProviderDesk } from '../webhooks/create-provider-desk.ts';
import { createCharges } from './create-charges.ts';
import { openChargesTest, seedInvoice } from './testing.ts';

const MINUTE_MS = 60_000;

/** What the others on this database have open at this moment. */
async function readOpen(db: Database<AllTables>) {
  const { rows } = await sql<{ transactions: number; locks: number }>`
    select (select count(*)::int from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()
          and backend_type = 'client backend' and xact_start is not null) as transactions,
      (select count(*)::int from pg_locks l join pg_database d on d.oid = l.database
        where d.datname = current_database() and l.locktype = 'advisory') as locks`.execute(db);
  return rows[0];
}

test('while the provider is called, no transaction is open and nothing is locked', async () => {
  const t = await openChargesTest();
  const seen: { name: string; open: unknown }[] = [];
  const look =
    (name: string, call: (...all: unknown[]) => unknown) =>
    async (...all: unknown[]) => {
      seen.push({ name, open: await readOpen(t.own.db) });
      return call.apply(t.world.provider, all);
    };
  const provider: PaymentProvider = new Proxy(t.world.provider, {
    get: (known, name: string) => {
      const found: unknown = Reflect.get(known, name);
      const isAsked =
        typeof found === 'function' && /^(charge$|refund$|get|find|cancel|current)/.test(name);
      return isAsked ? look(name, found as (...all: unknown[]) => unknown) : found;
    },
  });
  // One after another: what another charge has open at this moment is no matter of this call.
  const rules = { ...t.deps.rules, charging: { ...t.deps.rules.charging, atOnce: 1 } };
  const deps = { ...t.deps, provider, rules };
  const charges = createCharges(deps);
  const refunds = createRefunds(deps);

  await seedInvoice(t, { method: 'poor-1' });
  await seedInvoice(t, { method: 'authenticate-1' });
  const paid = await seedInvoice(t);
  t.world.fail('charge', 'lost-after');
  for (let round = 0; round < 4; round += 1) {
    await charges.chargeDue();
    t.clock.advance(20 * MINUTE_MS);
  }
  await refunds.refund({ invoice: paid.number, amountMinor: 1_000n, reason: 'broken' });
  await refunds.refundDue();
  const desk = createProviderDesk(deps);
  await desk.pollEvents();
  await desk.processEvents();

  expect(seen.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['charge', 'refund', 'findCharge', 'currentMethod']),
  );
  for (const { name, open } of seen) {
    expect(open, name).toEqual({ transactions: 0, locks: 0 });
  }
});
