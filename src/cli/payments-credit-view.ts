import type { Credit } from '../contexts/payments/index.ts';
import { formatMoney } from '../platform/money.ts';
import { amountColumn, type Names, personText, type Time } from './payments-view.ts';
import type { Column } from './table.ts';

export const CREDIT_STATUSES = [
  'requested',
  'booked',
  'rejected',
] as const satisfies readonly Credit['status'][];

export function creditColumns(currency: string, names: Names, time: Time): Column<Credit>[] {
  return [
    { header: 'state', value: creditState },
    amountColumn('amount', currency, (credit) => credit.amountMinor),
    { header: 'worker', value: (credit) => names.get(credit.workerId) ?? credit.workerId },
    { header: 'asked by', value: (credit) => credit.requestedBy },
    { header: 'asked', value: (credit) => time(credit.requestedAt) },
    { header: 'decided by', value: (credit) => credit.decidedBy },
    { header: 'reason', value: (credit) => credit.reason },
    { header: 'credit', value: (credit) => credit.id },
  ];
}

/** `requested` alone would not tell that somebody is waited for. */
export function creditState({
  status,
  needsApproval,
}: Pick<Credit, 'status' | 'needsApproval'>): string {
  return status === 'requested' && needsApproval ? 'needs approval' : status;
}

/** One credit in full, as name and value. */
export function creditFields(credit: Credit, names: Names, time: Time) {
  const { decidedAt, decidedBy } = credit;
  return [
    ['credit', credit.id],
    ['worker', personText(names, credit.workerId)],
    ['amount', formatMoney({ amountMinor: credit.amountMinor, currency: credit.currency })],
    ['reason', credit.reason],
    ['state', creditState(credit)],
    ['asked', `${time(credit.requestedAt)} by ${credit.requestedBy}`],
    ['decided', decidedAt && `${time(decidedAt)} by ${decidedBy ?? '?'}`],
    ['because', credit.decisionReason],
    ['transaction', credit.transactionId],
  ] as const;
}
