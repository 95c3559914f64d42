import type { Invoice, InvoiceDetail, InvoiceLine } from '../contexts/payments/index.ts';
import { formatAmount, formatMoney } from '../platform/money.ts';
import {
  amountColumn,
  moneyUnlessZero,
  type Names,
  personText,
  type Time,
  timeOrNone,
} from './payments-view.ts';
import type { Column } from './table.ts';

export const INVOICE_STATUSES = [
  'open',
  'paid',
  'past_due',
  'void',
] as const satisfies readonly Invoice['status'][];

export function invoiceColumns(currency: string, names: Names, time: Time): Column<Invoice>[] {
  return [
    { header: 'invoice', value: (invoice) => invoice.number },
    { header: 'state', value: invoiceState },
    { header: 'orders', align: 'right', value: (invoice) => invoice.orders },
    amountColumn('total', currency, (invoice) => invoice.totalMinor),
    { header: 'customer', value: (invoice) => names.get(invoice.customerId) ?? null },
    { header: 'issued', value: (invoice) => time(invoice.issuedAt) },
    { header: 'next attempt', value: (invoice) => timeOrNone(time, invoice.nextAttemptAt) },
    { header: 'customer id', value: (invoice) => invoice.customerId },
  ];
}

/** The state, and what an invoice waits for or has lost since. */
export function invoiceState(invoice: Invoice): string {
  const more = [
    invoice.needsMethod ? 'needs method' : null,
    invoice.refundedMinor > 0n
      ? `${formatAmount(invoice.refundedMinor, invoice.currency)} refunded`
      : null,
    invoice.disputedMinor > 0n
      ? `${formatAmount(invoice.disputedMinor, invoice.currency)} disputed`
      : null,
  ].filter((part) => part !== null);
  return [invoice.status.replace('_', ' '), ...more].join(', ');
}

/** One invoice in full, as name and value. */
export function invoiceFields(invoice: Invoice, names: Names, time: Time) {
  const { currency } = invoice;
  const money = (amountMinor: bigint) => formatMoney({ amountMinor, currency });
  return [
    ['invoice', invoice.number],
    ['customer', personText(names, invoice.customerId)],
    ['period', invoice.period],
    ['state', invoiceState(invoice)],
    ['orders', invoice.orders],
    ['price', money(invoice.priceMinor)],
    ['discount', moneyUnlessZero(invoice.discountMinor, currency)],
    ['total', money(invoice.totalMinor)],
    ['issued', time(invoice.issuedAt)],
    ['settled', timeOrNone(time, invoice.settledAt)],
    ['next attempt', timeOrNone(time, invoice.nextAttemptAt)],
    ['id', invoice.id],
  ] as const;
}

export function invoiceLineColumns(currency: string, time: Time): Column<InvoiceLine>[] {
  return [
    { header: 'service', value: (line) => line.serviceCode },
    { header: 'outcome', value: (line) => line.outcome },
    { header: 'ended', value: (line) => time(line.endedAt) },
    { header: 'price', align: 'right', value: (line) => formatAmount(line.priceMinor, currency) },
    { header: 'off', align: 'right', value: (line) => `${line.discountPercent} %` },
    amountColumn('net', currency, (line) => line.netMinor),
    { header: 'order', value: (line) => line.orderId },
  ];
}

/** What is sensible after a look at an invoice. */
export function nextForInvoice(invoice: InvoiceDetail): string[] {
  const explain = `payments explain ${invoice.number}`;
  if (invoice.status === 'paid')
    return [explain, `payments refund ${invoice.number} --reason "<reason>" --dry-run`];
  const doubtful = invoice.charges.find((charge) => charge.status === 'unknown');
  if (doubtful) return [`payments charges ask ${doubtful.id}`];
  if (invoice.status === 'void') return [explain];
  return [explain, `payments charges retry ${invoice.number}`];
}
