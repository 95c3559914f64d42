import type pg from 'pg';
import type { OrderEventType } from '../../src/stream/index.ts';
import { buildLife } from '../../src/stream/testing.ts';

/** Of 60 orders: 54 completed, 36 of them rated; 3 failed, 3 cancelled. */
const LIVES: readonly { type: OrderEventType[]; of60: number }[] = [
  {
    type: ['order.assigned', 'order.supplied', 'order.started', 'order.completed', 'order.rated'],
    of60: 36,
  },
  { type: ['order.assigned', 'order.supplied', 'order.started', 'order.completed'], of60: 18 },
  { type: ['order.assigned', 'order.supplied', 'order.failed'], of60: 3 },
  { type: ['order.assigned', 'order.cancelled'], of60: 3 },
];
const EVENTS_OF_60 = LIVES.reduce((sum, { type, of60 }) => sum + type.length * of60, 0);

const ORDERS_PER_CUSTOMER = 5;
const ORDERS_PER_WORKER = 100;
const BATCH = 20_000;

/**
 * Writes whole lives of orders into the stream, as a business of 5,000 orders a day would: events
 * of many orders one between the other, every order ends, a customer has five of them.
 * @param events about so many
 * @param endedOnly of each life only the event that is booked
 * @returns how many events there are
 */
export async function writeLives(
  client: pg.Client,
  events: number,
  endedOnly = false,
): Promise<number> {
  const orders = Math.round(endedOnly ? events : (events * 60) / EVENTS_OF_60);
  const people = {
    customers: Math.max(1, Math.floor(orders / ORDERS_PER_CUSTOMER)),
    workers: Math.max(1, Math.floor(orders / ORDERS_PER_WORKER)),
  };
  await client.query("set work_mem = '256MB'");
  await client.query(`create temp table bench_lives
    (slot int, number int, type text, snapshot jsonb, is_end boolean)`);
  let slot = 0;
  for (const { type, of60 } of LIVES) {
    const life = buildLife(type).map(({ type, snapshot }) => ({ type, snapshot }));
    await client.query(
      `insert into bench_lives
       select slot, number, event ->> 'type', event -> 'snapshot', event ->> 'type' in
         ('order.completed', 'order.failed', 'order.cancelled')
       from generate_series($1::int, $2::int) as slot,
         jsonb_array_elements($3::jsonb) with ordinality as e (event, number)`,
      [slot, slot + of60 - 1, JSON.stringify(life)],
    );
    slot += of60;
  }
  await client.query(PEOPLE_SQL, [people.customers, people.workers]);
  for (let from = 0; from < orders; from += BATCH) {
    await client.query(EVENTS_SQL, [
      from,
      Math.min(orders, from + BATCH) - 1,
      people.customers,
      people.workers,
      endedOnly,
    ]);
  }
  await client.query('vacuum analyze stream.order_events, stream.personal');
  await client.query('checkpoint');
  const { rows } = await client.query<{ events: string }>(
    'select count(*) as events from stream.order_events',
  );
  return Number(rows[0]?.events);
}

const person = (digit: number, number: string) =>
  `('00000000-0000-7000-${digit}000-' || lpad((${number})::text, 12, '0'))::uuid`;

const PEOPLE_SQL = `
insert into stream.personal (subject_id, kind, data, updated_at)
select ${person(8, 'n')}, 'customer', jsonb_build_object('name', 'Customer ' || n, 'email',
  'customer-' || n || '@example.org', 'subject', 'token|customer-' || n), now()
from generate_series(0, $1::int - 1) as n
union all
select ${person(9, 'n')}, 'worker', jsonb_build_object('name', 'Worker ' || n, 'email',
  'worker-' || n || '@example.org', 'subject', 'token|worker-' || n), now()
from generate_series(0, $2::int - 1) as n`;

/** Orders $1 to $2. The events of an order stand 60 orders apart; prices are 20 to 319 units. */
const EVENTS_SQL = `
with drawn as materialized (
  select n, uuidv7(n * interval '1 ms' - interval '1 year') as id,
    timestamptz '2026-03-02 08:00:00Z' + n * interval '1 day' / 5000 as began,
    jsonb_build_object('customer', jsonb_build_object('id', ${person(8, 'n * 7919 % $3::int')}),
      'worker', jsonb_build_object('id', ${person(9, 'n * 104729 % $4::int')})) as people,
    2000 + n * 6007 % 30000 as price
  from generate_series($1::bigint, $2::bigint) as n
), placed as materialized (
  select d.n + l.number * 60 as place, d.n, l.slot, l.number,
    d.began + l.number * interval '1 day' * 60 / 5000 as at
  from drawn d join bench_lives l on l.slot = d.n % 60 where l.is_end or not $5::boolean
  order by 1
)
insert into stream.order_events (event_id, order_id, version, type, occurred_at, snapshot)
select gen_random_uuid(), d.id, (l.snapshot ->> 'version')::int, l.type, p.at,
  l.snapshot || d.people || jsonb_build_object('id', d.id, 'price', l.snapshot -> 'price'
      || jsonb_build_object('amount', d.price))
    || case when l.snapshot ->> 'endedAt' is null then '{}'
      else jsonb_build_object('endedAt', to_char(p.at at time zone 'UTC',
        'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) end
from placed p
  join drawn d on d.n = p.n
  join bench_lives l on l.slot = p.slot and l.number = p.number
order by p.place, p.n`;
