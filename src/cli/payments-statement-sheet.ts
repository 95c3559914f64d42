import type { PaymentsContext } from '../contexts/payments/index.ts';
import type { WorkbookColumn, WorkbookRow, WorkbookSheet } from '../sheets/index.ts';
import { readStatement, type StatementOf, type StatementPage } from './payments-statement.ts';

/** Lines per round trip. */
const PAGE_LINES = 200;

/**
 * A statement as a sheet: opening, all lines with the running balance, closing. Lines are read
 * while the file is written, whatever their number.
 * @param title first line above the table
 */
export async function statementSheet(
  payments: Pick<PaymentsContext, 'statements' | 'ledger'>,
  of: StatementOf,
  range: { from?: string; to?: string },
  look: { title: string; currency: string },
): Promise<WorkbookSheet & { lines: () => number }> {
  const read = (days: { from?: string; to?: string }, cursor?: string) =>
    readStatement(payments, of, days, { limit: PAGE_LINES, cursor });
  const first = await read(range);
  const { from, to, openingMinor, closingMinor } = first;
  let lines = 0;
  async function* rows(): AsyncGenerator<WorkbookRow> {
    yield [from, 'Opening balance', null, null, openingMinor];
    let page: StatementPage = first;
    for (;;) {
      for (const row of page.rows) {
        yield [row.day, row.text, row.about, row.amountMinor, row.balanceMinor];
      }
      lines += page.rows.length;
      if (page.nextCursor === null) return;
      // The days as they were resolved at first: midnight may pass meanwhile.
      page = await read({ from, to }, page.nextCursor);
    }
  }
  return {
    name: 'Statement',
    title: [look.title, `${from} to ${to}, both included`, `Amounts in ${look.currency}`],
    columns: columns(look.currency),
    rows: rows(),
    totals: [to, 'Closing balance', null, closingMinor - openingMinor, closingMinor],
    lines: () => lines,
  };
}

function columns(currency: string): WorkbookColumn[] {
  return [
    { kind: 'day', header: 'Day' },
    { kind: 'text', header: 'What', width: 44 },
    { kind: 'text', header: 'About', width: 44 },
    { kind: 'money', currency, header: 'Amount' },
    { kind: 'money', currency, header: 'Balance' },
  ];
}
