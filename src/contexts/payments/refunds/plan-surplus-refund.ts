import type { Transaction } from '../../../platform/postgres/database.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';

const SURPLUS_KEY = 'refund:surplus:';

/**
 * Refunds of money that nobody owed are known by their key. They are booked against what the
 * customer has with us, not as given up.
 */
export function isSurplusKey(key: string | null): boolean {
  return key?.startsWith(SURPLUS_KEY) ?? false;
}

/** @param ref of a refund that somebody made at the provider, instead of ours */
export function surplusKey(chargeId: string, ref?: string): string {
  return `${SURPLUS_KEY}${chargeId}${ref === undefined ? '' : `:${ref}`}`;
}

/**
 * Plans to give back the whole of a charge that took money which nobody owes. It waits for no
 * manager: the customer is owed it. Once per charge.
 */
export async function planSurplusRefund(
  deps: Pick<PaymentsDependencies, 'ids'>,
  tx: Transaction<AllTables>,
  charge: {
    id: string;
    invoiceId: string;
    provider: string;
    amountMinor: bigint;
    currency: string;
  },
  now: Date,
): Promise<void> {
  await tx
    .insertInto('payments.refunds')
    .values({
      id: deps.ids.next(),
      invoice_id: charge.invoiceId,
      charge_id: charge.id,
      provider: charge.provider,
      idempotency_key: surplusKey(charge.id),
      amount_minor: charge.amountMinor,
      currency: charge.currency,
      reason: 'Charged although nothing was owed',
      status: 'planned',
      due_at: now,
      requested_at: now,
    })
    .onConflict((conflict) => conflict.column('idempotency_key').doNothing())
    .execute();
}
