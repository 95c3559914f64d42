import { z } from 'zod';
import { moneySchema, pageOf } from './order-schema.ts';

const instant = () => z.iso.datetime();
const day = () => z.iso.date();
const money = (amount: number) => ({ amount, currency: 'USD' });

export const INVOICE_STATUSES = ['open', 'paid', 'past_due', 'void'] as const;
export const PAYOUT_STATUSES = [
  'planned',
  'sending',
  'unknown',
  'exported',
  'paid',
  'failed',
] as const;

const statusText = z.string().describe('The same in plain words, for people');
const id = (count: number) => `019abc00-0000-7000-8000-${String(count).padStart(12, '0')}`;

const statementLine = z.object({
  id: z.uuid().describe('Of the entry in the books; an entry may come as several lines'),
  at: instant(),
  bookedOn: day(),
  kind: z.string().describe('`order`, `charge`, `refund`, `credit`, `payout`, …'),
  description: z.string(),
  orderId: z.uuid().nullable(),
  invoiceNumber: z.string().nullable(),
  amount: moneySchema.describe('Customers: positive is owed. Workers: positive is earned'),
  balance: moneySchema.describe('After this line'),
});

/** What was charged or credited to somebody, and what comes next. */
export const statementSchema = z
  .object({
    from: day(),
    to: day().describe('This day included'),
    opening: moneySchema.describe('Balance at the beginning of the first day'),
    data: z.array(statementLine),
    nextCursor: z.string().nullable().describe('Null on the last page'),
    closing: moneySchema.describe('Balance at the end of the last day'),
    due: z
      .object({
        period: z.string().describe('ISO week'),
        issuedOn: day().describe('When the invoice will be issued and charged'),
        orders: z.int(),
        amount: moneySchema,
      })
      .nullable()
      .describe('Customers: what this week’s invoice comes to by now. Null for workers'),
    month: z
      .object({
        period: z.string().describe('Month'),
        earned: moneySchema,
        penalties: moneySchema,
        credits: moneySchema,
        carried: moneySchema.describe('From the months before'),
        payable: moneySchema.describe('What would be paid out now; below 0 it is carried over'),
      })
      .nullable()
      .describe('Workers: what this month comes to by now. Null for customers'),
  })
  .meta({
    id: 'Statement',
    description: 'Everything that was charged or credited to the one who asks.',
    examples: [
      {
        from: '2026-11-01',
        to: '2026-11-30',
        opening: money(0),
        data: [
          {
            id: id(11),
            at: '2026-11-24T10:55:00.000Z',
            bookedOn: '2026-11-24',
            kind: 'order',
            description: 'Order CLEAN-STD, completed',
            orderId: id(1),
            invoiceNumber: null,
            amount: money(8900),
            balance: money(8900),
          },
        ],
        nextCursor: null,
        closing: money(8900),
        due: { period: '2026-W48', issuedOn: '2026-11-29', orders: 1, amount: money(8900) },
        month: null,
      },
    ],
  });
export type StatementBody = z.infer<typeof statementSchema>;

const invoiceShape = {
  id: z.uuid(),
  number: z.string(),
  period: z.string().describe('ISO week'),
  status: z.enum(INVOICE_STATUSES),
  statusText,
  orders: z.int(),
  price: moneySchema.describe('Of all orders, before discount'),
  discount: moneySchema,
  total: moneySchema.describe('What is charged'),
  refunded: moneySchema,
  disputed: moneySchema.describe('What your bank has taken back, or wants to'),
  needsPaymentMethod: z.boolean().describe('Waits for POST /v1/payment-methods'),
  issuedAt: instant(),
  settledAt: instant().nullable(),
  nextAttemptAt: instant().nullable().describe('When it will be charged next'),
};

const INVOICE_EXAMPLE = {
  id: id(21),
  number: '2026-W48-000017',
  period: '2026-W48',
  status: 'paid' as const,
  statusText: 'Paid.',
  orders: 1,
  price: money(8900),
  discount: money(445),
  total: money(8455),
  refunded: money(0),
  disputed: money(0),
  needsPaymentMethod: false,
  issuedAt: '2026-11-29T18:00:04.000Z',
  settledAt: '2026-11-29T18:01:10.000Z',
  nextAttemptAt: null,
};

/** An invoice in a list. */
export const invoiceSchema = z.object(invoiceShape).meta({
  id: 'Invoice',
  description: 'The invoice of one week.',
  examples: [INVOICE_EXAMPLE],
});
export type InvoiceBody = z.infer<typeof invoiceSchema>;

const invoiceLine = z.object({
  orderId: z.uuid(),
  service: z.object({ code: z.string(), name: z.string() }),
  outcome: z.enum(['completed', 'cancelled', 'failed']),
  endedAt: instant(),
  price: moneySchema,
  discountPercent: z.number(),
  discount: moneySchema,
  discountReason: z.string().nullable().describe('Null where there is none'),
  amount: moneySchema.describe('Price minus discount'),
});

const chargeSchema = z.object({
  id: z.uuid(),
  attempt: z.int().describe('1 for the first one'),
  status: z.enum([
    'planned',
    'sending',
    'unknown',
    'processing',
    'requires_action',
    'succeeded',
    'failed',
    'cancelled',
  ]),
  statusText,
  failureCode: z.string().nullable().describe('In the payment provider’s words'),
  amount: moneySchema,
  createdAt: instant(),
  dueAt: instant().nullable(),
  settledAt: instant().nullable(),
});

const refundSchema = z.object({
  id: z.uuid(),
  status: z.enum(['pending', 'succeeded', 'failed']),
  statusText,
  amount: moneySchema,
  requestedAt: instant(),
  settledAt: instant().nullable(),
});

const disputeSchema = z.object({
  id: z.uuid(),
  status: z.enum(['warning', 'open', 'won', 'lost']),
  statusText,
  amount: moneySchema,
  openedAt: instant(),
  closedAt: instant().nullable(),
});

/** An invoice with all that belongs to it. */
export const invoiceDetailSchema = z
  .object({
    ...invoiceShape,
    lines: z.array(invoiceLine).describe('One per order'),
    charges: z.array(chargeSchema).describe('Attempts to charge it'),
    refunds: z.array(refundSchema),
    disputes: z.array(disputeSchema).describe('Payments that were contested with the bank'),
  })
  .meta({
    id: 'InvoiceDetail',
    description: 'An invoice with its orders, and all that was done to have it paid.',
    examples: [
      {
        ...INVOICE_EXAMPLE,
        lines: [
          {
            orderId: id(1),
            service: { code: 'CLEAN-STD', name: 'Standard home cleaning' },
            outcome: 'completed' as const,
            endedAt: '2026-11-24T10:55:00.000Z',
            price: money(8900),
            discountPercent: 5,
            discount: money(445),
            discountReason: '5 % off, because your orders before this one came to 10120.00 USD.',
            amount: money(8455),
          },
        ],
        charges: [
          {
            id: id(31),
            attempt: 1,
            status: 'succeeded' as const,
            statusText: 'Paid.',
            failureCode: null,
            amount: money(8455),
            createdAt: '2026-11-29T18:00:04.000Z',
            dueAt: '2026-11-29T18:00:04.000Z',
            settledAt: '2026-11-29T18:01:10.000Z',
          },
        ],
        refunds: [],
        disputes: [],
      },
    ],
  });
export type InvoiceDetailBody = z.infer<typeof invoiceDetailSchema>;

/** A month's pay. */
export const payoutSchema = z
  .object({
    id: z.uuid(),
    period: z.string().describe('Month'),
    status: z.enum(PAYOUT_STATUSES),
    statusText,
    failureCode: z.string().nullable().describe('In the words of who should have paid it'),
    amount: moneySchema,
    method: z.enum(['provider', 'bank']),
    createdAt: instant(),
    settledAt: instant().nullable(),
  })
  .meta({
    id: 'Payout',
    description: 'The pay of one month.',
    examples: [
      {
        id: id(41),
        period: '2026-11',
        status: 'paid',
        statusText: 'Paid.',
        failureCode: null,
        amount: money(184_320),
        method: 'provider',
        createdAt: '2026-11-30T18:00:03.000Z',
        settledAt: '2026-11-30T18:00:09.000Z',
      },
    ],
  });
export type PayoutBody = z.infer<typeof payoutSchema>;

/** What charges go to: enough to recognise it, and no more. */
export const paymentMethodSchema = z
  .object({
    type: z.string().describe('`card`, `sepa_debit`, …'),
    brand: z.string().nullable().describe('Such as `visa`'),
    last4: z.string().nullable(),
    expiresMonth: z.int().nullable(),
    expiresYear: z.int().nullable(),
  })
  .meta({
    id: 'PaymentMethod',
    description: 'What charges go to.',
    examples: [{ type: 'card', brand: 'visa', last4: '4242', expiresMonth: 4, expiresYear: 2031 }],
  });
export type PaymentMethodBody = z.infer<typeof paymentMethodSchema>;

/** What is on file about how somebody pays, or is paid. */
export const paymentMethodsSchema = z
  .object({
    paymentMethod: paymentMethodSchema
      .nullable()
      .describe('Customers: what charges go to; null where there is none'),
    payout: z
      .object({
        method: z.enum(['provider', 'bank']),
        ready: z
          .boolean()
          .nullable()
          .describe('Whether pay can be sent there; null where nobody knows yet'),
        accountHolder: z.string().nullable(),
        ibanLast4: z.string().nullable(),
      })
      .nullable()
      .describe('Workers: where pay goes; null for customers, and before the first order'),
  })
  .meta({
    id: 'PaymentMethods',
    description: 'How the one who asks pays, or is paid.',
    examples: [
      {
        paymentMethod: {
          type: 'card',
          brand: 'visa',
          last4: '4242',
          expiresMonth: 4,
          expiresYear: 2031,
        },
        payout: null,
      },
    ],
  });
export type PaymentMethodsBody = z.infer<typeof paymentMethodsSchema>;

export const hostedPageSchema = z
  .object({
    url: z.url().describe('Send the person there'),
    expiresAt: instant(),
  })
  .meta({
    id: 'HostedPage',
    description: 'A page of the payment provider, where a person enters what we must never see.',
    examples: [
      {
        url: 'https://checkout.stripe.com/c/pay/cs_live_a1b2c3',
        expiresAt: '2026-11-25T10:00:00.000Z',
      },
    ],
  });

/** A page of a list, with the sum over everything that fits the filter. */
export function pageWithTotalOf<T extends z.ZodType>(item: T) {
  return pageOf(item).extend({
    total: z
      .object({ count: z.int(), amount: moneySchema })
      .describe('Of everything that fits the filter, on all pages'),
  });
}
