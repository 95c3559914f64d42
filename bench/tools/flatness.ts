import { join } from 'node:path';
import { type ApiProcess, startApi } from './api-process.ts';
import { type BenchDatabase, connect, startDatabaseServer } from './database-server.ts';
import { type Bench, format, type Row } from './figure.ts';
import { createHttpLoad } from './http-load.ts';
import { countPlaced } from './placed.ts';
import { alternate, ratiosOf, spreadOf } from './rounds.ts';
import { settleTown } from './town.ts';

/** What makes the one database fuller than the other. */
export interface Fullness {
  /** E.g. "with 100,000 workers". */
  what: string;
  /** Workers in it; as many as in the other one without it. */
  workers?: number;
  /** Adds more, through its API where that is needed. */
  fill?(database: BenchDatabase, api: ApiProcess): Promise<void>;
}

/**
 * Orders per second over HTTP into a full database and into an empty one: two databases on one
 * server, each with its own API, one of them loaded at a time.
 */
export async function measureFlatness(bench: Bench, fullness: Fullness): Promise<Row[]> {
  const server = await startDatabaseServer(bench);
  const openSide = async (name: string, full: boolean) => {
    const url = await server.create(name);
    const database = { url, client: await connect(bench, url) };
    const home = join(server.home, name);
    await settleTown(database, home, full ? fullness.workers : undefined);
    const api = await startApi(bench, { databaseUrl: url, home });
    if (full) await fullness.fill?.(database, api);
    const load = await createHttpLoad(api);
    const place = async (seconds: number) => {
      const { placed, result } = await countPlaced(database.client, () => load.run(seconds));
      return { ...result, placed, perSecond: placed / result.seconds };
    };
    return { database, load, place };
  };
  const empty = await openSide('empty', false);
  bench.tell(`filling a database ${fullness.what}`);
  const full = await openSide('full', true);
  const seconds = bench.quick ? 3 : 8;
  const rounds = bench.quick ? 2 : 6;
  bench.tell('warming up');
  await full.place(4);
  await empty.place(4);
  await empty.database.client.query('checkpoint');
  bench.tell(`${rounds} rounds of ${seconds} s for each side in turn`);
  const { first, second } = await alternate(
    rounds,
    () => full.place(seconds),
    () => empty.place(seconds),
  );
  const rates = (placed: readonly { perSecond: number }[]) =>
    placed.map((round) => round.perSecond);
  const p99 = (placed: readonly { p99Ms: number }[]) =>
    format(spreadOf(placed.map((round) => round.p99Ms)).median, 'ms');
  const refused = [...first, ...second].reduce((sum, round) => sum + round.refused, 0);
  const ratio = ratiosOf(rates(first), rates(second));
  const side = (name: string, placed: typeof first) =>
    `${name} ${format(spreadOf(rates(placed)).median)}/s (p99 ${p99(placed)})`;
  return [
    {
      what: `throughput, ${fullness.what} / empty`,
      value: ratio.median,
      range: ratio.range,
      unit: '',
      goal: { is: 'at least', value: 0.8 },
      detail: `${side('full', first)}, ${side('empty', second)} by ${full.load.tool}; ${refused} refused`,
    },
  ];
}
