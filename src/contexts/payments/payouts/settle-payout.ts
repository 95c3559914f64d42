import type { Transaction } from '../../../platform/postgres/database.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import { mailPayoutFailed, mailPayoutSent } from '../mails/enqueue.ts';
import type { ProviderTransfer } from '../provider/provider.ts';
import { bookNextGeneration, bookPaid, bookReturned } from './book-payout.ts';
import { changePayout, type LockedPayout, lockPayout, payoutKey } from './payout-store.ts';

type Deps = Pick<PaymentsDependencies, 'ids' | 'clock' | 'timeZone' | 'log' | 'rules'>;

/** States in which nobody has said yet how an attempt ended. */
const isOpen = ({ status }: LockedPayout) =>
  status === 'planned' || status === 'sending' || status === 'unknown';

/**
 * Writes down what the provider says of a transfer, whoever heard it: the answer to our call, a
 * question asked later, or a hint. Any order and any number of times come to the same.
 */
export async function recordTransfer(
  deps: Deps,
  tx: Transaction<AllTables>,
  transfer: ProviderTransfer,
): Promise<void> {
  const payout = await lockPayout(tx, transfer.payoutId);
  if (!payout || payout.generation !== transfer.generation) {
    // Of an earlier attempt: what became of it was booked before the next one began.
    if (transfer.state === 'paid') complain(deps, transfer, 'it belongs to no attempt of ours');
    return;
  }
  const at = deps.clock.now();
  if (transfer.amountMinor !== payout.amount_minor || transfer.currency !== payout.currency) {
    complain(deps, transfer, 'its amount is not the one we sent');
    // Believed in nothing, and never sent again, until a person has looked at it.
    if (isOpen(payout) && payout.status !== 'unknown') {
      const change = { status: 'unknown', lease_until: null } as const;
      await changePayout(tx, payout, change, `${transfer.ref} is of another amount`, at);
    }
    return;
  }
  if (isOpen(payout)) {
    await markPaid(deps, tx, payout, transfer.ref, at);
  } else if (payout.provider_ref !== transfer.ref) {
    // Money that nobody here has sent, or that we took for not sent: a person must look at it.
    if (transfer.state === 'paid')
      complain(deps, transfer, `we have the attempt as ${payout.status}`);
    return;
  }
  if (transfer.state === 'paid' || payout.status === 'failed') return;
  const paid = await lockPayout(tx, payout.id);
  if (paid) await markFailed(deps, tx, paid, 'reversed', at);
}

function complain({ log }: Deps, transfer: ProviderTransfer, why: string): void {
  const { ref, payoutId, generation, state } = transfer;
  log.error({ ref, payoutId, generation, state }, `The provider has a transfer, but ${why}.`);
}

/** The money has reached the worker's account, as far as anybody can tell. */
export async function markPaid(
  deps: Deps,
  tx: Transaction<AllTables>,
  payout: LockedPayout,
  providerRef: string | null,
  at: Date,
) {
  await bookPaid(deps, tx, payout, at);
  const change = { status: 'paid', provider_ref: providerRef, settled_at: at } as const;
  const row = await changePayout(tx, payout, { ...change, lease_until: null }, null, at);
  await mailPayoutSent(tx, deps, {
    payoutId: payout.id,
    generation: payout.generation,
    workerId: payout.worker_id,
  });
  return row;
}

/** Nothing has reached the worker, or it came back: the money is payable again. */
export async function markFailed(
  deps: Deps,
  tx: Transaction<AllTables>,
  payout: LockedPayout,
  code: string,
  at: Date,
) {
  await bookReturned(deps, tx, payout, `Payout failed: ${code}`, at);
  const change = { status: 'failed', failure_code: code, settled_at: at } as const;
  const row = await changePayout(tx, payout, { ...change, lease_until: null }, code, at);
  await mailPayoutFailed(tx, deps, { payoutId: payout.id, generation: payout.generation });
  return row;
}

/**
 * It is certain that the attempt never left: it may be sent again under the same key, as long as
 * the provider remembers keys; later it is the next attempt, under a new one.
 */
export async function planAgain(
  deps: Deps,
  tx: Transaction<AllTables>,
  payout: LockedPayout,
  at: Date,
): Promise<void> {
  const keyMs = deps.rules.charging.keyHours * 3_600_000;
  const sentAt = payout.sent_at ?? at;
  if (at.getTime() - sentAt.getTime() > keyMs) {
    await planNextGeneration(deps, tx, payout, 'never received', at);
    return;
  }
  const change = { status: 'planned', due_at: at, lease_until: null } as const;
  await changePayout(tx, payout, change, 'never received', at);
}

/** The next attempt: what is booked of this one is taken back, and taken from the payable anew. */
export async function planNextGeneration(
  deps: Deps,
  tx: Transaction<AllTables>,
  payout: LockedPayout,
  reason: string,
  at: Date,
) {
  await bookNextGeneration(deps, tx, payout, reason, at);
  const generation = payout.generation + 1;
  const change = {
    status: 'planned',
    generation,
    idempotency_key: payoutKey(payout.id, generation),
    account_ref: null,
    failure_code: null,
    provider_ref: null,
    bank_file: null,
    due_at: at,
    sent_at: null,
    asks: 0,
    lease_until: null,
    settled_at: null,
  } as const;
  return changePayout(tx, payout, change, reason, at);
}
