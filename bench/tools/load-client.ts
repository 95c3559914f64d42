/**
 * Sends orders from a process of its own: as fast as they are answered, or at a fixed pace. Where
 * it cannot keep the pace, the requests wait in line, and the answer says what rate was reached.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile99, spreadOf } from './rounds.ts';

/** What a load tool saw of one round. */
export interface HttpRound {
  /** Answers of all kinds. */
  answers: number;
  /** Answers with another status than 2xx. */
  refused: number;
  seconds: number;
  p50Ms: number;
  p99Ms: number;
}

/** What both load tools are told. */
export interface LoadPlan {
  url: string;
  tokens: string[];
  services: readonly string[];
  cities: number;
  connections: number;
  /** Fixed pace; undefined for as fast as answers come. */
  perSecond?: number;
}

/** Never more waiting than this: an API that hangs must not fill the client. */
const MOST_WAITING = 20_000;
const STEP_MS = 5;

interface Tally {
  latenciesMs: number[];
  refused: number;
}

async function send(plan: LoadPlan, seconds: number): Promise<HttpRound> {
  const agent = new Agent({ keepAlive: true, maxSockets: plan.connections });
  const tally: Tally = { latenciesMs: [], refused: 0 };
  const began = performance.now();
  const endsAt = began + seconds * 1_000;
  if (plan.perSecond === undefined) {
    const ask = async () => {
      while (performance.now() < endsAt) await placeOne(plan, agent, tally);
    };
    await Promise.all(Array.from({ length: plan.connections }, ask));
  } else {
    await sendAtPace(plan, plan.perSecond, agent, tally, began, endsAt);
  }
  agent.destroy();
  return {
    answers: tally.latenciesMs.length,
    refused: tally.refused,
    seconds: (performance.now() - began) / 1_000,
    p50Ms: spreadOf(tally.latenciesMs).median,
    p99Ms: percentile99(tally.latenciesMs),
  };
}

async function sendAtPace(
  plan: LoadPlan,
  perSecond: number,
  agent: Agent,
  tally: Tally,
  began: number,
  endsAt: number,
): Promise<void> {
  const open = new Set<Promise<void>>();
  let sent = 0;
  while (performance.now() < endsAt) {
    const due = Math.floor(((performance.now() - began) / 1_000) * perSecond);
    for (; sent < due && open.size < MOST_WAITING; sent++) {
      const one = placeOne(plan, agent, tally);
      open.add(one);
      void one.finally(() => open.delete(one));
    }
    await sleep(STEP_MS);
  }
  await Promise.all(open);
}

function placeOne(plan: LoadPlan, agent: Agent, tally: Tally): Promise<void> {
  const began = performance.now();
  const token = plan.tokens[randomInt(plan.tokens.length)];
  const body = JSON.stringify({
    service: plan.services[randomInt(plan.services.length)],
    place: { city: `City${randomInt(plan.cities)}`, address: '12 Elm Street' },
    scheduledAt: new Date(nextHourMs() + randomInt(1, 86_401) * 300_000).toISOString(),
  });
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'idempotency-key': randomUUID(),
  };
  return new Promise((resolve, reject) => {
    const sending = request(plan.url, { method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      answer.on('error', reject);
      answer.on('end', () => {
        tally.latenciesMs.push(performance.now() - began);
        if (answer.statusCode !== 201) tally.refused++;
        resolve();
      });
    });
    sending.on('error', reject);
    sending.end(body);
  });
}

const HOUR_MS = 3_600_000;

function nextHourMs(): number {
  return Math.floor(Date.now() / HOUR_MS + 1) * HOUR_MS;
}

if (import.meta.main) {
  const [file = '', seconds = ''] = process.argv.slice(2);
  const plan = JSON.parse(readFileSync(file, 'utf8')) as LoadPlan;
  process.stdout.write(`${JSON.stringify(await send(plan, Number(seconds)))}\n`);
}
