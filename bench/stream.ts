/** How fast a light consumer reads the order stream, beside a plain read of the same rows. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { buildLife } from '../src/stream/testing.ts';
import { connect, startDatabaseServer } from './tools/database-server.ts';
import { type Bench, type Figure, format, type Row } from './tools/figure.ts';
import { runScript } from './tools/programs.ts';
import { alternate, ratiosOf, spreadOf } from './tools/rounds.ts';
import { runFigures } from './tools/run.ts';
import type { ReadRound } from './tools/stream-reader.ts';

export const streamReading: Figure = {
  name: 'stream',
  title: 'events read by a light consumer, and by plain SQL',
  measure: measureReading,
};

async function measureReading(bench: Bench): Promise<Row[]> {
  const server = await startDatabaseServer(bench);
  const url = await server.create('stream');
  const client = await connect(bench, url);
  const events = bench.quick ? 50_000 : 250_000;
  bench.tell(`writing ${events.toLocaleString('en-US')} events`);
  await writeLives(client, events);
  const file = join(server.home, 'reader.json');
  const read = (how: ReadRound['how']) => async () => {
    await client.query('truncate bench.counts, stream_consumers.cursors');
    await writeFile(file, JSON.stringify({ url, how }));
    const round = await runScript<ReadRound>('bench/tools/stream-reader.ts', [file]);
    if (round.events !== events) throw new Error(`${how}: ${round.events} of ${events} events.`);
    return round.events / round.seconds;
  };
  bench.tell('reading them, both ways in turn');
  const rounds = bench.quick ? 2 : 5;
  const { first, second } = await alternate(rounds, read('consumer'), read('plain'));
  const consumer = spreadOf(first);
  const ratio = ratiosOf(first, second);
  return [
    {
      what: 'light consumer',
      value: consumer.median,
      range: consumer.range,
      unit: '/s',
      goal: { is: 'at least', value: 10_000 },
      detail: `${events.toLocaleString('en-US')} events, one upsert and the cursor per batch of 500`,
    },
    {
      what: 'light consumer / plain SQL',
      value: ratio.median,
      range: ratio.range,
      unit: '',
      detail: `plain reading of the same rows in pages of 500: ${format(spreadOf(second).median)}/s`,
    },
  ];
}

/** Lives of five events each, all of one shape but every order with its own id. */
async function writeLives(client: pg.Client, events: number): Promise<void> {
  const life = buildLife().map(({ type, snapshot }) => ({ type, snapshot }));
  await client.query(`
    create schema bench;
    create table bench.counts (type text primary key, events bigint not null);
    grant usage on schema bench to steward_worker;
    grant select, insert, update on bench.counts to steward_worker`);
  await client.query(
    `insert into stream.order_events (event_id, order_id, version, type, occurred_at, snapshot)
     select gen_random_uuid(), o.id, (e.event -> 'snapshot' ->> 'version')::int,
       e.event ->> 'type', now(), e.event -> 'snapshot' || jsonb_build_object('id', o.id)
     from (select uuidv7() as id, n from generate_series(1, $2::int) as n) as o
       cross join jsonb_array_elements($1::jsonb) with ordinality as e (event, number)
     order by o.n, e.number`,
    [JSON.stringify(life), events / life.length],
  );
  await client.query('vacuum analyze stream.order_events');
  await client.query('checkpoint');
}

if (import.meta.main) await runFigures([streamReading], process.argv.slice(2));
