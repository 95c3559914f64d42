import { type SqlBool, sql } from 'kysely';
import type { PaymentsDependencies } from '../dependencies.ts';
import { mailAccountNeeded } from '../mails/enqueue.ts';
import { NotSent, type TransferOutcome } from '../provider/provider.ts';
import { askPayout, isInDoubt } from './ask-payout.ts';
import {
  changePayout,
  isHeld,
  type LockedPayout,
  lockPayout,
  PAYOUT_COLUMNS,
  type PayoutRow,
  readPayout,
} from './payout-store.ts';
import { markFailed, recordTransfer } from './settle-payout.ts';

/** What became of a payout in one call of `pay`. */
export type PayOutcome =
  | 'paid'
  | 'failed'
  | 'unknown'
  /** Without an account that can be paid to. */
  | 'waiting'
  /** A manager holds the worker's money back. */
  | 'held'
  /** The provider took nothing on: it stays planned. */
  | 'not-sent'
  /** Another process is at it. */
  | 'sending'
  /** Goes by a bank file. */
  | 'by-bank-file'
  /** Nothing to do: settled or taken back meanwhile. */
  | 'not-planned';

/** The account of the worker at this provider, and whether the worker's money is held back. */
interface Way {
  accountRef: string | null;
  held: boolean;
}

/**
 * Sends one payout: claims it in a short transaction, calls the provider without any, writes down
 * what it says in another one. One in doubt is asked about first, and sent again only when it is
 * certain that it never arrived.
 */
export async function sendPayout(deps: PaymentsDependencies, id: string): Promise<PayOutcome> {
  let payout = await readPayout(deps.db, id);
  if (payout.method === 'bank') return 'by-bank-file';
  if (isInDoubt(payout, deps.clock.now()) || isStale(deps, payout)) {
    payout = await settleFirst(deps, payout);
  }
  if (payout.status !== 'planned') return outcomeOf(payout);
  const way = await readWay(deps, payout);
  if (way.held) return 'held';
  const ready = way.accountRef !== null && (await isReady(deps, id, way.accountRef));
  if (ready === null) return 'not-sent';
  if (!ready || way.accountRef === null) return askForAccount(deps, payout);
  const claimed = await claim(deps, payout, way.accountRef);
  if (claimed === null) return outcomeOf(await readPayout(deps.db, id));
  return call(deps, claimed, payout.sent_at);
}

/** Tells the worker, once per attempt, that an account is missing. */
async function askForAccount(deps: PaymentsDependencies, payout: PayoutRow): Promise<'waiting'> {
  const { id: payoutId, generation, worker_id: workerId } = payout;
  await deps.db
    .transaction()
    .execute((tx) => mailAccountNeeded(tx, deps, { payoutId, generation, workerId }));
  return 'waiting';
}

/** Null where the provider does not say: then nothing is sent either. */
async function isReady(
  deps: PaymentsDependencies,
  payoutId: string,
  accountRef: string,
): Promise<boolean | null> {
  try {
    return await deps.provider.isAccountReady(accountRef);
  } catch (error) {
    // An account that there is not, as against a provider that does not answer.
    if (error instanceof NotSent && error.reason === 'refused') return false;
    deps.log.warn({ err: error, payoutId }, 'Nobody tells whether an account is ready.');
    return null;
  }
}

/** Planned again under a key that the provider may have forgotten by now. */
function isStale({ rules, clock }: PaymentsDependencies, { status, sent_at }: PayoutRow): boolean {
  if (status !== 'planned' || sent_at === null) return false;
  return clock.now().getTime() - sent_at.getTime() > rules.charging.keyHours * 3_600_000;
}

async function settleFirst(deps: PaymentsDependencies, payout: PayoutRow): Promise<PayoutRow> {
  await askPayout(deps, payout);
  return readPayout(deps.db, payout.id);
}

function outcomeOf({ status }: PayoutRow): PayOutcome {
  switch (status) {
    case 'paid':
    case 'failed':
    case 'unknown':
    case 'sending':
      return status;
    case 'planned':
    case 'exported':
      return 'not-planned';
  }
}

async function readWay(deps: PaymentsDependencies, payout: PayoutRow): Promise<Way> {
  const { rows } = await sql<Way>`
    select d.account_ref as "accountRef", ${isHeld} as held
    from payments.payouts p
    left join payments.payout_destinations d
      on d.worker_id = p.worker_id and d.provider = ${deps.provider.name}
    where p.id = ${payout.id}`.execute(deps.db);
  const way = rows[0] ?? { accountRef: null, held: false };
  // What may have been sent is sent again as it was, or the provider takes it for something else.
  return payout.sent_at === null ? way : { ...way, accountRef: payout.account_ref };
}

/** @returns null where another was quicker */
async function claim(
  deps: PaymentsDependencies,
  payout: PayoutRow,
  accountRef: string,
): Promise<LockedPayout | null> {
  const { leaseSeconds, settleAfterMinutes } = deps.rules.charging;
  return deps.db.transaction().execute(async (tx) => {
    const free = await tx
      .selectFrom('payments.payouts as p')
      .select(PAYOUT_COLUMNS)
      .where('id', '=', payout.id)
      .where('status', '=', 'planned')
      .where('method', '=', 'provider')
      .where('generation', '=', payout.generation)
      .where(sql<SqlBool>`not ${isHeld}`)
      .forUpdate()
      .skipLocked()
      .executeTakeFirst();
    if (!free) return null;
    const now = deps.clock.now();
    const lease = leaseSeconds * 1_000;
    const change = {
      status: 'sending',
      provider: deps.provider.name,
      account_ref: accountRef,
      sent_at: free.sent_at ?? now,
      lease_until: new Date(now.getTime() + lease),
      // From then on, not being found means not having been received.
      due_at: new Date(now.getTime() + Math.max(lease, settleAfterMinutes * 60_000)),
    } as const;
    const row = await changePayout(tx, { ...free, locked: true }, change, null, now);
    return { ...row, locked: true };
  });
}

async function call(
  deps: PaymentsDependencies,
  payout: LockedPayout,
  sentBefore: Date | null,
): Promise<PayOutcome> {
  let outcome: TransferOutcome;
  try {
    outcome = await deps.provider.transfer({
      idempotencyKey: payout.idempotency_key ?? '',
      payoutId: payout.id,
      generation: payout.generation,
      accountRef: payout.account_ref ?? '',
      amountMinor: payout.amount_minor,
      currency: payout.currency,
      description: `Payout ${payout.period}`,
    });
  } catch (error) {
    return recordError(deps, payout, error, sentBefore);
  }
  await deps.db.transaction().execute(async (tx) => {
    if (outcome.outcome === 'paid') return recordTransfer(deps, tx, outcome.transfer);
    const locked = await lockClaimed(tx, payout);
    if (locked) await markFailed(deps, tx, locked, outcome.code, deps.clock.now());
  });
  return outcomeOf(await readPayout(deps.db, payout.id));
}

/** The claimed payout, if it is still ours: whoever has settled it meanwhile knew better. */
async function lockClaimed(tx: Parameters<typeof lockPayout>[0], claimed: LockedPayout) {
  const locked = await lockPayout(tx, claimed.id);
  const ours =
    locked?.status === 'sending' &&
    locked.generation === claimed.generation &&
    locked.due_at.getTime() === claimed.due_at.getTime();
  return ours ? locked : null;
}

/** After `NotSent` it is planned as before, or refused for good; after all else nobody knows. */
async function recordError(
  deps: PaymentsDependencies,
  payout: LockedPayout,
  error: unknown,
  sentBefore: Date | null,
): Promise<PayOutcome> {
  const { id: payoutId } = payout;
  deps.log.warn({ err: error, payoutId }, 'A payout was not taken on as it should be.');
  const now = deps.clock.now();
  return deps.db.transaction().execute(async (tx) => {
    const locked = await lockClaimed(tx, payout);
    if (!locked) return 'sending';
    if (!(error instanceof NotSent)) {
      await changePayout(tx, locked, { status: 'unknown' }, 'no answer', now);
      return 'unknown';
    }
    if (error.reason === 'refused') {
      await markFailed(deps, tx, locked, error.code ?? 'refused', now);
      return 'failed';
    }
    const change = { status: 'planned', sent_at: sentBefore, due_at: now } as const;
    await changePayout(tx, locked, { ...change, lease_until: null }, error.reason, now);
    return 'not-sent';
  });
}
