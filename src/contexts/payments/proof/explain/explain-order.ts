import type { Selectable } from 'kysely';
import { minorDigits } from '../../../../platform/money.ts';
import type { BookingRules } from '../../bookings/book-order.ts';
import type { PaymentsDependencies } from '../../dependencies.ts';
import type { Explanation, ExplanationLine } from '../../payments.ts';
import type { PaymentsTables } from '../../tables.ts';
import { explainTransaction } from './explain-transaction.ts';
import { amountText, line, percentText, when } from './words.ts';

export type Booking = Selectable<PaymentsTables['payments.order_bookings']>;

/** Rules by their version, as they were when something was booked by them. */
export async function readRules(
  deps: Pick<PaymentsDependencies, 'db'>,
): Promise<Map<string, BookingRules>> {
  const rows = await deps.db
    .selectFrom('payments.rule_versions')
    .select(['version', 'rules'])
    .execute();
  return new Map(rows.map(({ version, rules }) => [version, rules as BookingRules]));
}

/** What an ended order came to; null if it is not booked. */
export async function explainOrder(
  deps: PaymentsDependencies,
  orderId: string,
): Promise<Explanation | null> {
  const booking = await deps.db
    .selectFrom('payments.order_bookings')
    .selectAll()
    .where('order_id', '=', orderId)
    .executeTakeFirst();
  if (!booking) return null;
  const rules = (await readRules(deps)).get(booking.rules_version);
  const invoice = booking.invoice_id
    ? await deps.db
        .selectFrom('payments.invoices')
        .select(['number', 'status', 'id'])
        .where('id', '=', booking.invoice_id)
        .executeTakeFirst()
    : undefined;
  return {
    subject: { kind: 'order', id: booking.order_id },
    title: `Order ${booking.order_id}: ${booking.service_name}, ${booking.outcome} (${booking.end_kind}) at ${when(deps, booking.ended_at)}`,
    amountMinor: booking.net_minor,
    currency: booking.currency,
    lines: [
      ...customerLines(booking, rules),
      workerLine(booking, rules),
      line(
        0,
        invoice
          ? `It stands on invoice ${invoice.number}, which is ${invoice.status.replace('_', ' ')}.`
          : 'It stands on no invoice yet.',
      ),
      ...(booking.transaction_id === null
        ? [line(0, 'Nothing moves: it has no entry in the ledger.')]
        : await explainTransaction(deps, booking.transaction_id)),
    ],
  };
}

/** Price, discount with its reason, and what the customer owes for it. */
export function customerLines(
  booking: Booking,
  rules: BookingRules | undefined,
): ExplanationLine[] {
  const { price_minor: price, discount_minor: discount, currency } = booking;
  return [
    line(0, `Price of ${booking.service_code}, owed in full whatever the outcome (R-20)`, price),
    line(0, discountText(booking, rules), -discount),
    line(0, `To pay by customer ${booking.customer_id}`, price - discount),
  ].map((one) => ({ ...one, text: `${one.text}: ${amountText(one.amountMinor ?? 0n, currency)}` }));
}

function discountText(booking: Booking, rules: BookingRules | undefined): string {
  const { currency, discount_percent: percent } = booking;
  const text = (minor: bigint) => amountText(minor, currency);
  const paid = `${text(booking.paid_before_minor)} paid before this order`;
  const tiers = rules?.discounts ?? [];
  const over = (units: number) => text(BigInt(units) * 10n ** BigInt(minorDigits(currency)));
  const version = `(R-21, rules ${booking.rules_version})`;
  if (percent === 0) {
    const first = tiers[0];
    return `No discount: ${paid}${first ? `, not over ${over(first.overUnits)}` : ''} ${version}`;
  }
  const tier = tiers.findLast((one) => one.percent === percent);
  const sum = percentText(booking.price_minor, percent, booking.discount_minor, currency);
  return `Discount ${percent} %: ${paid}${tier ? `, over ${over(tier.overUnits)}` : ''} ${version}, ${sum}`;
}

/** What the worker gets of it, or pays. */
export function workerLine(booking: Booking, rules: BookingRules | undefined): ExplanationLine {
  const { currency, worker_id: worker, order_id: id } = booking;
  const version = `(R-23, rules ${booking.rules_version})`;
  if (booking.outcome === 'completed') {
    const percent = rules?.workerSharePercent;
    const pay = booking.pay_minor;
    const exact = percent !== undefined && booking.price_minor * BigInt(percent) === pay * 100n;
    const price = amountText(booking.price_minor, currency);
    const share = exact
      ? `${percent} % of ${price} = ${amountText(pay, currency)}`
      : percentText(booking.price_minor, percent ?? 0, pay, currency);
    return line(0, `Worker ${worker} earns for order ${id}: ${share} ${version}`, pay);
  }
  if (booking.outcome === 'failed') {
    const penalty = amountText(booking.penalty_minor, currency);
    return line(
      0,
      `Worker ${worker} pays a penalty of ${penalty} for order ${id}, which failed (${booking.end_kind}) ${version}`,
      -booking.penalty_minor,
    );
  }
  return line(0, `Worker ${worker} earns nothing for order ${id}: it was cancelled ${version}`, 0n);
}
