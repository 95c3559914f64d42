import type { PaymentsDependencies } from '../dependencies.ts';
import type { ProviderCharge } from '../provider/provider.ts';
import { backOffMs } from './charge-states.ts';
import {
  type ChargeRecord,
  changeCharge,
  findCharge,
  type LockedCharge,
  lockCharge,
  readSends,
} from './charge-store.ts';
import { findMismatch, recordTold } from './record-charge.ts';
import { isOurs, replaceGeneration, type Worked } from './send-charge.ts';

type Deps = Omit<PaymentsDependencies, 'stream' | 'publicUrl'>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Clocks of two houses are never the same. */
const CLOCK_LEEWAY_MS = 10 * MINUTE_MS;

/**
 * Settles a charge by asking the provider, never by sending. What has to be given up there
 * (confirmation by the customer, an invoice that is paid or void by now) is given up.
 */
export async function askCharge(deps: Deps, claimed: ChargeRecord): Promise<Worked> {
  let told: ProviderCharge | null;
  try {
    told = await askProvider(deps, claimed);
  } catch (error) {
    deps.log.warn({ err: error, chargeId: claimed.id }, 'the provider does not say how it stands');
    return postpone(deps, claimed);
  }
  const mismatch = told && findMismatch(claimed, told);
  if (mismatch) {
    deps.log.error({ chargeId: claimed.id, providerRef: told?.ref }, mismatch);
    return postpone(deps, claimed);
  }
  return deps.db.transaction().execute(async (tx) => {
    const charge = await lockCharge(tx, claimed.id);
    if (!charge) return { outcome: 'back' };
    const recorded: Worked =
      told === null
        ? await settleAbsent(deps, tx, charge, claimed)
        : await recordTold(deps, tx, charge, told);
    // Nothing new: asked again later, ever more seldom.
    if (recorded.outcome === 'nothing' && isOurs(charge, claimed)) {
      await rest(deps, tx, charge, charge.status);
    }
    return recorded;
  });
}

const NO_LEASE = new Date(0);

/** For a manager: without a lease, so that it books what there is and gives nothing up. */
export async function askById(deps: Deps, id: string): Promise<void> {
  const charge = await findCharge(deps.db, id);
  if (charge) await askCharge(deps, { ...charge, leaseUntil: NO_LEASE });
}

function askProvider(deps: Deps, charge: ChargeRecord): Promise<ProviderCharge | null> {
  const { provider } = deps;
  const { providerRef, customerRef, sentAt } = charge;
  if (providerRef !== null) {
    const waits = charge.status === 'requires_action' || charge.status === 'processing';
    const unwanted =
      charge.status === 'requires_action' ||
      charge.paidByAnother ||
      charge.invoice === 'void' ||
      charge.invoice === 'paid';
    return waits && unwanted ? provider.cancelCharge(providerRef) : provider.getCharge(providerRef);
  }
  if (customerRef === null || sentAt === null) return Promise.resolve(null);
  const since = new Date(sentAt.getTime() - CLOCK_LEEWAY_MS);
  return provider.findCharge({ customerRef, chargeId: charge.id, since });
}

/**
 * The provider knows nothing of it. Soon after sending that proves nothing, later it proves that it
 * was never received: then it is sent under the same key, as long as the provider surely remembers
 * it, and only once; after that the next attempt has a key of its own.
 */
async function settleAbsent(
  deps: Deps,
  tx: Parameters<typeof lockCharge>[0],
  charge: LockedCharge,
  claimed: ChargeRecord,
): Promise<Worked> {
  if (charge.status !== 'unknown' || !isOurs(charge, claimed))
    return { outcome: 'nothing', needsMethod: false, pastDue: false };
  const now = deps.clock.now();
  const { keyHours, settleAfterMinutes } = deps.rules.charging;
  const { sends, lastAt } = await readSends(tx, charge.id);
  const settledAt = (lastAt ?? charge.sentAt ?? now).getTime() + settleAfterMinutes * MINUTE_MS;
  if (now.getTime() < settledAt) {
    await rest(deps, tx, charge, 'unknown', settledAt);
    return { outcome: 'unknown' };
  }
  const keyAgeMs = now.getTime() - (charge.sentAt ?? now).getTime();
  if (
    sends > 1 ||
    keyAgeMs >= keyHours * HOUR_MS ||
    charge.invoice === 'paid' ||
    charge.invoice === 'void'
  ) {
    await replaceGeneration(
      deps,
      tx,
      charge,
      'Never received by the provider; its key is used up.',
    );
    return { outcome: 'back' };
  }
  const change = { status: 'planned' as const, asks: 0, due_at: now, lease_until: null };
  await changeCharge(tx, charge.id, change, 'Never received by the provider.', now);
  return { outcome: 'back' };
}

async function postpone(deps: Deps, claimed: ChargeRecord): Promise<Worked> {
  await deps.db.transaction().execute(async (tx) => {
    const charge = await lockCharge(tx, claimed.id);
    if (isOurs(charge, claimed)) await rest(deps, tx, charge, charge.status);
  });
  return { outcome: 'unknown' };
}

/** @param until not longer than this */
async function rest(
  deps: Deps,
  tx: Parameters<typeof lockCharge>[0],
  charge: LockedCharge,
  status: LockedCharge['status'],
  until = Number.POSITIVE_INFINITY,
): Promise<void> {
  const now = deps.clock.now();
  await tx
    .updateTable('payments.charges')
    .set({
      status,
      asks: charge.asks + 1,
      asked_at: now,
      due_at: new Date(Math.min(now.getTime() + backOffMs(charge.asks), until)),
      lease_until: null,
    })
    .where('id', '=', charge.id)
    .execute();
}
