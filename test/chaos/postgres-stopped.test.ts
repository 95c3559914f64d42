import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { openApp } from '../../src/app.ts';
import { migrateMain } from '../../src/main-database.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { startEmbedded } from '../../src/platform/postgres/embedded.ts';
import { issueToken } from '../../src/platform/tokens/issue-token.ts';
import { freePort, spawnSteward, untilReady } from '../steward-process.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const CLIENTS = 8;
/** A client waits for a connection for three seconds, then is told to come back. */
const LONGEST_ANSWER_MS = 10_000;
const log = { info: () => undefined, warn: () => undefined };

it('answers 503 while PostgreSQL is away, and goes on by itself when it is back', async () => {
  const home = temporaryFolder('chaos');
  const start = () => startEmbedded({ home, databases: ['steward'], log });
  let server = await start();
  onTestFinished(() => server.stop());
  const url = server.url('steward');
  await migrateMain(url);
  const port = await freePort();
  const environment = { DATABASE_URL: url, STEWARD_HOME: home, PORT: String(port) };
  const app = await openApp(loadConfig({ ...environment, LOG_LEVEL: 'silent' }), 'cli');
  await app.catalog.importServices(join(import.meta.dirname, '../../samples/services.xlsx'), {
    by: 'test',
  });
  for (let n = 0; n < 20; n++) {
    await app.orders.workers.add({ name: `W${n}`, city: 'Oldtown', skills: ['cleaning'] });
  }
  await app.close();
  const token = await issueToken(
    { sub: 'anna', role: 'customer', expiresInSeconds: 3_600 },
    join(home, 'tokens.key.json'),
  );
  const api = spawnSteward(['start', 'api'], environment);
  const worker = spawnSteward(['start', 'worker'], environment);
  await untilReady(api);

  let over = false;
  const answers: { at: number; status: number; code?: string; tookMs: number }[] = [];
  const client = async (id: number) => {
    for (let n = 0; !over; n++) {
      const at = Date.now();
      const answer = await fetch(`${api.url}/v1/orders`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'idempotency-key': `key-${id}-${n}`,
        },
        body: JSON.stringify({
          service: 'CLEAN-STD',
          place: { city: 'Oldtown', address: 'Main street 1' },
          scheduledAt: new Date(at + 86_400_000 + ((n * 97 + id * 13) % 3_000) * 1e6).toISOString(),
        }),
      });
      const body = (await answer.json()) as { code?: string };
      answers.push({ at, status: answer.status, code: body.code, tookMs: Date.now() - at });
      if (answer.status !== 201) await sleep(20);
    }
  };
  const clients = Array.from({ length: CLIENTS }, (_, id) => client(id));
  await sleep(1_000);
  const stoppedAt = Date.now();
  await server.stop();
  await sleep(2_000);
  expect((await fetch(`${api.url}/readyz`)).status).toBe(503);
  expect((await fetch(`${api.url}/healthz`)).status).toBe(200);
  server = await start();
  const startedAt = Date.now();
  // The same port again, or the API would look for it in vain.
  expect(server.url('steward')).toBe(url);
  await untilReady(api);
  await sleep(1_000);
  over = true;
  await Promise.all(clients);

  const placed = (answer: { status: number }) => answer.status === 201;
  expect(answers.some((answer) => placed(answer) && answer.at < stoppedAt)).toBe(true);
  expect(answers.some((answer) => placed(answer) && answer.at > startedAt)).toBe(true);
  const refused = answers.filter((answer) => !placed(answer) && answer.code !== 'nobody_free');
  expect(refused.length).toBeGreaterThan(0);
  for (const answer of refused) {
    expect(answer).toMatchObject({ status: 503, code: 'database_unavailable' });
  }
  expect(Math.max(...answers.map((answer) => answer.tookMs))).toBeLessThan(LONGEST_ANSWER_MS);

  // The worker lived through it too: it catches up with every event.
  const after = await openApp(loadConfig({ ...environment, LOG_LEVEL: 'silent' }), 'cli');
  onTestFinished(() => after.close());
  for (let tries = 0; ; tries++) {
    const { consumers } = await after.stream.status();
    if (consumers.every((consumer) => consumer.eventsBehind === 0)) break;
    if (tries > 300) throw new Error(`the worker does not catch up:\n${worker.output()}`);
    await sleep(100);
  }
  await after.close();
  for (const steward of [api, worker]) steward.kill('SIGTERM');
  expect(await Promise.all([api.ended, worker.ended])).toEqual([0, 0]);
}, 180_000);
