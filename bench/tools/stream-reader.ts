/** A process of its own that reads the whole order stream once, as a consumer or plainly. */
import { readFileSync } from 'node:fs';
import { sql } from 'kysely';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { type Database, openDatabase } from '../../src/platform/postgres/database.ts';
import { SERVICE_ROLES } from '../../src/platform/postgres/roles.ts';
import {
  type ConsumerTables,
  createStream,
  defineConsumer,
  type StreamTables,
} from '../../src/stream/index.ts';

export interface ReadRound {
  how: 'consumer' | 'plain';
  events: number;
  seconds: number;
}

const CONSUMER = 'bench.light';
/** As a consumer reads without further notice. */
const PAGE = 500;

type Tables = StreamTables & ConsumerTables;

/** Counts the events of each type, as a dashboard would. */
const lightConsumer = defineConsumer<Tables>({
  name: CONSUMER,
  replay: 'repeat',
  apply: async (tx, events) => {
    const counts = Map.groupBy(events, (event) => event.type);
    await sql`
      insert into bench.counts as c (type, events)
      select * from unnest(${[...counts.keys()]}::text[],
        ${[...counts.values()].map((list) => list.length)}::bigint[])
      on conflict (type) do update set events = c.events + excluded.events`.execute(tx);
  },
});

async function readAsConsumer(db: Database<Tables>): Promise<number> {
  const stream = createStream({
    log: db,
    books: db,
    consumers: [lightConsumer],
    clock: systemClock,
    logger: createLog({ level: 'warn', part: 'bench' }),
  });
  return (await stream.consume(CONSUMER)).applied;
}

/** The same columns in pages as large, along the same key; nothing is done with them. */
async function readPlainly(db: Database<Tables>): Promise<number> {
  let place = { xid: '0', position: 0n };
  for (let events = 0; ; ) {
    const { rows } = await sql<{ xid: string; position: bigint }>`
      select xid::text as xid, position, event_id, order_id, version, type, occurred_at, snapshot
      from stream.order_events e
      where (e.xid, e.position) > (${place.xid}::xid8, ${place.position}::bigint)
      order by e.xid, e.position limit ${PAGE}`.execute(db);
    const last = rows.at(-1);
    if (!last) return events;
    place = last;
    events += rows.length;
  }
}

if (import.meta.main) {
  const plan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
  const { url, how } = plan as { url: string; how: ReadRound['how'] };
  const role = SERVICE_ROLES.worker;
  const db = openDatabase<Tables>({ url, applicationName: 'steward bench', role, max: 2 });
  // The connection is there before the clock starts.
  await sql`select 1`.execute(db);
  const began = performance.now();
  const events = await (how === 'consumer' ? readAsConsumer(db) : readPlainly(db));
  const seconds = (performance.now() - began) / 1_000;
  await db.destroy();
  process.stdout.write(`${JSON.stringify({ how, events, seconds } satisfies ReadRound)}\n`);
}
