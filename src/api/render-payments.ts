import type {
  Charge,
  Dispute,
  Invoice,
  InvoiceDetail,
  InvoiceLine,
  PaymentMethod,
  Payout,
  PayoutDestination,
  PersonStatement,
  Refund,
} from '../contexts/payments/index.ts';
import { money, toJson } from '../platform/money.ts';
import type {
  InvoiceBody,
  InvoiceDetailBody,
  PaymentMethodBody,
  PaymentMethodsBody,
  PayoutBody,
  StatementBody,
} from './payment-schema.ts';
import {
  refundStatus,
  wordCharge,
  wordDiscount,
  wordDispute,
  wordInvoice,
  wordPayout,
  wordRefund,
} from './payment-words.ts';

/** What is due then is due on no day that anybody knows yet. */
const NEVER_YEAR = 9999;

/** A statement as the person sees it. */
export function renderStatement(statement: PersonStatement): StatementBody {
  const amount = inCurrency(statement.currency);
  const { due, month } = statement;
  return {
    from: statement.from,
    to: statement.to,
    opening: amount(statement.openingMinor),
    data: statement.lines.map((line) => ({
      id: line.transactionId,
      at: line.at.toISOString(),
      bookedOn: line.bookedOn,
      kind: line.kind,
      description: line.description,
      orderId: line.orderId,
      invoiceNumber: line.invoiceNumber,
      amount: amount(line.amountMinor),
      balance: amount(line.balanceMinor),
    })),
    nextCursor: statement.nextCursor,
    closing: amount(statement.closingMinor),
    due: due && {
      period: due.period,
      issuedOn: due.issuedOn,
      orders: due.orders,
      amount: amount(due.amountMinor),
    },
    month: month && {
      period: month.period,
      earned: amount(month.earnedMinor),
      penalties: amount(month.penaltiesMinor),
      credits: amount(month.creditsMinor),
      carried: amount(month.carriedMinor),
      payable: amount(month.payableMinor),
    },
  };
}

/** An invoice as its customer sees it in a list. */
export function renderInvoice(invoice: Invoice): InvoiceBody {
  const amount = inCurrency(invoice.currency);
  return {
    id: invoice.id,
    number: invoice.number,
    period: invoice.period,
    status: invoice.status,
    statusText: wordInvoice(invoice),
    orders: invoice.orders,
    price: amount(invoice.priceMinor),
    discount: amount(invoice.discountMinor),
    total: amount(invoice.totalMinor),
    refunded: amount(invoice.refundedMinor),
    disputed: amount(invoice.disputedMinor),
    needsPaymentMethod: invoice.needsMethod,
    issuedAt: invoice.issuedAt.toISOString(),
    settledAt: orNull(invoice.settledAt),
    nextAttemptAt: orNull(invoice.nextAttemptAt),
  };
}

/**
 * An invoice with all that belongs to it. Who of the staff asked for a refund, why, and what it cost
 * a worker stays inside.
 */
export function renderInvoiceDetail(invoice: InvoiceDetail): InvoiceDetailBody {
  return {
    ...renderInvoice(invoice),
    lines: invoice.lines.map((line) => renderLine(line, invoice.currency)),
    charges: invoice.charges.map((charge) => renderCharge(charge, invoice.needsMethod)),
    refunds: invoice.refunds.map(renderRefund),
    disputes: invoice.disputes.map(renderDispute),
  };
}

function renderLine(line: InvoiceLine, currency: string): InvoiceDetailBody['lines'][number] {
  const amount = inCurrency(currency);
  return {
    orderId: line.orderId,
    service: { code: line.serviceCode, name: line.serviceName },
    outcome: line.outcome,
    endedAt: line.endedAt.toISOString(),
    price: amount(line.priceMinor),
    discountPercent: line.discountPercent,
    discount: amount(line.discountMinor),
    discountReason: wordDiscount(line, currency),
    amount: amount(line.netMinor),
  };
}

function renderCharge(charge: Charge, needsMethod: boolean) {
  return {
    id: charge.id,
    attempt: charge.generation,
    status: charge.status,
    statusText: wordCharge(charge, needsMethod),
    failureCode: charge.failureCode,
    amount: inCurrency(charge.currency)(charge.amountMinor),
    createdAt: charge.createdAt.toISOString(),
    dueAt: orNull(charge.dueAt),
    settledAt: orNull(charge.settledAt),
  };
}

function renderRefund(refund: Refund) {
  return {
    id: refund.id,
    status: refundStatus(refund.status),
    statusText: wordRefund(refund),
    amount: inCurrency(refund.currency)(refund.amountMinor),
    requestedAt: refund.requestedAt.toISOString(),
    settledAt: orNull(refund.settledAt),
  };
}

function renderDispute(dispute: Dispute) {
  return {
    id: dispute.id,
    status: dispute.status,
    statusText: wordDispute(dispute),
    amount: inCurrency(dispute.currency)(dispute.amountMinor),
    openedAt: dispute.openedAt.toISOString(),
    closedAt: orNull(dispute.closedAt),
  };
}

/** A payout as its worker sees it. */
export function renderPayout(payout: Payout): PayoutBody {
  return {
    id: payout.id,
    period: payout.period,
    status: payout.status,
    statusText: wordPayout(payout),
    failureCode: payout.failureCode,
    amount: inCurrency(payout.currency)(payout.amountMinor),
    method: payout.method,
    createdAt: payout.createdAt.toISOString(),
    settledAt: orNull(payout.settledAt),
  };
}

/** What charges go to, without the provider's reference. */
export function renderMethod(method: PaymentMethod): PaymentMethodBody {
  const { type, brand, last4, expiresMonth, expiresYear } = method;
  return { type, brand, last4, expiresMonth, expiresYear };
}

/** Where pay goes. */
export function renderDestination(destination: PayoutDestination): PaymentMethodsBody['payout'] {
  if (destination.method === 'provider') {
    return {
      method: 'provider',
      ready: destination.accountRef === null ? false : destination.ready,
      accountHolder: null,
      ibanLast4: null,
    };
  }
  const { accountHolder, iban } = destination;
  return { method: 'bank', ready: true, accountHolder, ibanLast4: iban.slice(-4) };
}

/** Sum over everything that fits the filter. */
export function renderTotal(
  total: { count: number; amountMinor: bigint },
  currency: string,
): { count: number; amount: { amount: number; currency: string } } {
  return { count: total.count, amount: inCurrency(currency)(total.amountMinor) };
}

function inCurrency(currency: string) {
  return (amountMinor: bigint) => toJson(money(amountMinor, currency));
}

function orNull(moment: Date | null): string | null {
  return moment && moment.getUTCFullYear() < NEVER_YEAR ? moment.toISOString() : null;
}
