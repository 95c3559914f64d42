import type {
  LedgerAccount,
  LedgerPosting,
  LedgerTransaction,
  TrialBalanceRow,
} from '../contexts/payments/index.ts';
import { formatAmount } from '../platform/money.ts';
import { amountColumn, type Names, type Time } from './payments-view.ts';
import type { Column } from './table.ts';

/** What a trial balance ends with: debits and credits come to the same. */
export type TrialLine = Pick<
  TrialBalanceRow,
  'code' | 'debitMinor' | 'creditMinor' | 'balanceMinor'
> & {
  kind: string;
  accounts: number | null;
  description: string;
};

/** @param width of the terminal: what the accounts are for is told where there is room for it */
export function trialColumns(currency: string, width: number | undefined): Column<TrialLine>[] {
  const what = { header: 'what', value: (row: TrialLine) => row.description };
  return [
    { header: 'account', value: (row) => row.code },
    { header: 'kind', value: (row) => row.kind },
    { header: 'debit', align: 'right', value: (row) => formatAmount(row.debitMinor, currency) },
    { header: 'credit', align: 'right', value: (row) => formatAmount(row.creditMinor, currency) },
    amountColumn('balance', currency, (row) => row.balanceMinor),
    { header: 'accounts', align: 'right', value: (row) => row.accounts },
    ...(width === undefined || width >= DESCRIBED_FROM ? [what] : []),
  ];
}

/** Columns for the figures and the longest description. */
const DESCRIBED_FROM = 140;

/** The rows, and their sums as a last one. */
export function trialLines(rows: readonly TrialBalanceRow[]): TrialLine[] {
  const sum = (of: (row: TrialBalanceRow) => bigint) =>
    rows.reduce((total, row) => total + of(row), 0n);
  return [
    ...rows,
    {
      code: 'all',
      kind: '',
      description: '',
      accounts: rows.reduce((total, row) => total + row.accounts, 0),
      debitMinor: sum((row) => row.debitMinor),
      creditMinor: sum((row) => row.creditMinor),
      balanceMinor: sum((row) => row.balanceMinor),
    },
  ];
}

type Balance = LedgerAccount & { balanceMinor: bigint };

export function accountColumns(currency: string, names: Names): Column<Balance>[] {
  return [
    { header: 'account', value: (account) => account.code },
    amountColumn('balance', currency, (account) => account.balanceMinor),
    { header: 'name', value: (account) => names.get(account.owner) ?? null },
    { header: 'owner', value: (account) => account.owner },
  ];
}

export function transactionColumns(currency: string): Column<LedgerTransaction>[] {
  return [
    { header: 'booked', value: (one) => one.bookedOn },
    { header: 'kind', value: (one) => one.kind },
    amountColumn('amount', currency, movedMinor),
    { header: 'transaction', value: (one) => one.id },
    { header: 'reversed', value: (one) => (one.reversedBy === null ? null : 'yes') },
    { header: 'by', value: (one) => one.recordedBy },
    { header: 'about', value: (one) => `${one.subjectKind} ${one.subjectId}` },
    { header: 'reason', value: (one) => one.reason },
  ];
}

/** What a transaction moves: the sum of its debits. */
export function movedMinor({ postings }: Pick<LedgerTransaction, 'postings'>): bigint {
  return postings.reduce(
    (sum, { amountMinor }) => (amountMinor > 0n ? sum + amountMinor : sum),
    0n,
  );
}

/** One transaction in full, as name and value. */
export function transactionFields(one: LedgerTransaction, time: Time) {
  return [
    ['transaction', one.id],
    ['kind', one.kind],
    ['about', `${one.subjectKind} ${one.subjectId}`],
    ['booked on', one.bookedOn],
    ['happened', time(one.occurredAt)],
    ['recorded', `${time(one.recordedAt)} by ${one.recordedBy}`],
    ['reason', one.reason],
    ['rules', one.rulesVersion],
    ['reverses', one.reverses],
    ['reversed by', one.reversedBy],
    ['key', one.idempotencyKey],
  ] as const;
}

export function postingColumns(currency: string, names: Names): Column<LedgerPosting>[] {
  const side = (posting: LedgerPosting, sign: 1n | -1n) => {
    const amountMinor = posting.amountMinor * sign;
    return amountMinor > 0n ? formatAmount(amountMinor, currency) : null;
  };
  return [
    { header: 'account', value: ({ account }) => account.code },
    { header: 'debit', align: 'right', value: (posting) => side(posting, 1n) },
    { header: 'credit', align: 'right', value: (posting) => side(posting, -1n) },
    { header: 'name', value: ({ account }) => names.get(account.owner) ?? null },
    { header: 'owner', value: ({ account }) => account.owner },
  ];
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Owners who are people; providers are named as they are. */
export function ownerIds(accounts: readonly { owner: string }[]): string[] {
  return accounts.map(({ owner }) => owner).filter((owner) => ID.test(owner));
}

/** `order/019a…`, `order`, or an id alone. */
export function subjectOf(text: string | undefined): { subjectKind?: string; subjectId?: string } {
  if (text === undefined) return {};
  const slash = text.indexOf('/');
  if (slash !== -1) return { subjectKind: text.slice(0, slash), subjectId: text.slice(slash + 1) };
  return /^[a-z-]+$/.test(text) ? { subjectKind: text } : { subjectId: text };
}

/** What is sensible after a look at a transaction. */
export function nextForTransaction(one: LedgerTransaction): string[] {
  if (one.reverses !== null) return [`payments ledger show ${one.reverses}`];
  if (one.reversedBy !== null) return [`payments ledger show ${one.reversedBy}`];
  const explain = `payments explain ${one.subjectId}`;
  const reversible = one.kind === 'credit' || one.kind === 'order';
  if (!reversible) return [explain];
  return [explain, `payments ledger reverse ${one.id} --reason "<reason>" --dry-run`];
}
