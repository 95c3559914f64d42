import type { Transaction } from '../../../platform/postgres/database.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import { surplusKey } from './surplus-key.ts';

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
