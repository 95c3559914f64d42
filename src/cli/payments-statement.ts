import type {
  AccountStatement,
  PaymentsContext,
  PersonStatement,
} from '../contexts/payments/index.ts';
import { formatAmount, formatMoney } from '../platform/money.ts';
import { UsageError } from './error-report.ts';
import { type Names, personText } from './payments-view.ts';
import type { Column } from './table.ts';

/** Whose statement: a person's, as that person sees it, or a ledger account's. */
export type StatementOf =
  | { kind: 'customer' | 'worker'; id: string }
  | { kind: 'account'; code: string; owner: string };

/** @throws UsageError unless one of them is asked for */
export function statementOf(flags: {
  customer?: string;
  worker?: string;
  account?: string;
  owner?: string;
}): StatementOf {
  const { customer, worker, account, owner = '' } = flags;
  const asked: StatementOf[] = [];
  if (customer !== undefined) asked.push({ kind: 'customer', id: customer });
  if (worker !== undefined) asked.push({ kind: 'worker', id: worker });
  if (account !== undefined) asked.push({ kind: 'account', code: account, owner });
  const [one, ...others] = asked;
  if (one && others.length === 0) return one;
  throw new UsageError(
    'whose_statement',
    'Say whose statement: --customer <id>, --worker <id>, or --account <code> with its --owner.',
  );
}

/** `Statement of customer Ann Smith (019a…)` */
export function statementName(of: StatementOf, names: Names): string {
  if (of.kind === 'account') return `Statement of account ${of.code} ${of.owner}`.trim();
  return `Statement of ${of.kind} ${personText(names, of.id)}`;
}

/** One line, whoever's statement it is on. */
export interface StatementRow {
  day: string;
  text: string;
  /** What it is about, to go on from there. */
  about: string | null;
  amountMinor: bigint;
  balanceMinor: bigint;
}

/** A page of a statement, made alike for people and accounts. */
export interface StatementPage {
  from: string;
  to: string;
  openingMinor: bigint;
  rows: StatementRow[];
  closingMinor: bigint;
  nextCursor: string | null;
  /** As the context answered: for `--json`. */
  statement: PersonStatement | AccountStatement;
}

type Range = { from?: string; to?: string };
type PageRequest = { limit: number; cursor?: string };

/** Reads one page. @throws StewardError as `Statements.of` and `Ledger.statement` */
export async function readStatement(
  payments: Pick<PaymentsContext, 'statements' | 'ledger'>,
  of: StatementOf,
  range: Range,
  page: PageRequest,
): Promise<StatementPage> {
  if (of.kind === 'account') {
    const { code, owner } = of;
    const statement = await payments.ledger.statement({ code, owner }, range, page);
    return { ...common(statement), rows: accountRows(statement), statement };
  }
  const statement = await payments.statements.of(of, range, page);
  return { ...common(statement), rows: personRows(statement), statement };
}

function common({
  from,
  to,
  openingMinor,
  closingMinor,
  nextCursor,
}: PersonStatement | AccountStatement) {
  return { from, to, openingMinor, closingMinor, nextCursor };
}

function personRows({ kind, lines }: PersonStatement): StatementRow[] {
  return lines.map((line) => ({
    day: line.bookedOn,
    text: line.description,
    // Which invoice an order is on is nothing to its worker.
    about: kind === 'worker' ? line.orderId : (line.invoiceNumber ?? line.orderId),
    amountMinor: line.amountMinor,
    balanceMinor: line.balanceMinor,
  }));
}

function accountRows({ lines }: AccountStatement): StatementRow[] {
  return lines.map((line) => ({
    day: line.bookedOn,
    text: line.reason === null ? line.kind : `${line.kind}: ${line.reason}`,
    about: `${line.subjectKind} ${line.subjectId}`,
    amountMinor: line.amountMinor,
    balanceMinor: line.balanceMinor,
  }));
}

/**
 * Lines with the opening before the first, and the closing behind the last.
 * @param isFirst whether the page begins where the statement does
 */
export function framedRows(page: StatementPage, isFirst: boolean): StatementRow[] {
  const { from, to, openingMinor, rows, closingMinor, nextCursor } = page;
  const frame = (day: string, text: string, balanceMinor: bigint): StatementRow => {
    return { day, text, about: null, amountMinor: 0n, balanceMinor };
  };
  const closing = nextCursor === null ? [frame(to, 'Closing balance', closingMinor)] : [];
  const opening = isFirst ? [frame(from, 'Opening balance', openingMinor)] : [];
  return [...opening, ...rows, ...closing];
}

export function statementColumns(currency: string): Column<StatementRow>[] {
  return [
    { header: 'day', value: (row) => row.day },
    { header: 'what', value: (row) => row.text },
    {
      header: `amount ${currency}`,
      align: 'right',
      value: (row) => (isFrame(row) ? null : formatAmount(row.amountMinor, currency)),
    },
    { header: 'balance', align: 'right', value: (row) => formatAmount(row.balanceMinor, currency) },
    { header: 'about', value: (row) => row.about },
  ];
}

/** Opening and closing move nothing and are about nothing. */
function isFrame(row: StatementRow): boolean {
  return row.about === null && row.amountMinor === 0n;
}

/** What a statement says beside its lines: what is due, or what the month comes to. */
export function outlookFields(statement: PersonStatement | AccountStatement) {
  if ('account' in statement) return [];
  const { currency, due, month } = statement;
  const money = (amountMinor: bigint) => formatMoney({ amountMinor, currency });
  if (due) {
    const text = `${money(due.amountMinor)} for ${due.orders} orders, invoiced on ${due.issuedOn}`;
    return [[`due for ${due.period}`, text]] as const;
  }
  if (!month) return [];
  return [
    ['month', month.period],
    ['earned', money(month.earnedMinor)],
    ['penalties', money(month.penaltiesMinor)],
    ['credits', money(month.creditsMinor)],
    ['carried over', money(month.carriedMinor)],
    ['payable', money(month.payableMinor)],
  ] as const;
}
