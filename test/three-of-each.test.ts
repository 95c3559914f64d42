import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openApp } from '../src/app.ts';
import { openTestOrders } from '../src/contexts/orders/testing.ts';
import { migrateMain } from '../src/main-database.ts';
import { loadConfig } from '../src/platform/config.ts';
import { issueToken } from '../src/platform/tokens/issue-token.ts';
import { hasRedis, startRedis } from './redis-server.ts';
import { freePort, spawnSteward, untilReady } from './steward-process.ts';
import { temporaryFolder } from './temporary-folder.ts';

const ORDERS = 60;

const engines = ['postgres', ...(hasRedis ? ['redis'] : [])] as const;
if (!hasRedis)
  process.stderr.write('redis-server is not on PATH: three of each on Redis not run\n');

describe.each(engines)('three API and three worker processes, queues on %s', (engine) => {
  it('serve one marketplace: every order once, every mail once', async () => {
    const t = await openTestOrders();
    await migrateMain(t.database.url);
    for (let n = 0; n < 30; n++) await t.addWorker({ name: `W${n}`, email: `w${n}@example.org` });
    const home = temporaryFolder('three');
    const environment: Record<string, string> = {
      DATABASE_URL: t.database.url,
      STEWARD_HOME: home,
    };
    // Six processes beside the other tests, on a server that takes PostgreSQL's usual hundred.
    const server = { apiConnections: 5, workerConnections: 4 };
    writeFileSync(join(home, 'rules.json'), JSON.stringify({ server }));
    if (engine === 'redis') {
      const redis = await startRedis();
      onTestFinished(() => redis.remove());
      environment.REDIS_URL = redis.url;
    }
    const token = await issueToken(
      { sub: 'anna', role: 'customer', email: 'anna@example.org', expiresInSeconds: 3_600 },
      join(home, 'tokens.key.json'),
    );
    const apis = await Promise.all(
      [1, 2, 3].map(async () =>
        spawnSteward(['start', 'api'], { ...environment, PORT: String(await freePort()) }),
      ),
    );
    const workers = [1, 2, 3].map(() => spawnSteward(['start', 'worker'], environment));
    await Promise.all(apis.map(untilReady));

    const answers = await Promise.all(
      Array.from({ length: ORDERS }, async (_, n) => {
        const api = apis[n % apis.length];
        const answer = await fetch(`${api?.url}/v1/orders`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/json',
            'idempotency-key': `key-${n}`,
          },
          body: JSON.stringify({
            service: 'CLEAN-STD',
            place: { city: 'Oldtown', address: 'Main street 1' },
            scheduledAt: new Date(Date.now() + 86_400_000 + (n % 4) * 10_800_000).toISOString(),
          }),
        });
        return answer.status;
      }),
    );
    expect(answers.every((status) => status === 201)).toBe(true);

    const app = await openApp(loadConfig({ ...environment, LOG_LEVEL: 'silent' }), 'cli');
    onTestFinished(() => app.close());
    // Three mails an order: customer, worker, supplies.
    for (let tries = 0; (await app.mails.counts()).sent < 3 * ORDERS; tries++) {
      if (tries > 300) throw new Error(workers.map((worker) => worker.output()).join('\n'));
      await sleep(100);
    }
    expect(await app.mails.counts()).toMatchObject({ sent: 3 * ORDERS, waiting: 0, failed: 0 });
    expect(readdirSync(join(home, 'mail'))).toHaveLength(3 * ORDERS);
    const { rows: cookies } = await sql`select order_id from orders.cookies`.execute(t.db);
    expect(cookies).toHaveLength(ORDERS);
    const { rows: overlaps } = await sql`
      select a.id from orders.orders a join orders.orders b
        on a.worker_id = b.worker_id and a.id < b.id and a.busy && b.busy`.execute(t.db);
    expect(overlaps).toEqual([]);
    await app.close();

    const all = [...apis, ...workers];
    for (const steward of all) steward.kill('SIGTERM');
    expect(await Promise.all(all.map((steward) => steward.ended))).toEqual(all.map(() => 0));
  }, 180_000);
});
