import type { ClawBack, Dispute, Refund } from '../contexts/payments/index.ts';
import { formatMoney, parseAmount } from '../platform/money.ts';
import {
  amountColumn,
  type Names,
  personText,
  type Time,
  timeOrNone,
  withCode,
} from './payments-view.ts';
import type { Column } from './table.ts';

export const REFUND_STATUSES = [
  'planned',
  'sending',
  'unknown',
  'pending',
  'succeeded',
  'failed',
] as const satisfies readonly Refund['status'][];
export const DISPUTE_STATUSES = [
  'warning',
  'open',
  'won',
  'lost',
] as const satisfies readonly Dispute['status'][];

export function refundColumns(currency: string, names: Names, time: Time): Column<Refund>[] {
  return [
    { header: 'state', value: (refund) => withCode(refund.status, refund.failureCode) },
    amountColumn('amount', currency, (refund) => refund.amountMinor),
    { header: 'asked', value: (refund) => time(refund.requestedAt) },
    { header: 'by', value: (refund) => refund.requestedBy },
    { header: 'reason', value: (refund) => refund.reason },
    { header: 'clawed back', value: (refund) => clawBackText(refund, names) },
    { header: 'refund', value: (refund) => refund.id },
    { header: 'invoice', value: (refund) => refund.invoiceId },
  ];
}

/** One refund in full, as name and value. */
export function refundFields(refund: Refund, names: Names, time: Time) {
  return [
    ['refund', refund.id],
    ['invoice', refund.invoiceId],
    ['amount', formatMoney({ amountMinor: refund.amountMinor, currency: refund.currency })],
    ['reason', refund.reason],
    ['state', withCode(refund.status, refund.failureCode)],
    ['clawed back', clawBackText(refund, names)],
    ['asked', `${time(refund.requestedAt)} by ${refund.requestedBy}`],
    ['settled', timeOrNone(time, refund.settledAt)],
  ] as const;
}

export function disputeColumns(currency: string, names: Names, time: Time): Column<Dispute>[] {
  return [
    { header: 'state', value: (dispute) => dispute.status },
    amountColumn('amount', currency, (dispute) => dispute.amountMinor),
    { header: 'opened', value: (dispute) => time(dispute.openedAt) },
    { header: 'evidence due', value: (dispute) => timeOrNone(time, dispute.evidenceDueAt) },
    { header: 'reason', value: (dispute) => dispute.reason },
    { header: 'clawed back', value: (dispute) => clawBackText(dispute, names) },
    { header: 'dispute', value: (dispute) => dispute.id },
    { header: 'invoice', value: (dispute) => dispute.invoiceId },
  ];
}

/** One dispute in full, as name and value. */
export function disputeFields(dispute: Dispute, names: Names, time: Time) {
  return [
    ['dispute', dispute.id],
    ['provider ref', dispute.providerRef],
    ['invoice', dispute.invoiceId],
    ['amount', formatMoney({ amountMinor: dispute.amountMinor, currency: dispute.currency })],
    ['reason', dispute.reason],
    ['state', dispute.status],
    ['clawed back', clawBackText(dispute, names)],
    ['opened', time(dispute.openedAt)],
    ['evidence due', timeOrNone(time, dispute.evidenceDueAt)],
    ['closed', timeOrNone(time, dispute.closedAt)],
  ] as const;
}

function clawBackText(
  { clawBack, currency }: Pick<Refund, 'clawBack' | 'currency'>,
  names: Names,
): string | null {
  if (clawBack === null) return null;
  const amount = formatMoney({ amountMinor: clawBack.amountMinor, currency });
  return `${amount} from ${personText(names, clawBack.workerId)}`;
}

/** What a worker is to bear, if anything. @throws StewardError `invalid_amount` */
export function clawBackOf(
  workerId: string | undefined,
  amount: string | undefined,
  currency: string,
): ClawBack | undefined {
  if (workerId === undefined || amount === undefined) return undefined;
  return { workerId, amountMinor: parseAmount(amount, currency) };
}
