import type {
  Charge,
  ChargeReport,
  ChargeStep,
  InvoiceDetail,
} from '../contexts/payments/index.ts';
import { formatMoney } from '../platform/money.ts';
import {
  amountColumn,
  dueText,
  isNever,
  type Names,
  personText,
  type Time,
  timeOrNone,
  withCode,
} from './payments-view.ts';
import type { Column } from './table.ts';

export const CHARGE_STATUSES = [
  'planned',
  'sending',
  'unknown',
  'processing',
  'requires_action',
  'succeeded',
  'failed',
  'cancelled',
] as const satisfies readonly Charge['status'][];

/** States in which a charge has an effect to come: it is worth a look again. */
const IN_DOUBT: ReadonlySet<Charge['status']> = new Set(['sending', 'unknown', 'processing']);

export function chargeColumns(currency: string, names: Names, time: Time): Column<Charge>[] {
  return [
    { header: 'invoice', value: (charge) => charge.invoiceNumber },
    { header: 'attempt', align: 'right', value: (charge) => charge.generation },
    amountColumn('amount', currency, (charge) => charge.amountMinor),
    { header: 'state', value: chargeState },
    { header: 'when', value: (charge) => whenText(charge, time) },
    { header: 'customer', value: (charge) => names.get(charge.customerId) ?? null },
    { header: 'charge', value: (charge) => charge.id },
  ];
}

export function chargeState(charge: Charge): string {
  return withCode(charge.status.replace('_', ' '), charge.failureCode, charge.failureKind);
}

function whenText(charge: Charge, time: Time): string {
  if (charge.settledAt) return time(charge.settledAt);
  if (charge.status === 'planned' && isNever(charge.dueAt)) return 'waits for a method';
  if (charge.status === 'planned') return `due ${time(charge.dueAt)}`;
  return charge.sentAt ? `sent ${time(charge.sentAt)}` : time(charge.createdAt);
}

/** One charge in full, as name and value. */
export function chargeFields(charge: Charge, names: Names, time: Time) {
  return [
    ['charge', charge.id],
    ['invoice', charge.invoiceNumber],
    ['customer', personText(names, charge.customerId)],
    ['attempt', charge.generation],
    ['amount', formatMoney({ amountMinor: charge.amountMinor, currency: charge.currency })],
    ['state', chargeState(charge)],
    ['provider', [charge.provider, charge.providerRef].filter(Boolean).join(' ')],
    ['due', charge.status === 'planned' ? dueText(time, charge.dueAt) : null],
    ['sent', timeOrNone(time, charge.sentAt)],
    ['settled', timeOrNone(time, charge.settledAt)],
  ] as const;
}

export function stepColumns(time: Time): Column<ChargeStep>[] {
  return [
    { header: 'at', value: (step) => time(step.at) },
    { header: 'state', value: (step) => step.status },
    { header: 'by', value: (step) => step.by },
    { header: 'detail', value: (step) => step.detail },
  ];
}

/** What is sensible after a look at a charge. */
export function nextForCharge(charge: Charge): string {
  if (IN_DOUBT.has(charge.status)) return `payments charges ask ${charge.id}`;
  if (charge.status === 'failed' || charge.status === 'requires_action') {
    return `payments charges retry ${charge.invoiceNumber}`;
  }
  return `payments explain ${charge.id}`;
}

/** Whether an invoice can be charged again: nothing is paid, void or under way. */
export function canRetry({ status, charges }: Pick<InvoiceDetail, 'status' | 'charges'>): boolean {
  const under = charges.some((one) => IN_DOUBT.has(one.status) || one.status === 'succeeded');
  return (status === 'open' || status === 'past_due') && !under;
}

/** Whether `payments charges send` would work on it. */
export function isDue(charge: Charge, now: Date): boolean {
  if (charge.status === 'unknown' || charge.status === 'processing') return true;
  return charge.status === 'planned' && !isNever(charge.dueAt) && charge.dueAt <= now;
}

/** `5 sent: 4 succeeded, 1 failed; 2 wait for a payment method` */
export function chargeReportText(report: ChargeReport): string {
  const { sent, succeeded, failed, unknown, waiting, pastDue } = report;
  const more = [
    unknown > 0 ? `${unknown} in doubt, asked again later` : null,
    waiting > 0 ? `${waiting} wait for a payment method` : null,
    pastDue > 0 ? `${pastDue} past due now` : null,
  ].filter((part) => part !== null);
  return [`Charges: ${sent} sent, ${succeeded} succeeded, ${failed} failed`, ...more].join('; ');
}
