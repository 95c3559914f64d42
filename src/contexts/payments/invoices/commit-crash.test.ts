import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { endOrders } from '../bookings/testing.ts';
import { openInvoices } from './testing.ts';

/**
 * A process that commits a run. After so many statements of payments' database it says "stopped"
 * and stands still, to be killed.
 */
const COMMITTER = `
  const { writeSync } = await import('node:fs');
  const url = (path) => new URL(path, process.env.BASE).href;
  const { openDatabase } = await import(url('../../../platform/postgres/database.ts'));
  const { createVirtualClock } = await import(url('../../../platform/clock.ts'));
  const { createIds } = await import(url('../../../platform/ids.ts'));
  const { paymentsRulesSchema } = await import(url('../rules.ts'));
  const { createInvoices } = await import(url('./create-invoices.ts'));
  const { OWN, MAIN, HASH, NOW, STOP_AFTER } = process.env;
  const open = (url, role) => openDatabase({ url, applicationName: 'committer', max: 2, role });
  let statements = 0;
  const db = open(OWN, 'steward_payments_worker').withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      statements += 1;
      if (statements === Number(STOP_AFTER)) {
        writeSync(1, 'stopped');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      }
      return result;
    },
  });
  const clock = createVirtualClock(new Date(NOW));
  const stream = open(MAIN, 'steward_stream_reader');
  const invoices = createInvoices({
    db, stream, clock, ids: createIds(clock), rules: paymentsRulesSchema.parse({}),
    provider: { name: 'sandbox', chargeStep: () => 10n, leastCharge: () => 10n },
    timeZone: 'UTC', currency: 'USD',
  });
  const { replayed } = await invoices.commit(HASH);
  writeSync(1, replayed ? 'replayed' : 'committed');
  await Promise.all([db.destroy(), stream.destroy()]);
`;

async function runCommitter(env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', COMMITTER], {
    env: { BASE: import.meta.url, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (output === 'stopped') child.kill('SIGKILL');
  });
  await once(child, 'close');
  return output;
}

const CUSTOMERS = 5;
const ORDERS = 12;

test('killed after any statement of the commit there is nothing; then all of it, once', async () => {
  const payments = await openInvoices({ chargeStep: () => 10n, leastCharge: () => 10n });
  const ids = Array.from({ length: CUSTOMERS }, () => payments.deps.ids.next());
  await endOrders(
    payments,
    Array.from({ length: ORDERS }, (_, index) => ({
      customerId: ids[index % CUSTOMERS],
      priceMinor: 1_001,
    })),
  );
  payments.clock.moveTo(new Date('2026-11-29T18:05:00Z'));
  const plan = await payments.invoices.plan({});
  const env = {
    OWN: payments.own.url,
    MAIN: payments.main.url,
    HASH: plan.hash,
    NOW: payments.clock.now().toISOString(),
  };
  const count = async () => {
    const { rows } = await sql<Record<string, number>>`
      select (select count(*)::int from payments.invoices) as invoices,
        (select count(distinct customer_id)::int from payments.invoices) as customers,
        (select count(*)::int from payments.charges) as charges,
        (select count(*)::int from payments.charge_steps) as steps,
        (select count(*)::int from mail.messages) as mails,
        (select count(*)::int from ledger.transactions where kind = 'rounding') as roundings,
        (select count(*)::int from payments.order_bookings where invoice_id is not null) as orders,
        (select count(*)::int from payments.runs where status = 'committed') as runs`.execute(
      payments.own.db,
    );
    return rows[0];
  };
  const none = {
    invoices: 0,
    customers: 0,
    charges: 0,
    steps: 0,
    mails: 0,
    roundings: 0,
    orders: 0,
    runs: 0,
  };
  const all = {
    invoices: CUSTOMERS,
    customers: CUSTOMERS,
    charges: CUSTOMERS,
    steps: CUSTOMERS,
    mails: CUSTOMERS,
    roundings: CUSTOMERS,
    orders: ORDERS,
    runs: 1,
  };
  let stops = 0;
  for (;;) {
    const outcome = await runCommitter({ ...env, STOP_AFTER: String(stops + 1) });
    if (outcome === 'committed') break;
    expect(outcome).toBe('stopped');
    stops += 1;
    expect({ stops, ...(await count()) }).toEqual({ stops, ...none });
  }
  // Reading the run, the gates, the lock, each insert, the comparison, the mark.
  expect(stops).toBeGreaterThan(12);
  expect(await count()).toEqual(all);
  // Killed after the commit, before anybody was told: asked again, it says so and does nothing.
  expect(await runCommitter(env)).toBe('replayed');
  expect(await count()).toEqual(all);
}, 180_000);
