import { z } from 'zod';
import type { PaymentProvider, ProviderDispute } from '../provider/provider.ts';
import type { StripeClient } from './client.ts';
import { fromStripeAmount } from './currencies.ts';

const dispute = z.object({
  id: z.string(),
  object: z.literal('dispute'),
  amount: z.int(),
  currency: z.string().length(3),
  created: z.int(),
  payment_intent: z.string().nullable(),
  reason: z.string(),
  status: z.string(),
  evidence_details: z.object({ due_by: z.int().nullable() }),
});

/**
 * `warning_…`: an inquiry, or `prevented` before it became a dispute; no money has moved. An
 * appeal is a dispute that was lost and is open again.
 */
function stateOf(status: string): ProviderDispute['state'] {
  if (status === 'won' || status === 'lost') return status;
  return status.startsWith('warning_') || status === 'prevented' ? 'warning' : 'open';
}

/** Disputes of charges. */
export function stripeDisputes({
  stripe,
  read,
}: StripeClient): Pick<PaymentProvider, 'getDispute'> {
  return {
    async getDispute(ref) {
      const found = await read('get dispute', dispute, (options) =>
        stripe.disputes.retrieve(ref, {}, options),
      );
      if (!found) return null;
      const { due_by } = found.evidence_details;
      return {
        ref: found.id,
        chargeRef: found.payment_intent ?? '',
        state: stateOf(found.status),
        reason: found.reason,
        amountMinor: fromStripeAmount(found.amount, found.currency),
        currency: found.currency.toUpperCase(),
        createdAt: new Date(found.created * 1000),
        evidenceDueAt: due_by === null ? null : new Date(due_by * 1000),
      };
    },
  };
}
