/** How fast the order stream gets into the ledger, beside a COPY of what comes out. */
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type BooksRound, workOnBooks } from './tools/books-process.ts';
import { connect, type DatabaseServer, startDatabaseServer } from './tools/database-server.ts';
import { type Bench, type Figure, format, type Row } from './tools/figure.ts';
import type { Books } from './tools/open-books.ts';
import { alternate, ratiosOf, spreadOf } from './tools/rounds.ts';
import { runFigures } from './tools/run.ts';
import { writeLives } from './tools/write-lives.ts';

export const ledgerBooking: Figure = {
  name: 'ledger',
  title: 'orders booked from the stream into the ledger, and a COPY of the same postings',
  measure: measureBooking,
};

/** The server writes files there as whatever user it runs as. */
const ANYBODY_MAY_WRITE = 0o777;

const count = (value: number) => value.toLocaleString('en-US');

async function measureBooking(bench: Bench): Promise<Row[]> {
  const server = await startDatabaseServer(bench);
  const copies = join(server.home, 'copies');
  await mkdir(copies);
  await chmod(copies, ANYBODY_MAY_WRITE);
  const write = async (name: string, events: number, endedOnly = false) => {
    bench.tell(`writing ${count(events)} events${endedOnly ? ', ends of orders only' : ''}`);
    const mainUrl = await server.create(name);
    const written = await writeLives(await connect(bench, mainUrl), events, endedOnly);
    return { mainUrl, events: written };
  };
  const rounds = bench.quick ? 2 : 3;
  const short = await write('short', bench.quick ? 20_000 : 100_000);
  const ends = await write('ends', bench.quick ? 5_000 : 25_000, true);
  bench.tell(`${rounds} rounds: the stream is read into an empty ledger, its postings are copied`);
  const rows = await measureRates(bench, server, { short, ends, rounds, copies });
  const long = await write('long', bench.quick ? 60_000 : bench.events);
  return [...rows.rows, ...(await measureMemory(bench, server, long, rows.shortRounds))];
}

interface Stream {
  mainUrl: string;
  events: number;
}

/** Empty books, in a database of their own: a ledger cannot be emptied. */
async function openEmpty(server: DatabaseServer, mainUrl: string, name: string): Promise<Books> {
  return { mainUrl, paymentsUrl: await server.createPayments(name), home: server.home };
}

async function readThrough(books: Books, stream: Stream): Promise<BooksRound> {
  const round = await workOnBooks(books, { do: 'read' });
  if (round.done !== stream.events) {
    throw new Error(`${round.done} of ${stream.events} events were read.`);
  }
  return round;
}

async function measureRates(
  bench: Bench,
  server: DatabaseServer,
  of: { short: Stream; ends: Stream; rounds: number; copies: string },
) {
  let number = 0;
  let books: Books | undefined;
  const bookLives = async () => {
    books = await openEmpty(server, of.short.mainUrl, `books_${++number}`);
    return readThrough(books, of.short);
  };
  const copy = async () => copyPostings(bench, books?.paymentsUrl ?? '', of.copies);
  const { first, second } = await alternate(of.rounds, bookLives, copy);
  const bookings: number[] = [];
  for (let round = 0; round < of.rounds; round++) {
    const empty = await openEmpty(server, of.ends.mainUrl, `ends_${round}`);
    const { seconds } = await readThrough(empty, of.ends);
    bookings.push(of.ends.events / seconds);
  }
  const eventRates = spreadOf(first.map((round) => of.short.events / round.seconds));
  const copyRates = second.map(({ postings, seconds }) => postings / seconds);
  const postingRates = first.map(
    (round, at) => (second[at]?.postings ?? Number.NaN) / round.seconds,
  );
  const ratio = ratiosOf(postingRates, copyRates);
  const ended = spreadOf(bookings);
  const rows: Row[] = [
    {
      what: 'events into the ledger',
      value: eventRates.median,
      range: eventRates.range,
      unit: '/s',
      goal: { is: 'at least', value: 5_000 },
      detail: `${count(of.short.events)} events of whole orders, of which ${count(second[0]?.orders ?? 0)} are booked with ${count(second[0]?.postings ?? 0)} postings`,
    },
    {
      what: 'ended orders alone',
      value: ended.median,
      range: ended.range,
      unit: '/s',
      detail: `a stream of nothing but the ends of ${count(of.ends.events)} orders: bookings, each with about four postings`,
    },
    {
      what: 'postings into the ledger / COPY',
      value: ratio.median,
      range: ratio.range,
      unit: '',
      detail: `booked from the stream ${format(spreadOf(postingRates).median)}/s; the same rows by the server's own COPY into a table without key, index, trigger ${format(spreadOf(copyRates).median)}/s`,
    },
  ];
  return { rows, shortRounds: first };
}

/** The fastest way in: a file of the server's, into a table that checks and indexes nothing. */
async function copyPostings(bench: Bench, paymentsUrl: string, folder: string) {
  const client = await connect(bench, paymentsUrl);
  const file = client.escapeLiteral(join(folder, 'postings'));
  await client.query(`copy ledger.postings to ${file}`);
  await client.query(`create schema bench;
    create table bench.postings as table ledger.postings with no data;
    checkpoint`);
  const began = performance.now();
  const { rowCount } = await client.query(`copy bench.postings from ${file}`);
  const seconds = (performance.now() - began) / 1_000;
  const { rows } = await client.query<{ orders: string }>(
    'select count(*) as orders from payments.order_bookings',
  );
  return { postings: rowCount ?? 0, seconds, orders: Number(rows[0]?.orders) };
}

async function measureMemory(
  bench: Bench,
  server: DatabaseServer,
  long: Stream,
  shortRounds: readonly BooksRound[],
): Promise<Row[]> {
  bench.tell(`reading ${count(long.events)} events, then all of them again`);
  const books = await openEmpty(server, long.mainUrl, 'long_books');
  const read = await readThrough(books, long);
  const replay = await workOnBooks(books, { do: 'replay' });
  if (replay.done !== long.events) throw new Error(`Replayed were ${replay.done} events.`);
  const short = spreadOf(shortRounds.map((round) => round.peakMb));
  const ratios = [read, replay].map((round) => round.peakMb / short.median);
  const rate = (round: BooksRound) => `${format(long.events / round.seconds)} events/s`;
  return [
    {
      what: `memory, ${count(long.events)} events / ${count(Math.round(shortRounds[0]?.done ?? 0))}`,
      value: ratios[0] ?? null,
      unit: '',
      goal: { is: 'at most', value: 1.2 },
      detail: `the most that the process held: ${format(read.peakMb, 'MB')}, ${format(short.median, 'MB')}; the long stream at ${rate(read)}`,
    },
    {
      what: 'memory of a replay / first reading of the short one',
      value: ratios[1] ?? null,
      unit: '',
      goal: { is: 'at most', value: 1.2 },
      detail: `${count(long.events)} events from the start, everything booked already: ${format(replay.peakMb, 'MB')}, at ${rate(replay)}`,
    },
  ];
}

if (import.meta.main) await runFigures([ledgerBooking], process.argv.slice(2));
