import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiProcess } from './api-process.ts';
import type { HttpRound, LoadPlan } from './load-client.ts';
import { findProgram, runProgram, runScript } from './programs.ts';
import { CITIES, customerTokens, SERVICES } from './town.ts';

export const CONNECTIONS = 32;
/** As many as pgbench gets. */
const THREADS = 2;

/** Sends orders, as fast as they are answered. */
export interface HttpLoad {
  /** Which tool sends. */
  tool: string;
  run(seconds: number): Promise<HttpRound>;
}

/**
 * Orders over HTTP by `wrk`, which is written in C as pgbench is; without it by a client in Node,
 * which needs more of the machine itself.
 */
export async function createHttpLoad(api: ApiProcess): Promise<HttpLoad> {
  const plan = await loadPlan(api);
  const wrk = findProgram('wrk');
  if (!wrk) {
    const file = join(api.home, 'load-plan.json');
    await writeFile(file, JSON.stringify(plan));
    return {
      tool: `a client in Node, ${CONNECTIONS} connections (no wrk on PATH)`,
      run: (seconds) => runScript('bench/tools/load-client.ts', [file, String(seconds)]),
    };
  }
  const script = join(api.home, 'load.lua');
  await writeFile(script, luaScript(plan));
  return {
    tool: `wrk, ${CONNECTIONS} connections`,
    run: async (seconds) => {
      const args = [`-t${THREADS}`, `-c${CONNECTIONS}`, `-d${seconds}s`, '--timeout', '30s'];
      const salt = String(randomInt(1_000_000_000));
      const output = await runProgram(wrk, [...args, '-s', script, api.url, '--', salt]);
      const line = output.split('\n').find((one) => one.startsWith('{'));
      const { socketErrors, ...round } = JSON.parse(line ?? '{}');
      if (socketErrors > 0) throw new Error(`wrk saw ${socketErrors} errors of connections.`);
      return round;
    },
  };
}

export async function loadPlan(api: ApiProcess): Promise<LoadPlan> {
  const tokens = await customerTokens(api.home);
  return {
    url: `${api.url}/v1/orders`,
    tokens,
    services: SERVICES,
    cities: CITIES,
    connections: CONNECTIONS,
  };
}

/** Times are five minutes apart within 300 days from the next hour on; keys are never used twice. */
function luaScript(plan: LoadPlan): string {
  const list = (texts: readonly string[]) => texts.map((text) => `"${text}"`).join(',\n');
  return `
local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set('number', threads)
end

local tokens = {${list(plan.tokens)}}
local services = {${list(plan.services)}}
local sent = 0
local prefix

function init(args)
  math.randomseed(tonumber(args[1]) + number * 7919)
  prefix = 'bench-' .. args[1] .. '-' .. number .. '-'
end

function request()
  sent = sent + 1
  local at = math.floor(os.time() / 3600 + 1) * 3600 + math.random(1, 86400) * 300
  local body = string.format(
    '{"service":"%s","place":{"city":"City%d","address":"12 Elm Street"},"scheduledAt":"%s"}',
    services[math.random(#services)], math.random(0, ${plan.cities - 1}),
    os.date('!%Y-%m-%dT%H:%M:%SZ', at))
  return wrk.format('POST', '/v1/orders', {
    ['Authorization'] = 'Bearer ' .. tokens[math.random(#tokens)],
    ['Content-Type'] = 'application/json',
    ['Idempotency-Key'] = prefix .. sent,
  }, body)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"answers":%d,"refused":%d,"socketErrors":%d,"seconds":%f,"p50Ms":%f,"p99Ms":%f}\\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
`;
}
