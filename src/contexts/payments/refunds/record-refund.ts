import type { Transaction } from '../../../platform/postgres/database.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import { mailRefundFailed, mailRefundMade } from '../mails/enqueue.ts';
import type { ProviderRefund } from '../provider/provider.ts';
import { bookClawBack, bookMoneyBack, reverseMoneyBack } from './book-money-back.ts';
import { changeRefund, clawBackOf, type LockedRefund } from './refund-store.ts';
import { isSurplusKey } from './surplus-key.ts';

type Deps = Omit<PaymentsDependencies, 'stream' | 'publicUrl'>;
type Tx = Transaction<AllTables>;

const PENDING_ASKED_AFTER_MS = 6 * 3_600_000;

export type RefundOutcome = 'nothing' | 'succeeded' | 'pending' | 'failed';

/** Why an answer cannot be about this refund; null where it can. */
export function findRefundMismatch(refund: LockedRefund, told: ProviderRefund): string | null {
  if (told.refundId !== null && told.refundId !== refund.id && refund.idempotencyKey !== null) {
    return `The provider answered about refund "${told.refundId}" instead.`;
  }
  if (told.amountMinor === refund.amountMinor && told.currency === refund.currency) return null;
  return `The provider tells of ${told.amountMinor} ${told.currency} instead of ${refund.amountMinor} ${refund.currency}.`;
}

/**
 * Writes down what the provider says of a refund. Booked as soon as the provider has taken it on,
 * since then it has left our balance; one that fails later is reversed.
 */
export async function recordRefund(
  deps: Deps,
  tx: Tx,
  refund: LockedRefund,
  told: ProviderRefund,
): Promise<RefundOutcome> {
  if (told.state === 'failed') return recordFailed(deps, tx, refund, told);
  if (refund.status === told.state) return 'nothing';
  // An older answer that comes late: what the provider has failed to refund stays so. Only one that
  // we believed to be refused can turn out to have been made.
  if (refund.status === 'failed' && refund.providerRef !== null) return 'nothing';
  if (refund.status === 'succeeded') return 'nothing';
  const now = deps.clock.now();
  const settled = told.state === 'succeeded';
  const transactionId = refund.transactionId ?? (await book(deps, tx, refund));
  await changeRefund(tx, refund.id, {
    status: settled ? 'succeeded' : 'pending',
    failure_code: null,
    provider_ref: told.ref,
    transaction_id: transactionId,
    lease_until: null,
    asks: 0,
    due_at: new Date(now.getTime() + PENDING_ASKED_AFTER_MS),
    settled_at: settled ? now : null,
  });
  if (refund.transactionId === null) {
    await mailRefundMade(tx, deps, { refundId: refund.id, customerId: refund.customerId });
  }
  return told.state;
}

async function book(deps: Deps, tx: Tx, refund: LockedRefund): Promise<string> {
  const owedTo = isSurplusKey(refund.idempotencyKey) ? refund.customerId : null;
  const transactionId = await bookMoneyBack(deps, tx, { kind: 'refund', ...refund, owedTo });
  const clawBack = clawBackOf(refund);
  if (clawBack) await bookClawBack(deps, tx, { kind: 'refund', ...refund }, clawBack);
  return transactionId;
}

async function recordFailed(
  deps: Deps,
  tx: Tx,
  refund: LockedRefund,
  told: ProviderRefund,
): Promise<RefundOutcome> {
  if (refund.status === 'failed') return 'nothing';
  const code = told.failureCode ?? 'unknown';
  if (refund.transactionId !== null) {
    const reason = `The provider could not make the refund (${code}).`;
    await reverseMoneyBack(deps, tx, { kind: 'refund', ...refund }, reason);
  }
  await changeRefund(tx, refund.id, {
    status: 'failed',
    failure_code: code,
    provider_ref: told.ref,
    lease_until: null,
    settled_at: deps.clock.now(),
  });
  await mailRefundFailed(tx, deps, { refundId: refund.id });
  deps.log.error({ refundId: refund.id, code }, 'refund failed');
  return 'failed';
}
