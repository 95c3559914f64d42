/** Reading balances and statements of a large ledger against a small one. */
import type { PaymentsApp } from '../src/payments-app.ts';
import { createVirtualClock } from '../src/platform/clock.ts';
import { connect, type DatabaseServer, startDatabaseServer } from './tools/database-server.ts';
import { type Bench, type Figure, format, type Row } from './tools/figure.ts';
import {
  countWorkers,
  customerId,
  fillYear,
  ORDERS_PER_WEEK,
  WEEKS_PER_CUSTOMER,
  workerId,
} from './tools/fill-ledger.ts';
import { openBooks } from './tools/open-books.ts';
import { alternate, ratiosOf, spreadOf } from './tools/rounds.ts';
import { runFigures } from './tools/run.ts';

export const balanceReading: Figure = {
  name: 'balance',
  title: 'balances and statements read from a large ledger, and from a small one',
  measure: measureReading,
};

const SMALL_POSTINGS = 100_000;
/** Orders come to 3.9 postings on average, an invoice to 2 when it is paid. */
const POSTINGS_PER_CUSTOMER = WEEKS_PER_CUSTOMER * (ORDERS_PER_WEEK * 3.9 + 2);
/** The ledger goes from there to the Sunday before now. */
const FIRST_MONDAY = '2025-11-24';
const NOW = new Date('2026-11-25T12:00:00Z');
const YEAR = { from: FIRST_MONDAY, to: '2026-11-25' };
const PAGE = { limit: 50 };
const FAR_PAGE = 10_000;

/** One of the two ledgers. */
interface Side {
  app: PaymentsApp;
  customers: number;
  postings: number;
  /** Where the second half of the year's revenue begins. */
  deepCursor: string;
}

interface Kind {
  what: string;
  /** The `n`th read. */
  read(side: Side, n: number): Promise<unknown>;
  /** So many different people, the same number in both ledgers. */
  people: number;
  /** Read from memory or, where nobody is read twice, mostly not: then there is no goal. */
  isCold?: boolean;
}

/**
 * So few that what is read of them stays in memory in both ledgers: a posting in the large one has
 * a block of 8 kB to itself, so that a thousand customers there do not fit.
 */
const CUSTOMERS = 100;
const WORKERS = 50;
const REVENUE = { code: 'revenue', owner: '' };

/** The same number of people in both ledgers, spread over the whole of each. */
const spread = (n: number, people: number, all: number) =>
  (n % people) * Math.max(1, Math.floor(all / people));
const customer = (side: Side, n: number) => customerId(spread(n, CUSTOMERS, side.customers));
const anyCustomer = (side: Side, n: number) => customerId((n * 7_919) % side.customers);

const balance = (side: Side, owner: string) =>
  side.app.payments.ledger.balance({ code: 'customer-receivable', owner });
const statement = (side: Side, id: string) =>
  side.app.payments.statements.of({ kind: 'customer', id }, YEAR, PAGE);

const KINDS: readonly Kind[] = [
  {
    what: 'balance of revenue',
    people: 1,
    read: ({ app }) => app.payments.ledger.balance(REVENUE),
  },
  {
    what: "balance of a customer's account",
    people: CUSTOMERS,
    read: (side, n) => balance(side, customer(side, n)),
  },
  {
    what: 'statement of revenue, first page of the month',
    people: 1,
    read: ({ app }) => app.payments.ledger.statement(REVENUE, {}, PAGE),
  },
  {
    what: 'statement of revenue, page in the middle of the year',
    people: 1,
    read: ({ app, deepCursor }) =>
      app.payments.ledger.statement(REVENUE, YEAR, { ...PAGE, cursor: deepCursor }),
  },
  {
    what: "statement of a customer's account, the year",
    people: CUSTOMERS,
    read: (side, n) => {
      const account = { code: 'customer-receivable', owner: customer(side, n) };
      return side.app.payments.ledger.statement(account, YEAR, PAGE);
    },
  },
  {
    what: 'statement for a customer, the year',
    people: CUSTOMERS,
    read: (side, n) => statement(side, customer(side, n)),
  },
  {
    what: 'statement for a worker, the month',
    people: WORKERS,
    read: (side, n) => {
      const id = workerId(spread(n, WORKERS, countWorkers(side.customers)));
      return side.app.payments.statements.of({ kind: 'worker', id }, {}, PAGE);
    },
  },
  {
    what: "balance of a customer's account, nobody twice",
    people: 0,
    isCold: true,
    read: (side, n) => balance(side, anyCustomer(side, n)),
  },
  {
    what: 'statement for a customer, the year, nobody twice',
    people: 0,
    isCold: true,
    // Others than those whose balances were read just now.
    read: (side, n) => statement(side, anyCustomer(side, n + 50_000)),
  },
];

async function measureReading(bench: Bench): Promise<Row[]> {
  const server = await startDatabaseServer(bench);
  const mainUrl = await server.create('main');
  const small = await openSide(bench, server, mainUrl, 'small', SMALL_POSTINGS);
  const large = await openSide(
    bench,
    server,
    mainUrl,
    'large',
    bench.quick ? 3 * SMALL_POSTINGS : bench.postings,
  );
  const size = `${count(large.postings)} postings / ${count(small.postings)}`;
  bench.remark(`${size}; a year each, all of it paid; medians of reads one after another`);
  const rows: Row[] = [];
  for (const kind of KINDS) {
    bench.tell(kind.what);
    rows.push(await compare(kind, large, small, bench.quick));
  }
  bench.remark(await tellTrialBalance(large, small));
  return rows;
}

const count = (value: number) => value.toLocaleString('en-US');

async function openSide(
  bench: Bench,
  server: DatabaseServer,
  mainUrl: string,
  name: string,
  postings: number,
): Promise<Side> {
  bench.tell(`booking about ${count(postings)} postings`);
  const paymentsUrl = await server.createPayments(name);
  const customers = Math.ceil(postings / POSTINGS_PER_CUSTOMER);
  const client = await connect(bench, paymentsUrl);
  const booked = await fillYear(client, customers, FIRST_MONDAY, bench.tell);
  const books = { mainUrl, paymentsUrl, home: server.home };
  const app = await openBooks(books, 'api', createVirtualClock(NOW));
  bench.cleanup.defer(() => app.close());
  const deepCursor = await goToMiddle(app, customers * WEEKS_PER_CUSTOMER * ORDERS_PER_WEEK);
  return { app, customers, postings: booked, deepCursor };
}

/** Turns the pages of the year's revenue up to its middle. */
async function goToMiddle(app: PaymentsApp, lines: number): Promise<string> {
  let cursor: string | undefined;
  for (let seen = 0; seen < lines / 2; ) {
    const limit = Math.min(FAR_PAGE, Math.ceil(lines / 2) - seen);
    const page = await app.payments.ledger.statement(REVENUE, YEAR, { limit, cursor });
    seen += page.lines.length;
    cursor = page.nextCursor ?? undefined;
    if (cursor === undefined) throw new Error(`The revenue has ${seen} of ${lines} lines.`);
  }
  return cursor ?? '';
}

async function compare(kind: Kind, large: Side, small: Side, quick: boolean): Promise<Row> {
  const reads = quick ? 20 : 40;
  /** Milliseconds of the middle one. */
  const reader = (side: Side) => {
    let done = 0;
    return async (count = reads) => {
      const times: number[] = [];
      for (const end = done + count; done < end; done++) {
        const began = performance.now();
        await kind.read(side, done);
        times.push(performance.now() - began);
      }
      return spreadOf(times).median;
    };
  };
  const [readLarge, readSmall] = [reader(large), reader(small)];
  // Everybody once; statements are planned for good at their sixth time.
  for (const read of [readLarge, readSmall]) await read(Math.max(kind.people, 20));
  const { first, second } = await alternate(
    quick ? 5 : 25,
    () => readLarge(),
    () => readSmall(),
  );
  const ratio = ratiosOf(first, second);
  const ms = (times: readonly number[]) => format(spreadOf(times).median, 'ms');
  const sides = `large ${ms(first)}, small ${ms(second)}`;
  return {
    what: kind.what,
    value: ratio.median,
    range: ratio.range,
    unit: '',
    ...(kind.isCold ? {} : { goal: { is: 'at most', value: 1.5 } }),
    detail: sides + describePeople(kind),
  };
}

function describePeople({ people, isCold }: Kind): string {
  if (isCold) return '; the small ledger fits into shared_buffers, the large one does not';
  return people > 1 ? `; ${people} in turn, in memory on both sides` : '';
}

/** Adds up all accounts, so it grows with their number: said, without a goal. */
async function tellTrialBalance(large: Side, small: Side): Promise<string> {
  const time = async ({ app }: Side) => {
    const began = performance.now();
    const { sumMinor } = await app.payments.ledger.trialBalance();
    if (sumMinor !== 0n) throw new Error(`The trial balance is ${sumMinor}.`);
    return performance.now() - began;
  };
  const { first, second } = await alternate(
    3,
    () => time(large),
    () => time(small),
  );
  const ms = (times: readonly number[]) => format(spreadOf(times).median, 'ms');
  return `the trial balance, which adds up all accounts: large ${ms(first)}, small ${ms(second)}`;
}

if (import.meta.main) await runFigures([balanceReading], process.argv.slice(2));
