import type Stripe from 'stripe';
import type { Fault } from './faults.ts';
import { type EmulatorOptions, startServer } from './server.ts';
import type { LogEntry } from './time-and-log.ts';

/** Handles to an emulated Stripe, whether it runs in this process or in another. */
export interface StripeEmulator {
  /** For `STRIPE_API_BASE`. Any key that begins with `sk_test_` is accepted. */
  url: string;
  /** What really happened, oldest first. */
  log(): Promise<LogEntry[]>;
  /** How often money really moved (or was refused) for objects with this pair in `metadata`. */
  count(what: LogEntry['what'], metadata: { [name: string]: string }): Promise<number>;
  now(): Promise<Date>;
  /** Moves its clock; webhooks that come due are sent before it answers. */
  advance(milliseconds: number): Promise<void>;
  moveTo(moment: Date): Promise<void>;
  fail(fault: Fault): Promise<void>;
  /** Takes back faults that no request has met. */
  clearFaults(): Promise<void>;
  /** A person goes through a page (or a SetupIntent) with this test card. Tells the method's id. */
  visit(url: string, card?: string): Promise<string>;
  /** A payment method as a page would hand it out; attached if a customer is named. */
  makeMethod(card: string, customer?: string): Promise<string>;
  dispute(
    paymentIntent: string,
    about?: { reason?: string; inquiry?: boolean; amount?: number },
  ): Promise<string>;
  closeDispute(id: string, outcome: 'won' | 'lost' | 'warning_closed' | 'escalated'): Promise<void>;
  /** A refund made by hand in the dashboard. */
  refundByHand(paymentIntent: string, amount?: number): Promise<string>;
  settleRefund(id: string, failureReason?: string): Promise<void>;
  /** The bank decides on a charge that is `processing`. */
  settlePayment(paymentIntent: string, failureCode?: string): Promise<void>;
  reverseTransfer(id: string, amount?: number): Promise<void>;
  /** Money put on the account's balance, to pay transfers from. */
  topUp(amount: number, currency: string): Promise<void>;
  /** Stripe pays its balance out to our bank. */
  payOut(amount: number, currency: string): Promise<void>;
  events(): Promise<Stripe.Event[]>;
  /** @param target `auto: false`: nothing is sent but by {@link StripeEmulator.sendEvents} */
  registerWebhook(target: { url: string; secrets: string[]; auto?: boolean }): Promise<void>;
  /** Sends these events now, in this order; tells the status of each answer. */
  sendEvents(ids: readonly string[]): Promise<number[]>;
  /** Waits until no webhook is on its way. Tells how many wait for their next attempt. */
  settleWebhooks(): Promise<number>;
}

/** @param url of a running emulator */
export function controlEmulator(url: string): StripeEmulator {
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const options = body ? { method, body: JSON.stringify(body) } : { method };
    const answer = await fetch(`${url}/_emulator/${path}`, options);
    const result = (await answer.json()) as { message?: string } | null;
    if (!answer.ok) throw new Error(`${method} ${path}: ${result?.message}`);
    return result;
  };
  const post = (path: string, body: object = {}) => call('POST', path, body);
  const idOf = async (answer: Promise<unknown>) => ((await answer) as { id: string }).id;
  const done = async (answer: Promise<unknown>) => void (await answer);
  const log = async () => (await call('GET', 'log')) as LogEntry[];
  return {
    url,
    log,
    count: async (what, metadata) => {
      const fits = (entry: LogEntry) =>
        Object.entries(metadata).every(([name, value]) => entry.metadata?.[name] === value);
      return (await log()).filter((entry) => entry.what === what && fits(entry)).length;
    },
    now: async () => new Date(((await call('GET', 'clock')) as { now: string }).now),
    advance: (advanceMs) => done(post('clock', { advanceMs })),
    moveTo: (moment) => done(post('clock', { moveTo: moment.toISOString() })),
    fail: (fault) => done(post('faults', fault)),
    clearFaults: () => done(call('DELETE', 'faults')),
    visit: (page, card) => idOf(post('visit', { url: page, card })),
    makeMethod: (card, customer) => idOf(post('methods', { card, customer })),
    dispute: (paymentIntent, about) => idOf(post('disputes', { paymentIntent, ...about })),
    closeDispute: (id, outcome) => done(post(`disputes/${id}`, { outcome })),
    refundByHand: (paymentIntent, amount) => idOf(post('refunds', { paymentIntent, amount })),
    settleRefund: (id, failureReason) => done(post(`refunds/${id}`, { failureReason })),
    settlePayment: (id, failureCode) => done(post(`payments/${id}`, { failureCode })),
    reverseTransfer: (id, amount) => done(post(`transfers/${id}`, { amount })),
    topUp: (amount, currency) => done(post('top-up', { amount, currency })),
    payOut: (amount, currency) => done(post('payout', { amount, currency })),
    events: async () => (await call('GET', 'events')) as Stripe.Event[],
    registerWebhook: (target) => done(post('webhooks', target)),
    sendEvents: async (events) =>
      ((await post('webhooks/send', { events })) as { statuses: number[] }).statuses,
    settleWebhooks: async () => ((await post('webhooks/settle')) as { waiting: number }).waiting,
  };
}

/** An emulated Stripe in this process. */
export async function startStripeEmulator(
  options: EmulatorOptions = {},
): Promise<StripeEmulator & { close(): Promise<void> }> {
  const { url, close } = await startServer(options);
  return { ...controlEmulator(url), close };
}
