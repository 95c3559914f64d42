import type {
  InvoiceDetail,
  KnownPerson,
  PaymentMethod,
  Payout,
  PersonStatement,
} from '../contexts/payments/index.ts';
import { conflict, forbidden, invalid, notFound, StewardError } from '../platform/errors.ts';
import type { PaymentsDependencies } from './dependencies.ts';

/** What the contexts were asked, in order. */
export interface Call {
  name: string;
  args: unknown[];
}

const id = (count: number) => `019abc00-0000-7000-8000-${String(count).padStart(12, '0')}`;
const NOON = new Date('2026-11-23T12:00:00Z');
const NEVER = new Date('9999-12-31T00:00:00Z');

export const INVOICE_ID = id(21);
export const PAYOUT_ID = id(41);
export const PAGE_TOKEN = id(51);

/** An invoice that waits for a payment method, after a refused charge, a refund and a dispute. */
export function invoiceDetail(): InvoiceDetail {
  const currency = 'USD';
  const charge = {
    invoiceId: INVOICE_ID,
    invoiceNumber: 'INV-1',
    customerId: id(4),
    provider: 'sandbox',
    amountMinor: 8455n,
    currency,
    providerRef: 'ch_secret',
    sentAt: NOON,
    settledAt: NOON,
    createdAt: NOON,
  };
  return {
    id: INVOICE_ID,
    number: 'INV-1',
    customerId: id(4),
    period: '2026-W48',
    currency,
    orders: 1,
    priceMinor: 8900n,
    discountMinor: 445n,
    totalMinor: 8455n,
    refundedMinor: 0n,
    disputedMinor: 0n,
    status: 'past_due',
    needsMethod: true,
    issuedAt: NOON,
    settledAt: null,
    nextAttemptAt: NEVER,
    lines: [
      {
        orderId: id(1),
        serviceCode: 'CLEAN-STD',
        serviceName: 'Cleaning',
        outcome: 'completed',
        endedAt: NOON,
        priceMinor: 8900n,
        paidBeforeMinor: 1_012_000n,
        discountPercent: 5,
        discountMinor: 445n,
        netMinor: 8455n,
      },
    ],
    charges: [
      {
        ...charge,
        id: id(31),
        generation: 1,
        status: 'failed',
        failureKind: 'hard',
        failureCode: 'expired_card',
        dueAt: NOON,
      },
      {
        ...charge,
        id: id(32),
        generation: 2,
        status: 'planned',
        failureKind: null,
        failureCode: null,
        dueAt: NEVER,
        settledAt: null,
      },
    ],
    refunds: [
      {
        id: id(35),
        invoiceId: INVOICE_ID,
        chargeId: id(31),
        amountMinor: 100n,
        currency,
        reason: 'secret reason',
        status: 'unknown',
        failureCode: null,
        providerRef: 're_secret',
        clawBack: { workerId: id(3), amountMinor: 50n },
        requestedBy: 'secret-manager',
        requestedAt: NOON,
        settledAt: null,
      },
    ],
    disputes: [
      {
        id: id(36),
        providerRef: 'dp_secret',
        invoiceId: INVOICE_ID,
        amountMinor: 8455n,
        currency,
        reason: 'fraudulent',
        status: 'open',
        evidenceDueAt: NOON,
        openedAt: NOON,
        closedAt: null,
        clawBack: null,
      },
    ],
  };
}

/** A payout that the bank refused. */
export function payout(): Payout {
  return {
    id: PAYOUT_ID,
    workerId: id(3),
    period: '2026-11',
    amountMinor: 184_320n,
    currency: 'USD',
    method: 'bank',
    status: 'failed',
    generation: 1,
    failureCode: 'account_closed',
    providerRef: null,
    bankFile: 'secret-file.xlsx',
    createdAt: NOON,
    settledAt: NOON,
  };
}

export const VISA: PaymentMethod = {
  ref: 'pm_secret',
  type: 'card',
  brand: 'visa',
  last4: '4242',
  expiresMonth: 4,
  expiresYear: 2031,
};

function statement(kind: 'customer' | 'worker', personId: string | null): PersonStatement {
  const line = {
    transactionId: id(61),
    bookedOn: '2026-11-23',
    at: NOON,
    description: 'Order CLEAN-STD, completed',
    kind: 'order',
    orderId: id(1),
    invoiceNumber: null,
    amountMinor: 8455n,
    balanceMinor: 8455n,
  };
  return {
    kind,
    id: personId,
    currency: 'USD',
    from: '2026-11-01',
    to: '2026-11-23',
    openingMinor: 0n,
    lines: [line],
    closingMinor: 8455n,
    nextCursor: null,
    due:
      kind === 'customer'
        ? { period: '2026-W48', issuedOn: '2026-11-29', orders: 1, amountMinor: 8455n }
        : null,
    month:
      kind === 'worker'
        ? {
            period: '2026-11',
            earnedMinor: 5340n,
            penaltiesMinor: 4000n,
            creditsMinor: 0n,
            carriedMinor: -2000n,
            payableMinor: -660n,
          }
        : null,
  };
}

/**
 * Payments' side of the API, in memory: it knows one invoice, one payout and one page, remembers
 * idempotency keys, and keeps what it was asked. A `sub` "new" has no order yet.
 */
export function fakePayments(calls: Call[] = []): PaymentsDependencies {
  const asked = (name: string, ...args: unknown[]) => calls.push({ name, args });
  return {
    statements: {
      of: async (person, range, page) => {
        asked('statements.of', person, range, page);
        return statement(person.kind, person.id);
      },
    },
    invoices: {
      list: async (filter, page) => {
        asked('invoices.list', filter, page);
        const total = { count: 3, amountMinor: 25_365n };
        return { data: [invoiceDetail()], nextCursor: 'abc', total };
      },
      get: async (idOrNumber, customerId) => {
        asked('invoices.get', idOrNumber, customerId);
        if (![INVOICE_ID, 'INV-1'].includes(idOrNumber)) throw notFound('invoice', idOrNumber);
        return invoiceDetail();
      },
    },
    payouts: {
      list: async (filter, page) => {
        asked('payouts.list', filter, page);
        return { data: [payout()], nextCursor: null, total: { count: 1, amountMinor: 184_320n } };
      },
      get: async (payoutId, workerId) => {
        asked('payouts.get', payoutId, workerId);
        if (payoutId !== PAYOUT_ID) throw notFound('payout', payoutId);
        return payout();
      },
      destination: async () => ({
        method: 'bank',
        accountHolder: 'Ann Lee',
        iban: 'DE89370400440532013000',
      }),
    },
    people: fakePeople(asked),
    provider: {
      name: 'stripe',
      receiveWebhook: async (raw, signature) => {
        asked('receiveWebhook', raw, signature);
        if (signature !== 'good') {
          throw forbidden('webhook_refused', 'The signature of the webhook is wrong.');
        }
        return { duplicate: false };
      },
    },
    requestKeys: fakeRequestKeys(),
    sandbox: fakeSandbox(asked),
  };
}

type Ask = (name: string, ...args: unknown[]) => void;

function fakePeople(asked: Ask): PaymentsDependencies['people'] {
  return {
    identify: async ({ kind, subject }): Promise<KnownPerson> => ({
      kind,
      subjectKey: `key-of-${kind}-${subject}`,
      id: subject === 'new' ? null : `id-of-${subject}`,
    }),
    method: async (person) => (person.id ? VISA : null),
    openPage: async (caller, returnUrl) => {
      asked('openPage', caller, returnUrl);
      return { url: 'https://provider.example/page/1', expiresAt: NOON };
    },
    attachMethod: async (caller, methodRef) => {
      asked('attachMethod', caller, methodRef);
      if (caller.kind !== 'customer') throw forbidden('not_a_customer', 'Workers are paid.');
      if (methodRef === 'pm_bad') throw invalid('It was refused.', [], 'method_refused');
      return VISA;
    },
    followLink: async (token) => {
      asked('followLink', token);
      if (token === 'old') throw new StewardError('forbidden', 'link_expired', 'It has expired.');
      if (token !== 'good') throw new StewardError('forbidden', 'link_invalid', 'It is not ours.');
      return { url: 'https://provider.example/page/2', expiresAt: NOON };
    },
  };
}

function fakeRequestKeys(): PaymentsDependencies['requestKeys'] {
  const answers = new Map<string, { hash: string; answer: unknown }>();
  return {
    once: async <T extends object>(
      request: { subjectKey: string; key: string; requestHash: Uint8Array },
      work: () => Promise<T>,
    ) => {
      const known = answers.get(`${request.subjectKey} ${request.key}`);
      const hash = Buffer.from(request.requestHash).toString('hex');
      if (known && known.hash !== hash) throw invalid('Reused.', [], 'idempotency_key_reused');
      if (known) return { answer: known.answer as T, replayed: true };
      const answer = await work();
      answers.set(`${request.subjectKey} ${request.key}`, { hash, answer });
      return { answer, replayed: false };
    },
  };
}

function fakeSandbox(asked: Ask): NonNullable<PaymentsDependencies['sandbox']> {
  const choices = [{ value: 'visa', title: 'Visa, ends in 4242', effect: 'Pays.' }];
  const page = (state: 'open' | 'done') => ({
    token: PAGE_TOKEN,
    kind: 'method' as const,
    state,
    choices,
    chosen: state === 'done' ? (choices[0] ?? null) : null,
    returnUrl: 'https://shop.example/account',
  });
  let done = false;
  return {
    render: ({ state }) => ({
      html: `<title>No money moves: ${state}</title>`,
      policy: "default-src 'none'",
    }),
    page: async (token) => {
      if (token !== PAGE_TOKEN) throw notFound('page', token);
      return page(done ? 'done' : 'open');
    },
    submit: async (token, choice) => {
      asked('sandbox.submit', token, choice);
      if (token !== PAGE_TOKEN) throw notFound('page', token);
      if (done) throw conflict('page_closed', 'This page is done: open a new one.');
      if (choice !== 'visa') throw invalid('There is no such choice.', []);
      done = true;
      return page('done');
    },
  };
}
