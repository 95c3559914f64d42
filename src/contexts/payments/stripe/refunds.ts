import { z } from 'zod';
import type { PaymentProvider, ProviderRefund } from '../provider/provider.ts';
import { amountOf } from './charges.ts';
import type { StripeClient } from './client.ts';
import { fromStripeAmount } from './currencies.ts';

type Refunds = Pick<PaymentProvider, 'refund' | 'findRefund' | 'getRefund' | 'listRefunds'>;

const REFUND_ID = 'steward_refund';

const refund = z.object({
  id: z.string(),
  object: z.literal('refund'),
  amount: z.int().positive(),
  currency: z.string().length(3),
  created: z.int(),
  /** Null of refunds of charges that were made without one: not ours. */
  payment_intent: z.string().nullable(),
  metadata: z.record(z.string(), z.string()).nullable(),
  status: z.enum(['pending', 'requires_action', 'succeeded', 'failed', 'canceled']),
  failure_reason: z.string().nullish(),
});
type Refund = z.infer<typeof refund>;

const STATES = {
  pending: 'pending',
  requires_action: 'pending',
  succeeded: 'succeeded',
  failed: 'failed',
  canceled: 'failed',
} satisfies { [status in Refund['status']]: ProviderRefund['state'] };

function toRefund(found: Refund): ProviderRefund {
  const { id, metadata, payment_intent, status, failure_reason, amount, currency, created } = found;
  const failed = STATES[status] === 'failed';
  return {
    ref: id,
    refundId: metadata?.[REFUND_ID] ?? null,
    chargeRef: payment_intent ?? '',
    state: STATES[status],
    failureCode: failed ? (failure_reason ?? status) : null,
    amountMinor: fromStripeAmount(amount, currency),
    currency: currency.toUpperCase(),
    createdAt: new Date(created * 1000),
  };
}

/** Refunds of PaymentIntents, whole or in part. */
export function stripeRefunds(client: StripeClient): Refunds {
  const { refunds } = client.stripe;
  const listRefunds = async (chargeRef: string) => {
    const found = client.list('list refunds', refund, (at, options) =>
      refunds.list({ ...at, payment_intent: chargeRef }, options),
    );
    const all: ProviderRefund[] = [];
    for await (const each of found) all.push(toRefund(each));
    return all.reverse();
  };
  return {
    async refund(request) {
      const { idempotencyKey, refundId, chargeRef, currency } = request;
      const amount = amountOf(request);
      const ours = refund.refine(
        (found) =>
          found.amount === amount &&
          found.currency === currency.toLowerCase() &&
          found.payment_intent === chargeRef &&
          found.metadata?.[REFUND_ID] === refundId,
        'another refund than the one asked for',
      );
      const metadata = { [REFUND_ID]: refundId };
      const done = await client.send('refund', ours, idempotencyKey, (options) =>
        refunds.create({ payment_intent: chargeRef, amount, metadata }, options),
      );
      return toRefund(done);
    },
    async findRefund({ chargeRef, refundId }) {
      const all = await listRefunds(chargeRef);
      return all.find((found) => found.refundId === refundId) ?? null;
    },
    async getRefund(ref) {
      const found = await client.read('get refund', refund, (options) =>
        refunds.retrieve(ref, {}, options),
      );
      return found && toRefund(found);
    },
    listRefunds,
  };
}
