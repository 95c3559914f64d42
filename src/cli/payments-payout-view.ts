import type {
  BankRow,
  Payout,
  PayoutDestination,
  Payouts,
  PayReport,
} from '../contexts/payments/index.ts';
import { type Issue, invalid, type StewardError } from '../platform/errors.ts';
import { formatMoney } from '../platform/money.ts';
import { UsageError } from './error-report.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { shownOf } from './pages.ts';
import {
  amountColumn,
  type Names,
  personText,
  type Time,
  timeOrNone,
  withCode,
} from './payments-view.ts';
import type { Column } from './table.ts';

export const PAYOUT_STATUSES = [
  'planned',
  'sending',
  'unknown',
  'exported',
  'paid',
  'failed',
] as const satisfies readonly Payout['status'][];

export function payoutColumns(currency: string, names: Names, time: Time): Column<Payout>[] {
  return [
    { header: 'period', value: (payout) => payout.period },
    { header: 'state', value: (payout) => withCode(payout.status, payout.failureCode) },
    amountColumn('amount', currency, (payout) => payout.amountMinor),
    { header: 'by', value: (payout) => payout.bankFile ?? payout.method },
    { header: 'worker', value: (payout) => names.get(payout.workerId) ?? payout.workerId },
    { header: 'settled', value: (payout) => timeOrNone(time, payout.settledAt) },
    { header: 'payout', value: (payout) => payout.id },
  ];
}

/** One payout in full, as name and value. */
export function payoutFields(payout: Payout, names: Names, time: Time) {
  return [
    ['payout', payout.id],
    ['worker', personText(names, payout.workerId)],
    ['period', payout.period],
    ['amount', formatMoney({ amountMinor: payout.amountMinor, currency: payout.currency })],
    ['state', withCode(payout.status, payout.failureCode)],
    ['by', payout.method === 'bank' ? 'bank file' : 'provider'],
    ['bank file', payout.bankFile],
    ['provider ref', payout.providerRef],
    ['attempt', payout.generation],
    ['made', time(payout.createdAt)],
    ['settled', timeOrNone(time, payout.settledAt)],
  ] as const;
}

/** What is sensible after a look at a payout. */
export function nextForPayout(payout: Payout): string[] {
  const explain = `payments explain ${payout.id}`;
  if (payout.status === 'failed') {
    const retry = `payments payouts pay --only-failed --id ${payout.id}`;
    return [`payments payouts destination ${payout.workerId}`, retry];
  }
  if (payout.status === 'planned' && payout.method === 'bank')
    return ['payments payouts export --to <file.xlsx>'];
  if (payout.status === 'planned' || payout.status === 'unknown') {
    return [`payments payouts pay --id ${payout.id}`, explain];
  }
  if (payout.status === 'exported') return [`payments payouts mark ${payout.id} --paid`, explain];
  return [explain];
}

type Result = PayReport['results'][number];

export function payResultColumns(currency: string, names: Names): Column<Result>[] {
  return [
    { header: 'outcome', value: (one) => one.outcome },
    amountColumn('amount', currency, (one) => one.amountMinor),
    { header: 'worker', value: (one) => names.get(one.workerId) ?? one.workerId },
    { header: 'payout', value: (one) => one.payoutId },
  ];
}

/** `12 paid, 1 failed, 0 in doubt; 2 wait for an account` */
export function payReportText({ paid, failed, unknown, waiting }: PayReport): string {
  const first = `${paid} paid, ${failed} failed, ${unknown} in doubt`;
  return waiting > 0 ? `${first}; ${waiting} wait for an account to pay to` : first;
}

/** Some were paid and some were not: 3. Nobody was, and somebody should have been: 1. */
export function payExitCode({ paid, failed, unknown }: PayReport): ExitCode {
  if (failed + unknown === 0) return EXIT.done;
  return paid > 0 ? EXIT.partly : EXIT.failed;
}

/** Where a worker's money goes, as name and value. */
export function destinationFields(workerId: string, names: Names, to: PayoutDestination) {
  const worker = ['worker', personText(names, workerId)] as const;
  if (to.method === 'bank') {
    return [
      worker,
      ['paid by', 'bank file'],
      ['holder', to.accountHolder],
      ['iban', to.iban],
    ] as const;
  }
  const ready = to.ready ? 'can be paid to' : 'cannot be paid to yet';
  return [
    worker,
    ['paid by', 'provider'],
    ['account', to.accountRef ?? 'none yet: the worker opens one on the hosted page'],
    ['state', to.ready === null ? null : ready],
  ] as const;
}

export function bankRowColumns(currency: string, names: Names): Column<BankRow>[] {
  return [
    { header: 'holder', value: (row) => row.accountHolder },
    { header: 'iban', value: (row) => row.iban },
    amountColumn('amount', currency, (row) => row.amountMinor),
    { header: 'worker', value: (row) => names.get(row.workerId) ?? null },
    { header: 'reference', value: (row) => row.reference },
  ];
}

/** `3 payouts, 512.00 USD in all` */
export function sumText(
  rows: readonly { amountMinor: bigint }[],
  currency: string,
  noun: string,
): string {
  const amountMinor = rows.reduce((sum, row) => sum + row.amountMinor, 0n);
  return `${shownOf(rows.length, rows.length, noun)}, ${formatMoney({ amountMinor, currency })} in all`;
}

export type Marks = { payoutId: string; outcome: 'paid' | 'failed'; reason?: string }[];

/**
 * What was typed about payouts, as marks.
 * @throws UsageError where it says neither or both
 */
export function marksOf(
  ids: readonly string[],
  flags: { file?: string; paid?: boolean; failed?: boolean; reason?: string },
): Marks {
  if (flags.file !== undefined && ids.length > 0) {
    throw new UsageError('either_ids_or_file', 'Name payouts, or a file with --file: not both.');
  }
  if (flags.file !== undefined) return [];
  if (ids.length === 0 || (!flags.paid && !flags.failed)) {
    throw new UsageError(
      'nothing_to_mark',
      'Say which payouts and whether the bank has paid them: <payout> --paid, <payout> --failed --reason "<text>", or --file <file.xlsx>.',
    );
  }
  const outcome = flags.paid ? 'paid' : 'failed';
  return ids.map((payoutId) => ({ payoutId, outcome, reason: flags.reason }));
}

/** A bank file that cannot be taken: everything that is wrong, by cell. */
export function faultyFile(file: string, faults: readonly Issue[]): StewardError {
  const number = shownOf(faults.length, faults.length, 'fault');
  return invalid(`Nothing was marked: ${file} has ${number}.`, faults, 'bank_file_faulty');
}

/** What the flags of `destination` ask for; null where they only ask to see. */
export function newDestination(flags: {
  bank?: boolean;
  holder?: string;
  iban?: string;
  provider?: boolean;
  account?: string;
}): Parameters<Payouts['setDestination']>[1] | null {
  if (flags.provider) return { method: 'provider', accountRef: flags.account };
  if (!flags.bank) return null;
  return { method: 'bank', accountHolder: flags.holder ?? '', iban: flags.iban ?? '' };
}
