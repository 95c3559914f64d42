/** A run of invoices for very many customers, planned and committed in one process. */
import type pg from 'pg';
import { type BooksRound, workOnBooks } from './tools/books-process.ts';
import { connect, startDatabaseServer } from './tools/database-server.ts';
import type { Bench, Figure, Row } from './tools/figure.ts';
import { fillWeek, ORDERS_PER_WEEK, openAccounts, settle } from './tools/fill-ledger.ts';
import { runFigures } from './tools/run.ts';

export const invoiceRun: Figure = {
  name: 'invoices',
  title: 'a run of invoices for 100,000 customers with 500,000 orders',
  measure: measureRun,
};

/** Each week another run; the later ones compare with the invoices of the earlier ones. */
const WEEKS = ['2026-11-09', '2026-11-16', '2026-11-23'] as const;
/** When Sunday's run is due. */
const SUNDAY_MS = (6 * 24 + 18) * 3_600_000;

async function measureRun(bench: Bench): Promise<Row[]> {
  const server = await startDatabaseServer(bench);
  const customers = bench.quick ? 5_000 : 100_000;
  const orders = customers * ORDERS_PER_WEEK;
  const mainUrl = await server.create('main');
  const paymentsUrl = await server.createPayments('payments');
  const client = await connect(bench, paymentsUrl);
  await openAccounts(client, customers);
  const rounds: BooksRound[] = [];
  for (const monday of WEEKS.slice(bench.quick ? 1 : 0)) {
    bench.tell(`booking ${orders.toLocaleString('en-US')} orders of the week of ${monday}`);
    await fillWeek(client, { monday, customers, first: 0, step: 1, paid: false });
    await settle(client);
    bench.tell('planning and committing');
    const now = new Date(Date.parse(monday) + SUNDAY_MS + 60_000).toISOString();
    const books = { mainUrl, paymentsUrl, home: server.home };
    rounds.push(await workOnBooks(books, { do: 'invoice', now }));
    await expectInvoices(client, customers * rounds.length, orders * rounds.length);
  }
  return describe(rounds, customers, orders);
}

/** @throws unless everybody has an invoice for every week, with a charge, a mail and all orders */
async function expectInvoices(client: pg.Client, invoices: number, orders: number): Promise<void> {
  const { rows } = await client.query<Record<string, string>>(`
    select (select count(*) from payments.invoices) as invoices,
      (select count(*) from payments.charges) as charges,
      (select count(*) from mail.messages where template = 'invoice-issued') as mails,
      (select count(*) from payments.order_bookings b join payments.invoices i
        on i.id = b.invoice_id and i.customer_id = b.customer_id) as orders`);
  const found = JSON.stringify(rows[0]);
  const expected = { invoices, charges: invoices, mails: invoices, orders };
  const same = Object.entries(expected).every(([name, value]) => rows[0]?.[name] === String(value));
  if (!same) throw new Error(`Made were ${found}; expected ${JSON.stringify(expected)}.`);
}

/** The slowest counts: the first has nothing to compare with, the later ones more to search. */
function describe(rounds: readonly BooksRound[], customers: number, orders: number): Row[] {
  const row = (what: string, of: (round: BooksRound) => number | undefined) => {
    const values = rounds.map((round) => of(round) ?? Number.NaN);
    const range = [Math.min(...values), Math.max(...values)] as const;
    return { what, value: range[1], range };
  };
  const size = `${customers.toLocaleString('en-US')} customers, ${orders.toLocaleString('en-US')} orders`;
  return [
    {
      ...row('plan and commit', (round) => round.seconds),
      unit: 's',
      goal: { is: 'under', value: 60 },
      detail: `${size}; the slowest of ${rounds.length} weeks, one after another in the same books`,
    },
    {
      ...row('plan', (round) => round.parts.plan),
      unit: 's',
      detail: 'amounts, comparison with earlier invoices, hash, gates',
    },
    {
      ...row('commit', (round) => round.parts.commit),
      unit: 's',
      detail: 'invoices, their orders, charges and mails, the hash again, in one transaction',
    },
    {
      ...row('memory of that process', (round) => round.peakMb),
      unit: 'MB',
      goal: { is: 'under', value: 300 },
      detail: 'the most it held; a process of its own for each week',
    },
  ];
}

if (import.meta.main) await runFigures([invoiceRun], process.argv.slice(2));
