import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import type { ApiProcess } from './api-process.ts';
import { childEnvironment, findPgbench, runProgram } from './programs.ts';
import { percentile99 } from './rounds.ts';
import { placeSamples, type Sample } from './sample-orders.ts';
import { CITIES, CUSTOMER_ID_PREFIX, CUSTOMERS } from './town.ts';

const CLIENTS = 16;
const THREADS = 2;
/** How many candidates the rules put on a short list. */
const SHORT_LIST = 20;

export interface PgbenchRound {
  seconds: number;
  transactions: number;
  p99Ms: number;
}

/** The SQL of placing, without HTTP and without Node. */
export interface PgbenchSide {
  tool: string;
  run(seconds: number): Promise<PgbenchRound>;
}

/** @returns undefined where there is no pgbench */
export async function createPgbenchSide(
  api: ApiProcess,
  database: { url: string; client: pg.Client },
): Promise<PgbenchSide | undefined> {
  const program = findPgbench();
  if (!program) return undefined;
  const samples = await placeSamples(api, database.client);
  const args = [`-c${CLIENTS}`, `-j${THREADS}`, '-n', '-M', 'prepared', '-l'];
  for (const [at, sample] of samples.entries()) {
    const file = join(api.home, `place-${at}.sql`);
    await writeFile(file, placeScript(at, sample));
    args.push('-f', file, ...variables(at, sample));
  }
  const version = (await runProgram(program, ['--version'])).match(/[\d.]+/)?.[0] ?? '';
  return {
    tool: `pgbench ${version}, ${CLIENTS} clients`,
    run: (seconds) => runPgbench(program, [...args, `-T${seconds}`], database.url),
  };
}

async function runPgbench(program: string, args: string[], url: string): Promise<PgbenchRound> {
  const { hostname, port, username, password, pathname } = new URL(url);
  const environment = childEnvironment({
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: username,
    PGPASSWORD: decodeURIComponent(password),
    // As the connections of the application are.
    PGOPTIONS: '-c role=steward_api -c timezone=UTC -c statement_timeout=30000',
  });
  const folder = await mkdtemp(join(tmpdir(), 'steward-bench-log-'));
  try {
    const prefix = `--log-prefix=${join(folder, 'log')}`;
    const output = await runProgram(program, [...args, prefix, pathname.slice(1)], environment);
    if (/aborted|failed: [1-9]/.test(output)) throw new Error(`pgbench had failures: ${output}`);
    const perSecond = Number(/^tps = ([\d.]+)/m.exec(output)?.[1]);
    const latenciesMs: number[] = [];
    for (const name of await readdir(folder)) {
      const lines = (await readFile(join(folder, name), 'utf8')).trimEnd().split('\n');
      for (const line of lines) latenciesMs.push(Number(line.split(' ')[2]) / 1_000);
    }
    const transactions = latenciesMs.length;
    return { transactions, seconds: transactions / perSecond, p99Ms: percentile99(latenciesMs) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Values of the size that the application sends; each is a parameter, as it is there. */
function variables(at: number, sample: Sample): string[] {
  const { service, priceMinor, priceLines, receipt } = sample;
  const repeated = <T>(value: T) => Array.from({ length: SHORT_LIST }, () => value);
  const values = {
    service: JSON.stringify(service),
    place: JSON.stringify({ city: 'City1', address: '12 Elm Street' }),
    prices: `{${repeated(priceMinor).join(',')}}`,
    lines: JSON.stringify(repeated(priceLines)),
    receipt: JSON.stringify(receipt),
  };
  return Object.entries(values).flatMap(([name, value]) => ['-D', `${name}_${at}=${value}`]);
}

/**
 * The two statements of placing: the short list comes to the client, the ids go back with the
 * order. Cities, customers and times are drawn as the HTTP side draws them.
 */
function placeScript(at: number, sample: Sample): string {
  const customer = `('${CUSTOMER_ID_PREFIX}' || lpad(:customer::text, 12, '0'))::uuid`;
  const principal = `'customer:' || ${customer}`;
  const key = `'pgbench-' || :client_id::text || '-' || :key::text`;
  const start = `date_trunc('hour', now()) + interval '1 hour' + :five::int * interval '5 min'`;
  const end = `${start} + interval '${sample.durationMinutes} min'`;
  const place = `jsonb_set(:place_${at}::jsonb, '{city}', to_jsonb('City' || :city::text))`;
  const skills = `'{${sample.skills.map((skill) => `"${skill}"`).join(',')}}'`;
  return `
\\set five random(1, 86400)
\\set city random(0, ${CITIES - 1})
\\set customer random(1, ${CUSTOMERS})
\\set key random(0, 4000000000000000000)
select l::text as list, (select array_agg((c ->> 0)::uuid)::text from json_array_elements(l -> 'candidates') as c) as ids from (select orders.short_list(${principal}, ${key}, ${customer}, 'City' || :city::text, ${skills}, tstzrange(${start}, ${end}), (${start})::date, 0, ${SHORT_LIST}) as l offset 0) as s \\gset
select outcome, snapshot, people from orders.place_order(uuidv7(), uuidv7(), now(), ${principal}, ${key}, '\\x${'5a'.repeat(32)}'::bytea, ${customer}, :service_${at}, ${sample.version}, ${place}, null, ${start}, ${end}, (${start})::date, 'USD', :ids::uuid[], :prices_${at}::bigint[], :lines_${at}, :receipt_${at}, null, jsonb_build_object('kind', 'customer', 'id', ${customer}));
`;
}
