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
  /** The `n`th read: everybody has their turn. */
  read(side: Side, n: number): Promise<unknown>;
}

const REVENUE = { code: 'revenue', owner: '' };
const account = (side: Side, n: number) => ({
  code: 'customer-receivable',
  owner: customerId((n * 7_919) % side.customers),
});

const KINDS: readonly Kind[] = [
  {
    what: 'balance of revenue',
    read: ({ app }) => app.payments.ledger.balance(REVENUE),
  },
  {
    what: "balance of a customer's account",
    read: (side, n) => side.app.payments.ledger.balance(account(side, n)),
  },
  {
    what: 'statement of revenue, first page of the month',
    read: ({ app }) => app.payments.ledger.statement(REVENUE, {}, PAGE),
  },
  {
    what: 'statement of revenue, page in the middle of the year',
    read: ({ app, deepCursor }) =>
      app.payments.ledger.statement(REVENUE, YEAR, { ...PAGE, cursor: deepCursor }),
  },
  {
    what: "statement of a customer's account, the year",
    read: (side, n) => side.app.payments.ledger.statement(account(side, n), YEAR, PAGE),
  },
  {
    what: 'statement for a customer, the year',
    read: (side, n) => {
      const person = { kind: 'customer', id: account(side, n).owner } as const;
      return side.app.payments.statements.of(person, YEAR, PAGE);
    },
  },
  {
    what: 'statement for a worker, the month',
    read: (side, n) => {
      const id = workerId((n * 7_919) % countWorkers(side.customers));
      return side.app.payments.statements.of({ kind: 'worker', id }, {}, PAGE);
    },
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
  let done = 0;
  /** Milliseconds of the middle one. */
  const round = (side: Side) => async () => {
    const times: number[] = [];
    for (let n = 0; n < reads; n++) {
      const began = performance.now();
      await kind.read(side, done + n);
      times.push(performance.now() - began);
    }
    done += reads;
    return spreadOf(times).median;
  };
  await round(large)();
  await round(small)();
  const { first, second } = await alternate(quick ? 5 : 25, round(large), round(small));
  const ratio = ratiosOf(first, second);
  const ms = (times: readonly number[]) => format(spreadOf(times).median, 'ms');
  return {
    what: kind.what,
    value: ratio.median,
    range: ratio.range,
    unit: '',
    goal: { is: 'at most', value: 1.5 },
    detail: `large ${ms(first)}, small ${ms(second)}`,
  };
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
