/** From the commit of an order to its effect in a consumer, at two rates of incoming orders. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { startApi, startWorker } from './tools/api-process.ts';
import { connect, type DatabaseServer, startDatabaseServer } from './tools/database-server.ts';
import { type Bench, type Figure, format, type Row } from './tools/figure.ts';
import { loadPlan } from './tools/http-load.ts';
import type { HttpRound } from './tools/load-client.ts';
import { findProgram, runScript } from './tools/programs.ts';
import { runFigures } from './tools/run.ts';
import { settleTown } from './tools/town.ts';

export const effects: Figure = {
  name: 'effect',
  title: 'from the commit of an order to its mails in the outbox',
  measure: measureEffects,
};

/** The goal is for 500; half of it tells the delay where a machine does not manage that many. */
const RATES = [250, 500] as const;

async function measureEffects(bench: Bench): Promise<Row[]> {
  // The server notes when each transaction was committed: nothing has to watch.
  const server = await startDatabaseServer(bench, { track_commit_timestamp: 'on' });
  const rows = await measureEngine(bench, server, 'PostgreSQL');
  if (findProgram('redis-server')) {
    const { startRedis } = await import('../test/redis-server.ts');
    const redis = await startRedis();
    bench.cleanup.defer(() => redis.remove());
    return [...rows, ...(await measureEngine(bench, server, 'Redis', redis.url))];
  }
  const detail = 'no redis-server on PATH (Debian: redis-server)';
  return [...rows, { what: 'p99, queue on Redis', value: null, unit: 'ms', detail }];
}

async function measureEngine(
  bench: Bench,
  server: DatabaseServer,
  engine: string,
  redisUrl?: string,
): Promise<Row[]> {
  const url = await server.create(`effect_${engine.toLowerCase()}`);
  const client = await connect(bench, url);
  const home = join(server.home, engine);
  await settleTown({ url, client }, home);
  await noteEffects(client);
  // What belongs to this engine ends before the next one is measured.
  await using own = new AsyncDisposableStack();
  const part = { ...bench, cleanup: own };
  const parts = { databaseUrl: url, home, redisUrl };
  await startWorker(part, parts);
  const api = await startApi(part, parts);
  const file = join(home, 'load-plan.json');
  const plan = await loadPlan(api);
  const place = async (perSecond: number, seconds: number) => {
    await writeFile(file, JSON.stringify({ ...plan, perSecond }));
    return runScript<HttpRound>('bench/tools/load-client.ts', [file, String(seconds)]);
  };
  bench.tell(`${engine}: warming up`);
  await place(RATES[0], 3);
  const rows: Row[] = [];
  for (const perSecond of RATES) {
    rows.push(await measureRate(bench, client, { engine, perSecond, place }));
  }
  return rows;
}

async function measureRate(
  bench: Bench,
  client: pg.Client,
  how: {
    engine: string;
    perSecond: number;
    place(perSecond: number, seconds: number): Promise<HttpRound>;
  },
): Promise<Row> {
  const { engine, perSecond } = how;
  await client.query('checkpoint');
  const seconds = bench.quick ? 5 : 20;
  bench.tell(`${engine}: ${perSecond} orders a second for ${seconds} s`);
  const began = (await client.query('select clock_timestamp()::text as now')).rows[0]?.now;
  const round = await how.place(perSecond, seconds);
  const delays = await readDelays(client, began);
  const rate = (round.answers - round.refused) / round.seconds;
  return {
    what: `p99 at ${perSecond}/s, queue on ${engine}`,
    value: delays.p99Ms,
    range: [delays.p50Ms, delays.maxMs],
    unit: 'ms',
    goal: { is: 'under', value: 250 },
    detail: `median and longest in brackets; ${delays.count} orders at ${format(rate)}/s${
      rate < perSecond * 0.9 ? ', all that this machine managed: delays of an overload' : ''
    }`,
  };
}

/** Notes the transaction in which the mail consumer met an order for the first time. */
async function noteEffects(client: pg.Client): Promise<void> {
  await client.query(`
    create schema bench;
    create table bench.effects (order_id uuid primary key, xid xid not null);
    create function bench.note() returns trigger language plpgsql security definer as $$
    begin
      insert into bench.effects
        select distinct (data ->> 'orderId')::uuid, pg_current_xact_id()::xid from added
        on conflict do nothing;
      return null;
    end $$;
    create trigger note after insert on mail.messages referencing new table as added
      for each statement execute function bench.note()`);
}

async function readDelays(client: pg.Client, began: string) {
  const unread = `select count(*)::int as count from stream.order_events e
    where not exists (select from bench.effects f where f.order_id = e.order_id)`;
  const deadline = performance.now() + 60_000;
  for (;;) {
    const { rows } = await client.query<{ count: number }>(unread);
    if (rows[0]?.count === 0) break;
    if (performance.now() > deadline) throw new Error(`${rows[0]?.count} events took no effect.`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const { rows } = await client.query<Record<'p50Ms' | 'p99Ms' | 'maxMs' | 'count', number>>(
    `select count(*)::int as count, max(ms) as "maxMs",
       percentile_cont(0.5) within group (order by ms) as "p50Ms",
       percentile_cont(0.99) within group (order by ms) as "p99Ms"
     from (
       select 1000 * extract(epoch from pg_xact_commit_timestamp(f.xid)
         - pg_xact_commit_timestamp(e.xmin))::float8 as ms
       from stream.order_events e join bench.effects f on f.order_id = e.order_id
       where pg_xact_commit_timestamp(e.xmin) >= $1::timestamptz) as delays`,
    [began],
  );
  if (!rows[0]) throw new Error('The delays could not be read.');
  return rows[0];
}

if (import.meta.main) await runFigures([effects], process.argv.slice(2));
