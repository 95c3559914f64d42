import type { PaymentsDependencies } from '../../dependencies.ts';
import type { Explanation, ExplanationLine } from '../../payments.ts';
import { explainAttempts } from './explain-charge.ts';
import { customerLines, readRules } from './explain-order.ts';
import { explainRun } from './explain-transaction.ts';
import { amountText, below, line, when } from './words.ts';

/** An invoice down to its orders, with all that was tried to have it paid and what went back. */
export async function explainInvoice(
  deps: PaymentsDependencies,
  column: 'id' | 'number',
  value: string,
): Promise<Explanation | null> {
  const invoice = await deps.db
    .selectFrom('payments.invoices')
    .selectAll()
    .where(column, '=', value)
    .executeTakeFirst();
  if (!invoice) return null;
  const { id, currency, orders } = invoice;
  const text = (minor: bigint) => amountText(minor, currency);
  const due = invoice.total_minor - invoice.rounding_minor;
  return {
    subject: { kind: 'invoice', id },
    title: `Invoice ${invoice.number} of ${invoice.period} to customer ${invoice.customer_id}, ${invoice.status.replace('_', ' ')}`,
    amountMinor: invoice.total_minor,
    currency,
    lines: [
      line(
        0,
        `${orders} ${orders === 1 ? 'order' : 'orders'} at ${text(invoice.price_minor)}, less discounts of ${text(invoice.discount_minor)}`,
        invoice.total_minor,
      ),
      ...(await orderLines(deps, id)),
      ...(invoice.rounding_minor === 0n
        ? []
        : [
            line(
              0,
              `Rounding: the provider cannot charge ${text(invoice.rounding_minor)} of it, which leaves ${text(due)} to charge`,
              -invoice.rounding_minor,
            ),
          ]),
      ...(await explainRun(deps, invoice.run_id)),
      line(0, `Issued at ${when(deps, invoice.issued_at)}.`),
      ...(await explainAttempts(deps, id)),
      ...(await moneyBackLines(deps, id, text)),
      ...(invoice.void_reason === null
        ? []
        : [
            line(
              0,
              `Void since ${when(deps, invoice.settled_at)} by ${invoice.void_by}: ${invoice.void_reason}. Its orders go onto the next invoice.`,
            ),
          ]),
    ],
  };
}

async function orderLines(deps: PaymentsDependencies, invoiceId: string) {
  const rules = await readRules(deps);
  const bookings = await deps.db
    .selectFrom('payments.order_bookings')
    .selectAll()
    .where('invoice_id', '=', invoiceId)
    .orderBy('ended_at')
    .orderBy('paid_before_minor')
    .orderBy('order_id')
    .execute();
  return bookings.flatMap((booking) => [
    line(
      1,
      `Order ${booking.order_id}: ${booking.service_name}, ${booking.outcome} at ${when(deps, booking.ended_at)}`,
      booking.net_minor,
    ),
    ...below(below(customerLines(booking, rules.get(booking.rules_version)))),
  ]);
}

async function moneyBackLines(
  deps: PaymentsDependencies,
  invoiceId: string,
  text: (minor: bigint) => string,
): Promise<ExplanationLine[]> {
  const refunds = await deps.db
    .selectFrom('payments.refunds')
    .select(['id', 'amount_minor', 'status', 'reason', 'requested_by', 'requested_at'])
    .where('invoice_id', '=', invoiceId)
    .orderBy('requested_at')
    .execute();
  const disputes = await deps.db
    .selectFrom('payments.disputes')
    .select(['id', 'amount_minor', 'status', 'reason', 'opened_at'])
    .where('invoice_id', '=', invoiceId)
    .orderBy('opened_at')
    .execute();
  return [
    ...refunds.map((row) =>
      line(
        0,
        `Refund ${row.id} of ${text(row.amount_minor)}, ${row.status}: ${row.reason} (${row.requested_by} at ${when(deps, row.requested_at)})`,
        -row.amount_minor,
      ),
    ),
    ...disputes.map((row) =>
      line(
        0,
        `Dispute ${row.id} of ${text(row.amount_minor)}, ${row.status}: ${row.reason} (${when(deps, row.opened_at)})`,
        row.status === 'open' || row.status === 'lost' ? -row.amount_minor : 0n,
      ),
    ),
  ];
}
