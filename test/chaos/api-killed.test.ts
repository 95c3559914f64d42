import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { isLegalWay } from '../../src/contexts/orders/index.ts';
import { openTestOrders } from '../../src/contexts/orders/testing.ts';
import { migrateMain } from '../../src/main-database.ts';
import { issueToken } from '../../src/platform/tokens/issue-token.ts';
import { freePort, spawnSteward, untilReady } from '../steward-process.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const KILLS = 20;
const CLIENTS = 12;

it('loses no acknowledged order and makes none twice, however often the API is killed', async () => {
  const t = await openTestOrders();
  await migrateMain(t.database.url);
  for (let n = 0; n < 40; n++) await t.addWorker({ name: `W${n}` });
  const home = temporaryFolder('chaos');
  const port = await freePort();
  const environment = { DATABASE_URL: t.database.url, STEWARD_HOME: home, PORT: String(port) };
  const token = await issueToken(
    { sub: 'anna', role: 'customer', name: 'Anna', expiresInSeconds: 3_600 },
    join(home, 'tokens.key.json'),
  );

  let down = false;
  let key = 0;
  /** Key of each request that got an answer, and the order that it named. */
  const acknowledged = new Map<string, string>();
  const start = Date.now() + 86_400_000;
  const client = async () => {
    while (!down) {
      key += 1;
      const mine = `key-${key}`;
      const body = JSON.stringify({
        service: 'CLEAN-STD',
        place: { city: 'Oldtown', address: 'Main street 1' },
        scheduledAt: new Date(start + (key % 2_000) * 1_800_000).toISOString(),
      });
      // A client that got no answer sends the same again, until it knows.
      for (;;) {
        const answer = await fetch(`http://127.0.0.1:${port}/v1/orders`, {
          method: 'POST',
          body,
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/json',
            'idempotency-key': mine,
          },
        }).catch(() => undefined);
        const order = (await answer?.json().catch(() => undefined)) as
          | { id: string; code?: string }
          | undefined;
        if (answer?.status === 201 && order) {
          acknowledged.set(mine, order.id);
          break;
        }
        if (answer && answer.status !== 409 && answer.status !== 503) {
          throw new Error(`unexpected ${answer.status}: ${JSON.stringify(order)}`);
        }
        if (answer?.status === 409 && order?.code === 'nobody_free') break;
        await sleep(20);
      }
    }
  };

  let api = spawnSteward(['start', 'api'], environment);
  await untilReady(api);
  const clients = Array.from({ length: CLIENTS }, client);
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(100 + ((kill * 37) % 200));
    api.kill('SIGKILL');
    await api.ended;
    api = spawnSteward(['start', 'api'], environment);
    await untilReady(api);
  }
  await sleep(300);
  down = true;
  await Promise.all(clients);
  api.kill('SIGTERM');
  expect(await api.ended).toBe(0);

  expect(acknowledged.size).toBeGreaterThan(KILLS);
  const { rows: stored } = await sql<{ id: string; key: string | null }>`
    select o.id, k.key from orders.orders o
    left join orders.idempotency_keys k on k.order_id = o.id`.execute(t.db);
  const byKey = new Map(stored.map((row) => [row.key, row.id]));
  expect(byKey.size).toBe(stored.length);
  for (const [mine, id] of acknowledged) expect(byKey.get(mine)).toBe(id);
  // Whoever was not told asked again until it was: nothing is there that nobody knows of.
  expect(stored.length).toBe(acknowledged.size);

  const { rows: overlaps } = await sql`
    select a.id from orders.orders a join orders.orders b
      on a.worker_id = b.worker_id and a.id < b.id and a.busy && b.busy`.execute(t.db);
  expect(overlaps).toEqual([]);
  const events = await t.db
    .selectFrom('stream.order_events')
    .select(['order_id', 'version', 'snapshot'])
    .execute();
  expect(new Set(events.map((event) => event.order_id)).size).toBe(stored.length);
  for (const event of events) expect(isLegalWay([event.snapshot.status])).toBe(true);
}, 240_000);
