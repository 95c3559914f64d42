import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { createVirtualClock } from '../../../platform/clock.ts';
import { endOrders } from '../bookings/testing.ts';
import { createCredits } from '../credits/create-credits.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { Payout } from '../payments.ts';
import type {
  PaymentProvider,
  ProviderTransfer,
  TransferOutcome,
  TransferRequest,
} from '../provider/provider.ts';
import { NotSent } from '../provider/provider.ts';
import { MONDAY, openTestPayments } from '../testing.ts';
import { createPayouts } from './create-payouts.ts';

/** After the close of November. */
export const MONTH_END = new Date('2026-11-30T19:00:00Z');
export const PAGE = { limit: 200 };

/** Payments with payouts over a scripted provider, all on one virtual clock, at the month's end. */
export async function openPayouts(change: Partial<PaymentsDependencies> = {}) {
  const clock = createVirtualClock(MONDAY);
  const world = createScriptedProvider(clock);
  const test = await openTestPayments(world, { clock, ...change });
  clock.moveTo(MONTH_END);
  const payouts = createPayouts(test.deps);
  const credits = createCredits(test.asFinance);
  return {
    ...test,
    clock,
    world,
    payouts,
    credits,
    finance: createPayouts(test.asFinance),
    /** Workers with an account at the provider, who have earned so much each by one order. */
    earn: async (...amountsMinor: number[]) => {
      const orders = amountsMinor.map((amount) => ({
        workerId: randomUUID(),
        priceMinor: (amount * 100) / 60,
        endedAt: new Date('2026-11-29T12:00:00Z'),
      }));
      await endOrders(test, orders);
      const workers = orders.map((order) => order.workerId);
      for (const worker of workers) {
        await payouts.setDestination(worker, { method: 'provider', accountRef: accountOf(worker) });
      }
      return workers;
    },
    /** Plans and commits what there is, for the month of now. */
    commit: async () => {
      const { hash } = await payouts.plan({});
      return payouts.commit(hash);
    },
    /** Credit minus debit: what is owed to a worker, or stands in transit or with the provider. */
    owed: async (code: string, owner = '') => {
      const { rows } = await sql<{ owed: bigint }>`
        select coalesce(-sum(p.amount_minor), 0)::bigint as owed
        from ledger.postings p join ledger.accounts a on a.id = p.account_id
        where a.code = ${code} and a.owner = ${owner}`.execute(test.own.db);
      return rows[0]?.owed ?? 0n;
    },
    payoutOf: async (workerId: string): Promise<Payout> => {
      const [payout] = (await payouts.list({ workerId }, PAGE)).data;
      if (!payout) throw new Error(`Worker ${workerId} has no payout.`);
      return payout;
    },
    /** Templates of the mails that are written, with whom they go to. */
    mails: async () => {
      const { rows } = await sql<{ mail: string }>`
        select template || ' ' || recipient_kind as mail from mail.messages order by 1`.execute(
        test.own.db,
      );
      return rows.map((row) => row.mail);
    },
  };
}

export type PayoutsTest = Awaited<ReturnType<typeof openPayouts>>;

/** The account that {@link PayoutsTest.earn} gives a worker. */
export const accountOf = (workerId: string) => `acct_${workerId.replaceAll('-', '')}`;

/** What happens to one call of `transfer`; those without a script are paid. */
export type TransferScript =
  | 'paid'
  | 'rate_limited'
  | 'refused'
  /** Nobody knows: nothing has happened. */
  | 'lost-before'
  /** Nobody knows: the money has moved. */
  | 'lost-after'
  /** Nobody knows: the money moves when {@link ScriptedProvider.arrive} is called. */
  | 'late'
  | { failed: string };

/** A provider in memory that knows transfers alone, and does what a test says. */
export interface ScriptedProvider extends PaymentProvider {
  /** What really has moved: the outside truth. */
  readonly transfers: ProviderTransfer[];
  readonly calls: TransferRequest[];
  script(...next: TransferScript[]): void;
  /** Accounts that cannot be paid to. */
  readonly unready: Set<string>;
  /** While true, nothing answers: neither transfers nor questions. */
  down: boolean;
  /** Lets what was sent late move. */
  arrive(): void;
  /** Called while a transfer is under way. */
  onTransfer: () => Promise<void>;
}

/** A {@link ScriptedProvider} on this clock. */
export function createScriptedProvider(clock: { now(): Date }): ScriptedProvider {
  const transfers: ProviderTransfer[] = [];
  const calls: TransferRequest[] = [];
  const byKey = new Map<string, TransferOutcome>();
  const scripts: TransferScript[] = [];
  const late: TransferRequest[] = [];
  const none = async (): Promise<never> => {
    throw new Error('This provider knows transfers alone.');
  };

  function move(request: TransferRequest): TransferOutcome {
    const known = byKey.get(request.idempotencyKey);
    if (known) return known;
    const transfer: ProviderTransfer = {
      ref: `tr_${transfers.length + 1}`,
      payoutId: request.payoutId,
      generation: request.generation,
      state: 'paid',
      amountMinor: request.amountMinor,
      currency: request.currency,
      createdAt: clock.now(),
    };
    transfers.push(transfer);
    const outcome: TransferOutcome = { outcome: 'paid', transfer };
    byKey.set(request.idempotencyKey, outcome);
    return outcome;
  }

  async function transfer(request: TransferRequest): Promise<TransferOutcome> {
    calls.push(request);
    await provider.onTransfer();
    const script = provider.down ? 'lost-before' : (scripts.shift() ?? 'paid');
    if (script === 'lost-before') throw new Error('The connection broke.');
    if (script === 'rate_limited') throw new NotSent('rate_limited', 'Too many requests.');
    if (script === 'refused') throw new NotSent('refused', 'No such account.', 'no_account');
    if (script === 'late') {
      late.push(request);
      throw new Error('No answer in time.');
    }
    if (typeof script === 'object') return { outcome: 'failed', code: script.failed };
    const outcome = move(request);
    if (script === 'lost-after') throw new Error('The connection broke.');
    return outcome;
  }

  const answering = () => {
    if (provider.down) throw new Error('The connection broke.');
  };
  const provider: ScriptedProvider = {
    name: 'sandbox',
    movesMoney: false,
    transfers,
    calls,
    unready: new Set(),
    down: false,
    onTransfer: async () => undefined,
    script: (...next) => void scripts.push(...next),
    arrive: () => {
      for (const request of late.splice(0)) move(request);
    },
    chargeStep: () => 1n,
    leastCharge: () => 1n,
    transfer,
    findTransfer: async ({ payoutId, generation, since }) => {
      answering();
      return (
        transfers.find(
          (one) =>
            one.payoutId === payoutId && one.generation === generation && one.createdAt >= since,
        ) ?? null
      );
    },
    getTransfer: async (ref) => {
      answering();
      return transfers.find((one) => one.ref === ref) ?? null;
    },
    isAccountReady: async (ref) => {
      answering();
      return !provider.unready.has(ref);
    },
    createCustomer: none,
    openMethodPage: none,
    attachMethod: none,
    currentMethod: none,
    charge: none,
    findCharge: none,
    getCharge: none,
    cancelCharge: none,
    refund: none,
    findRefund: none,
    getRefund: none,
    listRefunds: none,
    getDispute: none,
    createAccount: none,
    openAccountPage: none,
    listBalance: noBalance,
    listEvents: noEvents,
    readWebhook: () => {
      throw new Error('This provider knows transfers alone.');
    },
  };
  return provider;
}

async function* noBalance() {}
async function* noEvents() {}
