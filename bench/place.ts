/** `POST /v1/orders` over HTTP against pgbench with the same SQL, on the same server and cores. */
import { join } from 'node:path';
import { type ApiProcess, startApi } from './tools/api-process.ts';
import { type BenchDatabase, connect, startDatabaseServer } from './tools/database-server.ts';
import { type Bench, type Figure, format, type Row } from './tools/figure.ts';
import { createHttpLoad, type HttpLoad } from './tools/http-load.ts';
import type { HttpRound } from './tools/load-client.ts';
import { createPgbenchSide, type PgbenchRound, type PgbenchSide } from './tools/pgbench.ts';
import { countPlaced } from './tools/placed.ts';
import { peakMemoryMb } from './tools/programs.ts';
import { alternate, ratiosOf, spreadOf } from './tools/rounds.ts';
import { runFigures } from './tools/run.ts';
import { settleTown } from './tools/town.ts';

export const placing: Figure = {
  name: 'place',
  title: 'orders placed over HTTP, and by pgbench with the same SQL',
  measure: measurePlacing,
};

type Placed<Round> = Round & { placed: number; perSecond: number };

async function measurePlacing(bench: Bench): Promise<Row[]> {
  const server = await startDatabaseServer(bench);
  const url = await server.create('place');
  const database = { url, client: await connect(bench, url) };
  const home = join(server.home, 'api');
  await settleTown(database, home);
  const api = await startApi(bench, { databaseUrl: url, home });
  const load = await createHttpLoad(api);
  const pgbench = await createPgbenchSide(api, database);
  const http = await runRounds(bench, database, load, pgbench);
  return [...compare(http, load, pgbench), await memoryRow(api)];
}

async function runRounds(
  bench: Bench,
  { client }: BenchDatabase,
  load: HttpLoad,
  pgbench: PgbenchSide | undefined,
) {
  const seconds = bench.quick ? 3 : 10;
  const rounds = bench.quick ? 2 : 5;
  const byHttp = (duration: number) => async () =>
    withRate(await countPlaced(client, () => load.run(duration)));
  const byPgbench = (duration: number) => async () =>
    pgbench && withRate(await countPlaced(client, () => pgbench.run(duration)));
  bench.tell('warming up');
  await byHttp(3)();
  await byPgbench(2)();
  await client.query('checkpoint');
  bench.tell(`${rounds} rounds of ${seconds} s for each side in turn`);
  const { first, second } = await alternate(rounds, byHttp(seconds), byPgbench(seconds));
  return { http: first, sql: second.filter((round) => round !== undefined) };
}

function withRate<Round extends { seconds: number }>(counted: { placed: number; result: Round }) {
  const { placed, result } = counted;
  return { ...result, placed, perSecond: placed / result.seconds };
}

function compare(
  { http, sql }: { http: Placed<HttpRound>[]; sql: Placed<PgbenchRound>[] },
  load: HttpLoad,
  pgbench: PgbenchSide | undefined,
): Row[] {
  const rates = spreadOf(http.map((round) => round.perSecond));
  const p99 = spreadOf(http.map((round) => round.p99Ms));
  const refused = http.reduce((sum, round) => sum + round.refused, 0);
  const answers = http.reduce((sum, round) => sum + round.answers, 0);
  const httpSide = `${format(rates.median)}/s by ${load.tool}; ${refused} of ${answers} refused`;
  const goals = [
    { is: 'at least', value: 0.6 },
    { is: 'at most', value: 3 },
  ] as const;
  if (!pgbench) {
    const missing = 'no pgbench here (Debian: postgresql-contrib), so the HTTP side alone';
    return [
      {
        what: 'throughput',
        value: null,
        unit: '',
        goal: goals[0],
        detail: `${missing}: ${httpSide}`,
      },
      { what: 'p99', value: null, unit: '', goal: goals[1], detail: `${format(p99.median, 'ms')}` },
    ];
  }
  const sqlRates = sql.map((round) => round.perSecond);
  const sqlP99 = sql.map((round) => round.p99Ms);
  const throughput = ratiosOf(
    http.map((round) => round.perSecond),
    sqlRates,
  );
  const tail = ratiosOf(
    http.map((round) => round.p99Ms),
    sqlP99,
  );
  return [
    {
      what: 'throughput, HTTP / pgbench',
      value: throughput.median,
      range: throughput.range,
      unit: '',
      goal: goals[0],
      detail: `${httpSide}; ${format(spreadOf(sqlRates).median)}/s by ${pgbench.tool}`,
    },
    {
      what: 'p99, HTTP / pgbench',
      value: tail.median,
      range: tail.range,
      unit: '',
      goal: goals[1],
      detail: `${format(p99.median, 'ms')} over HTTP, ${format(spreadOf(sqlP99).median, 'ms')} by pgbench`,
    },
  ];
}

async function memoryRow(api: ApiProcess): Promise<Row> {
  const peak = await peakMemoryMb(api.pid);
  return {
    what: 'memory of the API process while placing',
    value: peak,
    unit: 'MB',
    goal: { is: 'under', value: 200 },
    detail: peak === null ? 'this system has no /proc' : 'the most it held since its start (VmHWM)',
  };
}

if (import.meta.main) await runFigures([placing], process.argv.slice(2));
