import { formatMoment } from '../../../platform/business-time.ts';
import { formatMoney } from '../../../platform/money.ts';
import { findInvoice, readInvoiceDetail } from '../invoices/invoice-store.ts';
import type { Invoice, InvoiceDetail } from '../payments.ts';
import type { Letter, LetterPlace } from './letter.ts';

type LetterOrSkip = Letter | { skip: string };

/** Orders listed in a mail; the rest stands on the invoice. */
const LISTED_ORDERS = 100;

/** Letters to customers and workers, after the greeting. */
export async function personLetter(place: LetterPlace, template: string): Promise<LetterOrSkip> {
  switch (template) {
    case 'invoice-issued':
      return issued(place, await readDetail(place));
    case 'invoice-paid':
      return paid(place, await readDetail(place));
    case 'charge-failed':
      return unpaid(await readDetail(place), (invoice) => failed(place, invoice));
    case 'method-needed':
      return unpaid(await readDetail(place), (invoice) => methodNeeded(place, invoice));
    case 'charge-action':
      return unpaid(await readDetail(place), (invoice) => actionNeeded(place, invoice));
    case 'invoice-past-due':
      return unpaid(await readDetail(place), (invoice) => pastDue(place, invoice));
    case 'refund-made':
      return refunded(place);
    case 'payout-sent':
      return payoutSent(place);
    case 'account-needed':
      return accountNeeded(place);
    default:
      return { skip: `there is no letter for the template ${template}` };
  }
}

async function readDetail(place: LetterPlace): Promise<InvoiceDetail> {
  return readInvoiceDetail(place.db, await findInvoice(place.db, place.text('invoiceId')));
}

/** A reminder of what is paid or taken back meanwhile would only frighten. */
async function unpaid(
  invoice: InvoiceDetail,
  write: (invoice: InvoiceDetail) => Promise<Letter>,
): Promise<LetterOrSkip> {
  const open = invoice.status === 'open' || invoice.status === 'past_due';
  return open ? write(invoice) : { skip: `the invoice is ${invoice.status} meanwhile` };
}

const total = (invoice: Invoice) =>
  formatMoney({ amountMinor: invoice.totalMinor, currency: invoice.currency });

function issued(place: LetterPlace, invoice: InvoiceDetail): LetterOrSkip {
  if (invoice.status === 'void') return { skip: 'the invoice was taken back meanwhile' };
  const { currency } = invoice;
  const money = (amountMinor: bigint) => formatMoney({ amountMinor, currency });
  const lines = invoice.lines
    .slice(0, LISTED_ORDERS)
    .map(
      (line) =>
        `  ${formatMoment(line.endedAt, place.timeZone)}  ${line.serviceName}, ${line.outcome}: ${money(line.priceMinor)}${line.discountMinor > 0n ? `, less ${line.discountPercent} % (${money(line.discountMinor)})` : ''}`,
    );
  const more = invoice.lines.length - lines.length;
  return {
    subject: `Invoice ${invoice.number}: ${total(invoice)}`,
    lines: [
      `here is your invoice ${invoice.number} for week ${invoice.period}:`,
      '',
      ...lines,
      ...(more > 0 ? [`  and ${more} more orders`] : []),
      '',
      `Price: ${money(invoice.priceMinor)}`,
      ...(invoice.discountMinor > 0n ? [`Discount: ${money(invoice.discountMinor)}`] : []),
      `Total: ${total(invoice)}`,
      '',
      'It is charged to your payment method; there is nothing you need to do.',
    ],
  };
}

function paid(place: LetterPlace, invoice: InvoiceDetail): LetterOrSkip {
  const charge = invoice.charges.find((one) => one.status === 'succeeded');
  const when = charge?.settledAt ?? invoice.settledAt ?? place.now;
  const amount = charge
    ? formatMoney({ amountMinor: charge.amountMinor, currency: charge.currency })
    : total(invoice);
  return {
    subject: `Paid: invoice ${invoice.number}`,
    lines: [
      `we have received ${amount} for invoice ${invoice.number}.`,
      `When: ${formatMoment(when, place.timeZone)}`,
      '',
      'Thank you.',
    ],
  };
}

async function failed(place: LetterPlace, invoice: InvoiceDetail): Promise<Letter> {
  const next = invoice.nextAttemptAt;
  return {
    subject: `Not paid yet: invoice ${invoice.number}`,
    lines: [
      `we could not charge ${total(invoice)} for invoice ${invoice.number} to your payment method.`,
      next ? `We try again on ${formatMoment(next, place.timeZone)}.` : 'We try again soon.',
      '',
      'If you want to pay with another payment method, please give it here:',
      await link(place, invoice),
    ],
  };
}

async function methodNeeded(place: LetterPlace, invoice: InvoiceDetail): Promise<Letter> {
  const tried = invoice.charges.some((charge) => charge.status === 'failed');
  return {
    subject: `Please give a payment method: invoice ${invoice.number}`,
    lines: [
      tried
        ? `your payment method was refused for invoice ${invoice.number} over ${total(invoice)}, and trying it again will not help.`
        : `we have no payment method to charge invoice ${invoice.number} over ${total(invoice)} to.`,
      'Please give one here; the invoice is then charged by itself:',
      await link(place, invoice),
    ],
  };
}

async function actionNeeded(place: LetterPlace, invoice: InvoiceDetail): Promise<Letter> {
  return {
    subject: `Please confirm: invoice ${invoice.number}`,
    lines: [
      `your bank wants you to confirm the payment of ${total(invoice)} for invoice ${invoice.number}.`,
      'Please confirm your payment method here; the invoice is then charged by itself:',
      await link(place, invoice),
    ],
  };
}

async function pastDue(place: LetterPlace, invoice: InvoiceDetail): Promise<Letter> {
  return {
    subject: `Past due: invoice ${invoice.number}`,
    lines: [
      `invoice ${invoice.number} over ${total(invoice)} is past due: all our attempts to charge it have failed.`,
      'Please give a payment method that works here:',
      await link(place, invoice),
    ],
  };
}

function link(place: LetterPlace, invoice: Invoice): Promise<string> {
  return place.methodLink(invoice.customerId, place.now);
}

async function refunded(place: LetterPlace): Promise<LetterOrSkip> {
  const row = await place.db
    .selectFrom('payments.refunds as r')
    .innerJoin('payments.invoices as i', 'i.id', 'r.invoice_id')
    .select(['r.amount_minor as amountMinor', 'r.currency', 'r.status', 'i.number'])
    .where('r.id', '=', place.text('refundId'))
    .executeTakeFirst();
  if (!row) return { skip: 'there is no such refund' };
  if (row.status === 'failed') return { skip: 'the refund has failed meanwhile' };
  return {
    subject: `Refund for invoice ${row.number}`,
    lines: [
      `we have paid ${formatMoney(row)} back to you for invoice ${row.number}.`,
      'It goes to where you paid from and may take some days to arrive.',
    ],
  };
}

async function payoutSent(place: LetterPlace): Promise<LetterOrSkip> {
  const row = await place.db
    .selectFrom('payments.payouts')
    .select(['amount_minor as amountMinor', 'currency', 'period', 'method', 'status'])
    .where('id', '=', place.text('payoutId'))
    .executeTakeFirst();
  if (!row) return { skip: 'there is no such payout' };
  if (row.status === 'failed') return { skip: 'the payout has failed meanwhile' };
  return {
    subject: `Paid out for ${row.period}: ${formatMoney(row)}`,
    lines: [
      `we have paid you ${formatMoney(row)} for ${row.period}.`,
      row.method === 'bank'
        ? 'It goes to your bank account by bank transfer.'
        : 'It goes to your account with our payment provider.',
    ],
  };
}

async function accountNeeded(place: LetterPlace): Promise<LetterOrSkip> {
  const row = await place.db
    .selectFrom('payments.payouts')
    .select(['amount_minor as amountMinor', 'currency', 'period', 'status'])
    .where('id', '=', place.text('payoutId'))
    .executeTakeFirst();
  if (!row) return { skip: 'there is no such payout' };
  if (row.status !== 'planned') return { skip: `the payout is ${row.status} meanwhile` };
  return {
    subject: `We cannot pay you yet: ${formatMoney(row)} for ${row.period}`,
    lines: [
      `${formatMoney(row)} for ${row.period} is ready for you, but there is no account that we can pay it to.`,
      'Please sign in, open your payment methods and finish what is asked for there. The money is paid then.',
    ],
  };
}
