import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deserialize, serialize } from 'node:v8';
import { expect, onTestFinished, test } from 'vitest';
import type { PaymentProvider } from '../provider/provider.ts';
import { createRefunds } from '../refunds/create-refunds.ts';
import { createCharges } from './create-charges.ts';
import { openChargesTest, readBalances, readInvoice, seedInvoice } from './testing.ts';

const MINUTE_MS = 60_000;

/**
 * A process that charges and refunds what is due, as a worker does. It ends with SIGKILL at the
 * KILL_AT-th of these points: before and after every commit and every call to the provider. It
 * tells how many there were.
 */
const CHARGER = `
  import { deserialize, serialize } from 'node:v8';
  const url = (path) => new URL(path, process.env.BASE).href;
  const load = (path) => import(url(path));
  const { databaseOn, openPool } = await load('../../../platform/postgres/database.ts');
  const { createVirtualClock } = await load('../../../platform/clock.ts');
  const { createIds } = await load('../../../platform/ids.ts');
  const { createLog } = await load('../../../platform/log.ts');
  const { paymentsRulesSchema } = await load('../rules.ts');
  const { createCharges } = await load('./create-charges.ts');
  const { createRefunds } = await load('../refunds/create-refunds.ts');
  const { DATABASE, PROVIDER, NOW, KILL_AT } = process.env;

  let points = 0;
  const point = () => {
    points += 1;
    if (points === Number(KILL_AT)) process.kill(process.pid, 'SIGKILL');
  };
  const pool = openPool({
    url: DATABASE, applicationName: 'charger', max: 4, role: 'steward_payments_worker',
  });
  pool.on('connect', (client) => {
    const query = client.query.bind(client);
    client.query = async (...all) => {
      const text = typeof all[0] === 'string' ? all[0] : all[0].text;
      // Claims are statements of their own.
      const commits = /^\\s*(commit|update payments.(charges|refunds) set lease_until)/.test(text);
      if (commits) point();
      const result = await query(...all);
      if (commits) point();
      return result;
    };
  });
  const provider = new Proxy({ name: 'sandbox', movesMoney: false }, {
    get: (known, call) => known[call] ?? (async (...all) => {
      point();
      const answer = await fetch(PROVIDER, { method: 'POST', body: serialize([call, all]) });
      const result = deserialize(Buffer.from(await answer.arrayBuffer()));
      point();
      return result;
    }),
  });
  const clock = createVirtualClock(new Date(NOW));
  const deps = {
    db: databaseOn(pool), provider, clock, ids: createIds(clock),
    log: createLog({ level: 'silent', part: 'charger' }),
    rules: paymentsRulesSchema.parse({ charging: { atOnce: 1 } }),
    timeZone: 'UTC', currency: 'USD',
  };
  await createCharges(deps).chargeDue();
  await createRefunds(deps).refundDue();
  process.stdout.write(String(points));
  await deps.db.destroy();
`;

async function runCharger(about: {
  database: string;
  provider: string;
  now: Date;
  killAt: number;
}) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', CHARGER], {
    env: {
      BASE: import.meta.url,
      DATABASE: about.database,
      PROVIDER: about.provider,
      NOW: about.now.toISOString(),
      KILL_AT: String(about.killAt),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [, signal] = await once(child, 'close');
  return { points: Number(output), signal };
}

/** The provider for another process: it lives on when that one is killed. */
async function serveProvider(provider: PaymentProvider): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const [call, all] = deserialize(Buffer.concat(chunks));
    const method = Reflect.get(provider, call) as (...all: unknown[]) => Promise<unknown>;
    response.end(serialize(await method(...all)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('killed before or after any commit or call, each invoice is paid once and each refund made once', {
  timeout: 300_000,
}, async () => {
  const t = await openChargesTest();
  const provider = await serveProvider(t.world.provider);
  const charges = createCharges(t.deps);
  const refunds = createRefunds(t.deps);
  const settle = async () => {
    for (let round = 0; round < 4; round += 1) {
      await charges.chargeDue();
      await refunds.refundDue();
      t.clock.advance(20 * MINUTE_MS);
    }
  };
  const invoices: string[] = [];
  /** One charge and one refund, both due, of which nothing else is. */
  const prepare = async () => {
    const paid = await seedInvoice(t);
    await charges.chargeDue();
    await refunds.refund({ invoice: paid.number, amountMinor: 1_000n, reason: 'broken' });
    const due = await seedInvoice(t);
    invoices.push(paid.invoiceId, due.invoiceId);
  };
  const run = (killAt: number) =>
    runCharger({ database: t.own.url, provider, now: t.clock.now(), killAt });

  await prepare();
  const { points, signal } = await run(0);
  expect(signal).toBeNull();
  expect(points).toBeGreaterThan(15);
  for (let killAt = 1; killAt <= points; killAt += 1) {
    await prepare();
    expect(await run(killAt)).toMatchObject({ signal: 'SIGKILL' });
    // Its leases end, and what is in doubt is old enough to be settled.
    t.clock.advance(20 * MINUTE_MS);
    await settle();
  }
  for (const invoiceId of invoices) {
    const invoice = await readInvoice(t, invoiceId);
    expect(invoice.status).toBe('paid');
    expect(t.world.successes(invoice.charges.map((one) => one.id))).toHaveLength(1);
  }
  const refunded = [...t.world.refunds.values()];
  expect(refunded).toHaveLength(points + 1);
  expect(new Set(refunded.map((one) => one.chargeRef)).size).toBe(points + 1);
  expect(await readBalances(t)).toEqual({
    'customer-receivable': -12_000 * invoices.length,
    'provider-clearing': 12_000 * invoices.length - 1_000 * refunded.length,
    refunds: 1_000 * refunded.length,
  });
});
