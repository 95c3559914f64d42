import type { PaymentsDependencies } from '../dependencies.ts';
import { readCustomerMethod } from '../people/customer-method.ts';
import { NotSent, type ProviderCharge } from '../provider/provider.ts';
import { backOffMs } from './charge-states.ts';
import {
  type ChargeRecord,
  changeCharge,
  type LockedCharge,
  lockCharge,
  planGeneration,
  readSends,
} from './charge-store.ts';
import { findMismatch, type Recorded, recordNoMethod, recordTold } from './record-charge.ts';

type Deps = Omit<PaymentsDependencies, 'stream' | 'publicUrl'>;

/** What came of working on a charge; `unknown`: it has to be asked after. */
export type Worked = Recorded | { outcome: 'unknown' | 'back' };

/** A request that the provider does not take at all is seldom right a minute later. */
const REFUSED_AGAIN_MS = 3_600_000;

/**
 * Sends a planned charge that this process holds the lease of: first what is about to be done is
 * committed, then it is done without any transaction, then what came of it is written down.
 */
export async function sendCharge(deps: Deps, claimed: ChargeRecord): Promise<Worked> {
  let method: Awaited<ReturnType<typeof readCustomerMethod>>;
  try {
    // Whoever tries again looks whether the customer has changed the method since.
    const look = claimed.generation > 1 || claimed.methodRef !== null;
    method = await readCustomerMethod(deps, claimed.customerId, { look });
  } catch (error) {
    deps.log.warn({ err: error, chargeId: claimed.id }, 'payment method could not be read');
    return putBack(deps, claimed, claimed.sentAt, `Not sent: ${text(error)}`, null);
  }
  const begun = await begin(deps, claimed, method);
  if ('outcome' in begun) return begun;
  const { customerRef, methodRef, leaseUntil } = begun;
  const sent = { ...claimed, leaseUntil };
  let told: ProviderCharge;
  try {
    told = await deps.provider.charge({
      idempotencyKey: claimed.idempotencyKey,
      chargeId: claimed.id,
      invoiceId: claimed.invoiceId,
      customerRef,
      methodRef,
      amountMinor: claimed.amountMinor,
      currency: claimed.currency,
      description: `Invoice ${claimed.invoiceNumber}`,
    });
  } catch (error) {
    if (error instanceof NotSent) return notSent(deps, sent, error);
    deps.log.warn({ err: error, chargeId: claimed.id }, 'nobody knows what became of a charge');
    return loseSight(deps, sent, `No answer: ${text(error)}`);
  }
  const mismatch = findMismatch(claimed, told);
  if (mismatch !== null) {
    deps.log.error({ chargeId: claimed.id, providerRef: told.ref }, mismatch);
    return loseSight(deps, sent, mismatch);
  }
  return deps.db.transaction().execute(async (tx) => {
    const charge = await lockCharge(tx, claimed.id);
    return charge ? recordTold(deps, tx, charge, told) : { outcome: 'unknown' };
  });
}

type Begun = { customerRef: string; methodRef: string; leaseUntil: Date };

/** Commits that it leaves now, or that it does not. */
function begin(
  deps: Deps,
  claimed: ChargeRecord,
  method: { customerRef: string; methodRef: string } | null,
): Promise<Begun | Worked> {
  return deps.db.transaction().execute(async (tx): Promise<Begun | Worked> => {
    const charge = await lockCharge(tx, claimed.id);
    const now = deps.clock.now();
    if (!isOurs(charge, claimed) || charge.status !== 'planned') return { outcome: 'back' };
    if (charge.invoice === 'paid' || charge.invoice === 'void') {
      const done = { status: 'cancelled' as const, lease_until: null, settled_at: now };
      await changeCharge(tx, charge.id, done, `The invoice is ${charge.invoice}.`, now);
      return { outcome: 'cancelled', needsMethod: false, pastDue: false };
    }
    if (method === null) return recordNoMethod(deps, tx, charge);
    if (charge.methodRef !== null && charge.methodRef !== method.methodRef) {
      // Its key stands for the other method; that it took nothing with it is certain by now.
      await replaceGeneration(deps, tx, charge, 'There is another payment method by now.');
      return { outcome: 'back' };
    }
    const lease = deps.rules.charging.leaseSeconds * 1_000;
    const change = {
      status: 'sending' as const,
      customer_ref: method.customerRef,
      method_ref: method.methodRef,
      sent_at: charge.sentAt ?? now,
      // Its own lease, as the one of the claim may be nearly over.
      lease_until: new Date(Math.max(now.getTime() + lease, (charge.leaseUntil ?? now).getTime())),
    };
    await changeCharge(tx, charge.id, change, null, now);
    return { ...method, leaseUntil: change.lease_until };
  });
}

/** Gives the attempt up and plans the next, due at once. */
export async function replaceGeneration(
  deps: Deps,
  tx: Parameters<typeof lockCharge>[0],
  charge: LockedCharge,
  detail: string,
): Promise<void> {
  const now = deps.clock.now();
  const done = { status: 'cancelled' as const, lease_until: null, settled_at: now };
  await changeCharge(tx, charge.id, done, detail, now);
  const unpaid = charge.invoice === 'open' || charge.invoice === 'past_due';
  if (!unpaid || charge.paidByAnother || charge.hasNext) return;
  await planGeneration(
    tx,
    deps,
    { ...charge, dueAt: now, detail: 'Instead of the one before.' },
    now,
  );
}

async function notSent(deps: Deps, claimed: ChargeRecord, error: NotSent): Promise<Worked> {
  const refused = error.reason === 'refused';
  if (refused) {
    deps.log.error({ chargeId: claimed.id, code: error.code }, `charge refused: ${error.message}`);
  }
  const detail = `Not sent (${error.code ?? error.reason}): ${error.message}`;
  return putBack(deps, claimed, claimed.sentAt, detail, refused ? REFUSED_AGAIN_MS : null);
}

/** Proven not to have happened: planned as before, after a while. */
function putBack(
  deps: Deps,
  claimed: ChargeRecord,
  sentAt: Date | null,
  detail: string,
  waitMs: number | null,
): Promise<Worked> {
  return deps.db.transaction().execute(async (tx) => {
    const charge = await lockCharge(tx, claimed.id);
    if (!isOurs(charge, claimed)) return { outcome: 'back' };
    const now = deps.clock.now();
    const { sends } = await readSends(tx, charge.id);
    const change = {
      status: 'planned' as const,
      sent_at: sentAt,
      due_at: new Date(now.getTime() + (waitMs ?? backOffMs(sends))),
      lease_until: null,
    };
    await changeCharge(tx, charge.id, change, shorten(detail), now);
    return { outcome: 'back' };
  });
}

/**
 * It may have happened: from now on it is asked after and never sent by guessing.
 * @param waitMs until it is asked after
 */
export function loseSight(
  deps: Deps,
  claimed: ChargeRecord,
  detail: string,
  waitMs = backOffMs(0),
): Promise<Worked> {
  return deps.db.transaction().execute(async (tx) => {
    const charge = await lockCharge(tx, claimed.id);
    const mayBeLost = charge?.status === 'sending' || charge?.status === 'planned';
    if (!isOurs(charge, claimed) || !mayBeLost) return { outcome: 'back' };
    const now = deps.clock.now();
    const change = {
      status: 'unknown' as const,
      asks: 0,
      due_at: new Date(now.getTime() + waitMs),
      lease_until: null,
    };
    await changeCharge(tx, charge.id, change, shorten(detail), now);
    return { outcome: 'unknown' };
  });
}

/** Whether nobody else has taken it over, because our lease was over. */
export function isOurs(
  charge: LockedCharge | undefined,
  claimed: ChargeRecord,
): charge is LockedCharge {
  return charge !== undefined && charge.leaseUntil?.getTime() === claimed.leaseUntil?.getTime();
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const MAX_DETAIL_LENGTH = 500;

function shorten(detail: string): string {
  return detail.slice(0, MAX_DETAIL_LENGTH);
}
