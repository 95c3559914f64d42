import { randomBytes, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { openApp } from '../src/app.ts';
import { loadConfig } from '../src/platform/config.ts';
import { periodOf } from '../src/platform/jobs/period.ts';
import { issueToken } from '../src/platform/tokens/issue-token.ts';
import { freePort, type StewardProcess, spawnSteward, untilReady } from './steward-process.ts';
import { temporaryFolder } from './temporary-folder.ts';

const WITHIN_MS = 60_000;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

async function onDatabase<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Two empty databases and logins for them on one server, made as the guide of operations says. The
 * roles of the migrations exist there already and are somebody else's.
 */
async function makeLogins() {
  const serverUrl = inject('serverUrl');
  const tag = randomBytes(4).toString('hex');
  const name = (word: string) => `${word}_${tag}`;
  const run = (...statements: string[]) =>
    onDatabase(serverUrl, async (client) => {
      for (const one of statements) await client.query(one);
    });
  const words = ['steward', 'payments', 'reader', 'fiona', 'frank'];
  onTestFinished(async () => {
    await run(
      `drop database if exists ${name('steward')} with (force)`,
      `drop database if exists ${name('payments')} with (force)`,
    );
    await run(...words.map((word) => `drop role if exists ${name(word)}`));
  });
  const own = 'nosuperuser login createrole password';
  await run(
    `create role ${name('steward')} ${own} 'pw'`,
    `create role ${name('payments')} ${own} 'pw'`,
    `create database ${name('steward')} owner ${name('steward')}`,
    `create database ${name('payments')} owner ${name('payments')}`,
    `grant steward_api, steward_worker, steward_stream_reader to ${name('steward')}`,
    `grant steward_payments_api, steward_payments_worker to ${name('payments')}`,
    `grant steward_api, steward_worker, steward_stream_reader to ${name('payments')}`,
  );
  const urlOf = (login: string, database: string) => {
    const url = new URL(serverUrl);
    url.username = name(login);
    url.password = 'pw';
    url.pathname = `/${name(database)}`;
    return url.href;
  };
  return {
    urlOf,
    /** What follows the migrations in the guide. */
    finish: () =>
      run(
        `revoke steward_api, steward_worker, steward_stream_reader from ${name('payments')}`,
        `create role ${name('reader')} login password 'pw' in role steward_stream_reader`,
        `create role ${name('fiona')} login password 'pw' in role steward_finance`,
        `create role ${name('frank')} login password 'pw' in role steward_finance`,
      ),
  };
}

/** Runs a command to its end. */
async function steward(args: string[], environment: Record<string, string>) {
  const child = spawnSteward(args, environment);
  const code = await child.ended;
  return { code, output: child.output() };
}

async function until<T>(look: () => Promise<T | undefined>, all: StewardProcess[]): Promise<T> {
  for (const end = Date.now() + WITHIN_MS; Date.now() < end; await sleep(100)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(all.map((one) => one.output()).join('\n'));
}

function clientOf(url: string, token: string) {
  return async (method: 'GET' | 'POST', path: string, body?: object) => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body && { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    // The test looks into answers of many shapes; a wrong guess fails as a missing value.
    // biome-ignore lint/suspicious/noExplicitAny: see above
    const json: any = await answer.json();
    return { status: answer.status, body: json };
  };
}

test('payments as a program of its own: two databases, logins without more rights than needed', async () => {
  const { urlOf, finish } = await makeLogins();
  const home = temporaryFolder('apart');
  // A test may run on a Sunday evening, when the week's run is over.
  writeFileSync(
    join(home, 'rules.json'),
    JSON.stringify({
      server: { apiConnections: 4, workerConnections: 4 },
      payments: { invoices: { closesAt: '23:59' } },
    }),
  );
  const shared = { STEWARD_HOME: home };
  const ownerUrl = urlOf('steward', 'steward');
  const main = { ...shared, DATABASE_URL: ownerUrl };
  const own = { ...shared, PAYMENTS_DATABASE_URL: urlOf('payments', 'payments') };
  const money = { ...own, STREAM_DATABASE_URL: urlOf('reader', 'steward') };

  const unmigrated = await steward(['payments', 'invoices', 'list'], own);
  expect(unmigrated.code, unmigrated.output).toBe(5);
  expect(unmigrated.output).toContain('steward db migrate');
  const migrated = await Promise.all([
    steward(['db', 'migrate', '--part', 'main'], main),
    steward(['db', 'migrate', '--part', 'payments'], own),
  ]);
  for (const { code, output } of migrated) expect(code, output).toBe(0);
  await finish();

  const owner = await openApp(loadConfig({ ...main, LOG_LEVEL: 'silent' }), 'cli');
  onTestFinished(() => owner.close());
  await owner.catalog.importServices('samples/services.xlsx', { by: 'test', acceptGood: true });
  const cleaner = { name: 'Will', city: 'Springfield', skills: ['cleaning'] };
  const { id: workerId } = await owner.orders.workers.add(cleaner);

  const payPort = String(await freePort());
  const api = spawnSteward(['start', 'api'], { ...main, PORT: String(await freePort()) });
  const worker = spawnSteward(['start', 'worker'], main);
  const payments = spawnSteward(['start', 'payments'], {
    ...money,
    PORT: payPort,
    PAYMENTS_PORT: payPort,
  });
  const all = [api, worker, payments];
  await Promise.all([untilReady(api), untilReady(payments)]);

  const person = {
    sub: 'alice',
    role: 'customer' as const,
    name: 'Alice',
    expiresInSeconds: 3_600,
  };
  const token = await issueToken(person, join(home, 'tokens.key.json'));
  const orders = clientOf(api.url, token);
  const alice = clientOf(payments.url, token);
  expect((await orders('GET', '/v1/invoices')).status).toBe(404);
  expect((await alice('GET', '/v1/orders')).status).toBe(404);

  const page = await alice('POST', '/v1/payment-methods', {});
  expect(page.status, JSON.stringify(page.body)).toBe(201);
  const chosen = await fetch(page.body.url, {
    method: 'POST',
    headers: FORM,
    body: 'choice=pm_card_visa',
  });
  expect(chosen.status).toBe(200);

  // Ended at once: cancelled is paid in full.
  const placed = await orders('POST', '/v1/orders', {
    service: 'CLEAN-STD',
    place: { city: 'Springfield', address: '12 Elm Street' },
    scheduledAt: new Date(Date.now() + 86_400_000).toISOString(),
  });
  expect(placed.status, JSON.stringify(placed.body)).toBe(201);
  expect((await orders('POST', `/v1/orders/${placed.body.id}/cancel`, {})).status).toBe(200);
  const line = await until(async () => (await alice('GET', '/v1/statement')).body.data[0], all);
  expect(line).toMatchObject({ orderId: placed.body.id, amount: placed.body.price });

  const { key: period } = periodOf('week', new Date(), 'UTC');
  const issued = await steward(
    ['jobs', 'run', 'payments.issue-invoices', '--period', period],
    money,
  );
  expect(issued.code, issued.output).toBe(0);
  const charged = await steward(['jobs', 'run', 'payments.charge-invoices'], money);
  expect(charged.code, charged.output).toBe(0);
  const paid = await until(async () => {
    const { data } = (await alice('GET', '/v1/invoices')).body;
    return data[0]?.status === 'paid' ? data : undefined;
  }, all);
  expect(paid).toMatchObject([{ period, total: placed.body.price }]);

  // Two finance managers, each with a login that is a member of a group and nothing more.
  const fiona = { ...money, PAYMENTS_DATABASE_URL: urlOf('fiona', 'payments') };
  const frank = { ...money, PAYMENTS_DATABASE_URL: urlOf('frank', 'payments') };
  const listed = await steward(['payments', 'invoices', 'list', '--json'], fiona);
  expect(listed.code, listed.output).toBe(0);
  expect(listed.output).toContain(paid[0].number);
  const asked = await steward(
    ['payments', 'credit', workerId, '600', '--reason', 'tools', '--yes', '--json'],
    fiona,
  );
  expect(asked.code, asked.output).toBe(0);
  const creditId = /"id": "([0-9a-f-]{36})"/.exec(asked.output)?.[1] ?? '';
  expect((await steward(['payments', 'approve', creditId], fiona)).code).toBe(4);
  const approved = await steward(['payments', 'approve', creditId, '--json'], frank);
  expect(approved.code, approved.output).toBe(0);
  const proven = await steward(['payments', 'prove', '--full'], fiona);
  expect(proven.code, proven.output).toBe(0);

  // Neither side's login gets anywhere on the other.
  const asApi = urlOf('steward', 'payments');
  await expect(onDatabase(asApi, (client) => client.query('select 1'))).rejects.toThrow(
    /permission denied for database/,
  );
  await onDatabase(urlOf('payments', 'steward'), async (client) => {
    for (const table of ['orders.orders', 'stream.order_events', 'stream.personal']) {
      await expect(client.query(`select from ${table}`), table).rejects.toThrow(
        /permission denied/,
      );
    }
    await expect(client.query('set role steward_api')).rejects.toThrow(/permission denied/);
  });

  for (const one of all) one.kill('SIGTERM');
  expect(await Promise.all(all.map((one) => one.ended))).toEqual([0, 0, 0]);
  for (const one of all) expect(one.output()).not.toMatch(/"level":[56]0/);
}, 240_000);
