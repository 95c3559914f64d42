import { backOffMs } from '../charges/charge-states.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import { NotSent, type ProviderRefund } from '../provider/provider.ts';
import { findRefundMismatch, type RefundOutcome, recordRefund } from './record-refund.ts';
import { changeRefund, type LockedRefund, lockRefund, type RefundRecord } from './refund-store.ts';
import { isSurplusKey } from './surplus-key.ts';

type Deps = Omit<PaymentsDependencies, 'stream' | 'publicUrl'>;

/** `back`: planned again, or somebody else works on it. */
export type Worked = RefundOutcome | 'unknown' | 'back';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** One step of a refund that this process holds the lease of. */
export async function workOnRefund(deps: Deps, claimed: RefundRecord): Promise<Worked> {
  if (claimed.status === 'planned' && !isKeyOld(deps, claimed)) return sendRefund(deps, claimed);
  if (claimed.status === 'planned' || claimed.status === 'sending') {
    return loseSight(deps, claimed, 0);
  }
  return askRefund(deps, claimed);
}

/** Sends under one key: the second because the first was proven never to have been received. */
const SENDS_PER_KEY = 2;

/** The provider's key of the so manieth sending: `refund:<id>`, then `refund:<id>~2`, … */
function keyOf(storedKey: string, sends: number): string {
  const count = Math.ceil(sends / SENDS_PER_KEY);
  return count > 1 ? `${storedKey}~${count}` : storedKey;
}

/** Whether the next sending would use a key that the provider may have forgotten. */
function isKeyOld(deps: Deps, refund: RefundRecord): boolean {
  if (refund.sends % SENDS_PER_KEY === 0 || refund.sentAt === null) return false;
  const ageMs = deps.clock.now().getTime() - refund.sentAt.getTime();
  return ageMs >= deps.rules.charging.keyHours * HOUR_MS;
}

async function sendRefund(deps: Deps, claimed: RefundRecord): Promise<Worked> {
  const { idempotencyKey, chargeRef } = claimed;
  if (idempotencyKey === null || chargeRef === null) {
    throw new Error(`Refund ${claimed.id} has no key or no charge at the provider.`);
  }
  const sent = await begin(deps, claimed);
  if (sent === null) return 'back';
  let told: ProviderRefund;
  try {
    told = await deps.provider.refund({
      idempotencyKey: keyOf(idempotencyKey, sent.sends),
      refundId: claimed.id,
      chargeRef,
      amountMinor: claimed.amountMinor,
      currency: claimed.currency,
    });
  } catch (error) {
    if (error instanceof NotSent) return notSent(deps, claimed, sent, error);
    deps.log.warn({ err: error, refundId: claimed.id }, 'nobody knows what became of a refund');
    return loseSight(deps, sent, backOffMs(0));
  }
  return record(deps, sent, told);
}

/** Commits that it leaves now. */
function begin(deps: Deps, claimed: RefundRecord): Promise<RefundRecord | null> {
  return deps.db.transaction().execute(async (tx) => {
    const refund = await lockRefund(tx, claimed.id);
    if (!isOurs(refund, claimed) || refund.status !== 'planned') return null;
    const now = deps.clock.now();
    const leaseUntil = new Date(now.getTime() + deps.rules.charging.leaseSeconds * 1_000);
    const sends = refund.sends + 1;
    await changeRefund(tx, refund.id, {
      status: 'sending',
      sent_at: now,
      sends,
      lease_until: leaseUntil,
    });
    return { ...refund, status: 'sending', sentAt: now, sends, leaseUntil };
  });
}

/** Proven not to have happened: planned as before, or refused for good. */
function notSent(
  deps: Deps,
  claimed: RefundRecord,
  sent: RefundRecord,
  error: NotSent,
): Promise<Worked> {
  return deps.db.transaction().execute(async (tx): Promise<Worked> => {
    const refund = await lockRefund(tx, sent.id);
    if (!isOurs(refund, sent)) return 'back';
    const now = deps.clock.now();
    if (error.reason === 'refused' && !isSurplusKey(refund.idempotencyKey)) {
      const code = error.code ?? 'refused';
      deps.log.error({ refundId: refund.id, code }, `refund refused: ${error.message}`);
      const change = { status: 'failed' as const, failure_code: code, settled_at: now };
      await changeRefund(tx, refund.id, { ...change, lease_until: null });
      return 'failed';
    }
    // What nobody owed goes back, however long it takes: nobody else would think of it again.
    const refused = error.reason === 'refused';
    if (refused) deps.log.error({ refundId: refund.id }, `refund refused: ${error.message}`);
    await changeRefund(tx, refund.id, {
      status: 'planned',
      sent_at: claimed.sentAt,
      sends: claimed.sends,
      asks: refund.asks + 1,
      due_at: new Date(now.getTime() + (refused ? HOUR_MS : backOffMs(refund.asks))),
      lease_until: null,
    });
    return 'back';
  });
}

/** It may have happened: from now on it is asked after. */
function loseSight(deps: Deps, claimed: RefundRecord, waitMs: number): Promise<Worked> {
  return deps.db.transaction().execute(async (tx) => {
    const refund = await lockRefund(tx, claimed.id);
    const mayBeLost = refund?.status === 'sending' || refund?.status === 'planned';
    if (!isOurs(refund, claimed) || !mayBeLost) return 'back';
    const due = new Date(deps.clock.now().getTime() + waitMs);
    const change = { status: 'unknown' as const, asks: 0, due_at: due, lease_until: null };
    await changeRefund(tx, refund.id, change);
    return 'unknown';
  });
}

/** Settles a refund by asking, never by sending. */
async function askRefund(deps: Deps, claimed: RefundRecord): Promise<Worked> {
  const { providerRef, chargeRef } = claimed;
  let told: ProviderRefund | null = null;
  try {
    if (providerRef !== null) told = await deps.provider.getRefund(providerRef);
    else if (chargeRef !== null) {
      told = await deps.provider.findRefund({ chargeRef, refundId: claimed.id });
    }
  } catch (error) {
    deps.log.warn({ err: error, refundId: claimed.id }, 'the provider does not say how it stands');
    return rest(deps, claimed);
  }
  return told === null ? settleAbsent(deps, claimed) : record(deps, claimed, told);
}

function record(deps: Deps, claimed: RefundRecord, told: ProviderRefund): Promise<Worked> {
  return deps.db.transaction().execute(async (tx): Promise<Worked> => {
    const refund = await lockRefund(tx, claimed.id);
    if (!refund) return 'back';
    const mismatch = findRefundMismatch(refund, told);
    const outcome = mismatch === null ? await recordRefund(deps, tx, refund, told) : 'unknown';
    if (mismatch !== null) deps.log.error({ refundId: refund.id }, mismatch);
    if ((outcome === 'nothing' || outcome === 'unknown') && isOurs(refund, claimed)) {
      const lost = refund.status === 'sending';
      await postpone(deps, tx, lost ? { ...refund, status: 'unknown' } : refund);
    }
    return outcome;
  });
}

/** As with charges: once more under the same key, after that under a new one. */
function settleAbsent(deps: Deps, claimed: RefundRecord): Promise<Worked> {
  return deps.db.transaction().execute(async (tx): Promise<Worked> => {
    const refund = await lockRefund(tx, claimed.id);
    if (!isOurs(refund, claimed)) return 'back';
    const now = deps.clock.now();
    const sentAt = (refund.sentAt ?? now).getTime();
    const settledAt = sentAt + deps.rules.charging.settleAfterMinutes * MINUTE_MS;
    if (refund.status !== 'unknown' || now.getTime() < settledAt) {
      await postpone(deps, tx, refund, settledAt);
      return refund.status === 'unknown' ? 'unknown' : 'nothing';
    }
    await changeRefund(tx, refund.id, {
      status: 'planned',
      due_at: now,
      lease_until: null,
      // Counted as sent, so that the next sending has another key.
      ...(isKeyOld(deps, refund) && { sends: refund.sends + 1 }),
    });
    return 'back';
  });
}

async function rest(deps: Deps, claimed: RefundRecord): Promise<Worked> {
  await deps.db.transaction().execute(async (tx) => {
    const refund = await lockRefund(tx, claimed.id);
    if (isOurs(refund, claimed)) await postpone(deps, tx, refund);
  });
  return 'unknown';
}

async function postpone(
  deps: Deps,
  tx: Parameters<typeof lockRefund>[0],
  refund: LockedRefund,
  until = Number.POSITIVE_INFINITY,
): Promise<void> {
  const now = deps.clock.now().getTime();
  const later = Math.min(now + backOffMs(refund.asks), until);
  await changeRefund(tx, refund.id, {
    status: refund.status,
    asks: refund.asks + 1,
    due_at: new Date(later > now ? later : now + backOffMs(0)),
    lease_until: null,
  });
}

function isOurs(refund: LockedRefund | undefined, claimed: RefundRecord): refund is LockedRefund {
  return refund !== undefined && refund.leaseUntil?.getTime() === claimed.leaseUntil?.getTime();
}
