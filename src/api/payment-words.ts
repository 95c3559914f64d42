import type {
  Charge,
  Dispute,
  Invoice,
  InvoiceLine,
  Payout,
  Refund,
} from '../contexts/payments/index.ts';
import { formatMoney, money } from '../platform/money.ts';

/** How an invoice stands, in a sentence for its customer. */
export function wordInvoice(invoice: Invoice): string {
  switch (invoice.status) {
    case 'paid':
      return invoice.refundedMinor > 0n ? 'Paid; see the refunds.' : 'Paid.';
    case 'void':
      return 'Taken back: nothing is to be paid.';
    case 'open':
      return invoice.needsMethod
        ? 'Waits for a payment method from you.'
        : 'Will be charged to your payment method.';
    case 'past_due':
      return invoice.needsMethod
        ? 'Overdue: no attempt to charge it succeeded. Give another payment method.'
        : 'Overdue: no attempt to charge it succeeded.';
  }
}

/** Why so much of the price was taken off; null where nothing was. */
export function wordDiscount(line: InvoiceLine, currency: string): string | null {
  if (line.discountMinor === 0n) return null;
  const before = formatMoney(money(line.paidBeforeMinor, currency));
  return `${line.discountPercent} % off, because your orders before this one came to ${before}.`;
}

/** How an attempt to charge stands. */
export function wordCharge(charge: Charge, needsMethod: boolean): string {
  switch (charge.status) {
    case 'planned':
      return needsMethod
        ? 'Waits for a payment method from you.'
        : 'Will be charged when it is due.';
    case 'sending':
    case 'unknown':
      return 'We are asking the payment provider whether it went through.';
    case 'processing':
      return 'Accepted by your bank, which has not decided yet.';
    case 'requires_action':
      return 'Your bank wants you to confirm it yourself; give your payment method again.';
    case 'succeeded':
      return 'Paid.';
    case 'failed':
      return `Refused${inWords(charge.failureCode)}.`;
    case 'cancelled':
      return 'Given up; nothing was taken.';
  }
}

/** What a customer should know of a refund: on its way, arrived, or not. */
export function refundStatus(status: Refund['status']): 'pending' | 'succeeded' | 'failed' {
  return status === 'succeeded' || status === 'failed' ? status : 'pending';
}

/** How a refund stands. */
export function wordRefund({ status }: Refund): string {
  switch (refundStatus(status)) {
    case 'pending':
      return 'On its way.';
    case 'succeeded':
      return 'Paid back.';
    case 'failed':
      return 'Could not be paid back; we are looking into it.';
  }
}

/** How a dispute stands. */
export function wordDispute({ status }: Dispute): string {
  switch (status) {
    case 'warning':
      return 'Your bank is asking about this payment; no money has moved.';
    case 'open':
      return 'You contested this payment; your bank is deciding.';
    case 'won':
      return 'Your bank decided that the payment stands.';
    case 'lost':
      return 'Your bank gave you the money back.';
  }
}

/** How a payout stands, for its worker. */
export function wordPayout(payout: Payout): string {
  switch (payout.status) {
    case 'planned':
      return 'Will be paid.';
    case 'sending':
    case 'unknown':
      return 'We are asking whether it has arrived.';
    case 'exported':
      return 'With the bank.';
    case 'paid':
      return 'Paid.';
    case 'failed':
      return `Could not be paid${inWords(payout.failureCode)}; the money stays yours.`;
  }
}

/** `insufficient_funds` → `: insufficient funds` */
function inWords(code: string | null): string {
  return code ? `: ${code.replaceAll('_', ' ')}` : '';
}
