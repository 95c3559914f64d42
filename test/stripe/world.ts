import { randomBytes } from 'node:crypto';
import type Stripe from 'stripe';
import type { Behaviour } from './cards.ts';
import { missing } from './errors.ts';
import type { Field, Values } from './parameters.ts';
import type { EmulatorClock, OutsideLog } from './time-and-log.ts';

/** Objects of one kind, in the order in which they were made. */
export class Table<Row extends { id: string }> {
  readonly rows: Row[] = [];
  readonly #byId = new Map<string, Row>();
  readonly #kind: string;

  constructor(kind: string) {
    this.#kind = kind;
  }

  add(row: Row): Row {
    this.rows.push(row);
    this.#byId.set(row.id, row);
    return row;
  }

  find(id: string): Row | undefined {
    return this.#byId.get(id);
  }

  /** @param param where the id stood; `id` means in the path, which makes it a 404 */
  get(id: string, param: string): Row {
    const row = this.#byId.get(id);
    if (!row) throw missing(this.#kind, id, param, param === 'id' ? 404 : 400);
    return row;
  }
}

/** All that one emulated Stripe account knows. */
export class World {
  readonly clock: EmulatorClock;
  readonly log: OutsideLog;
  readonly customers = new Table<Stripe.Customer>('customer');
  readonly paymentMethods = new Table<Stripe.PaymentMethod>('PaymentMethod');
  readonly setupIntents = new Table<Stripe.SetupIntent>('setupintent');
  readonly sessions = new Table<Stripe.Checkout.Session>('checkout.session');
  readonly paymentIntents = new Table<Stripe.PaymentIntent>('payment_intent');
  readonly charges = new Table<Stripe.Charge>('charge');
  readonly refunds = new Table<Stripe.Refund>('refund');
  readonly disputes = new Table<Stripe.Dispute>('dispute');
  readonly accounts = new Table<Stripe.Account>('account');
  readonly accountLinks = new Map<string, { link: Stripe.AccountLink; account: string }>();
  readonly transfers = new Table<Stripe.Transfer>('transfer');
  readonly reversals = new Table<Stripe.TransferReversal>('transfer reversal');
  readonly balanceTransactions = new Table<Stripe.BalanceTransaction>('balance transaction');
  readonly events = new Table<Stripe.Event>('event');
  /** How charges to a payment method end. */
  readonly behaviours = new Map<string, Behaviour>();
  /** Called with each new event. */
  onEvent: (event: Stripe.Event) => void = () => undefined;

  readonly #run = randomBytes(4).toString('hex');
  #made = 0;

  constructor(clock: EmulatorClock, log: OutsideLog) {
    this.clock = clock;
    this.log = log;
  }

  id(prefix: string): string {
    this.#made += 1;
    return `${prefix}_${this.#run}${this.#made.toString(36).padStart(8, '0')}`;
  }

  now(): number {
    return this.clock.seconds();
  }

  /** Tells that something happened to an object, as it stands now. */
  emit(type: string, object: { object: string }, previous?: object): void {
    const data = {
      object: structuredClone(object),
      ...(previous && { previous_attributes: previous }),
    };
    const event = {
      id: this.id('evt'),
      object: 'event',
      api_version: API_VERSION,
      created: this.now(),
      data,
      livemode: false,
      pending_webhooks: 0,
      request: { id: null, idempotency_key: null },
      type,
    };
    // The SDK has one type per kind of event; here the kind is data.
    this.onEvent(this.events.add(event as unknown as Stripe.Event));
  }

  /** The object with this id, of whatever kind, to expand a reference. */
  anything(id: string): { id: string } | undefined {
    const tables = [
      this.charges,
      this.paymentIntents,
      this.refunds,
      this.disputes,
      this.transfers,
      this.reversals,
      this.balanceTransactions,
      this.customers,
      this.paymentMethods,
      this.setupIntents,
      this.accounts,
    ];
    for (const table of tables) {
      const row = table.find(id);
      if (row) return row;
    }
    return undefined;
  }
}

/** The version that objects here are shaped like. */
export const API_VERSION = '2026-10-28.endive';

/** One route of the API. */
export interface Endpoint {
  method: 'GET' | 'POST';
  /** Such as `/v1/refunds/:id`. */
  path: string;
  fields: { [name: string]: Field };
  run(world: World, values: Values, id: string): unknown;
}
