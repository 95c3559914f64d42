import { z } from 'zod';
import type { BalanceEntry, PaymentProvider } from '../provider/provider.ts';
import type { StripeClient } from './client.ts';
import { fromStripeAmount } from './currencies.ts';
import { oldestFirst } from './oldest-first.ts';

/** What we need of the thing that moved, whatever it is. */
const source = z.object({
  id: z.string(),
  object: z.string(),
  /** Of a charge: the PaymentIntent, which is what we call the charge. */
  payment_intent: z.string().nullish(),
  /** Of a reversal: the transfer that came back. */
  transfer: z.string().nullish(),
});

const movement = z.object({
  id: z.string(),
  object: z.literal('balance_transaction'),
  amount: z.int(),
  fee: z.int(),
  currency: z.string().length(3),
  created: z.int(),
  reporting_category: z.string(),
  source: z.union([z.string(), source]).nullable(),
});
type Movement = z.infer<typeof movement>;

/** By reporting category, https://docs.stripe.com/reports/reporting-categories. */
const KINDS = new Map<string, BalanceEntry['kind']>([
  ['charge', 'charge'],
  ['refund', 'refund'],
  ['partial_capture_reversal', 'refund'],
  ['refund_failure', 'refund-failed'],
  ['dispute', 'dispute'],
  ['dispute_reversal', 'dispute-returned'],
  ['transfer', 'transfer'],
  ['transfer_reversal', 'transfer-reversed'],
  ['payout', 'payout'],
  ['payout_reversal', 'payout-failed'],
  ['topup', 'top-up'],
  ['topup_reversal', 'top-up'],
  ['fee', 'fee'],
  ['network_cost', 'fee'],
  ['tax', 'fee'],
]);

const WITH_SOURCE = new Set<BalanceEntry['kind']>([
  'charge',
  'refund',
  'refund-failed',
  'dispute',
  'dispute-returned',
  'transfer',
  'transfer-reversed',
]);

function toEntry(found: Movement): BalanceEntry {
  const kind = KINDS.get(found.reporting_category) ?? 'other';
  return {
    ref: found.id,
    kind,
    sourceRef: WITH_SOURCE.has(kind) ? refOf(found.source) : null,
    amountMinor: fromStripeAmount(found.amount, found.currency),
    feeMinor: fromStripeAmount(found.fee, found.currency),
    currency: found.currency.toUpperCase(),
    createdAt: new Date(found.created * 1000),
  };
}

function refOf(moved: Movement['source']): string | null {
  if (moved === null || typeof moved === 'string') return moved;
  if (moved.object === 'charge') return moved.payment_intent ?? moved.id;
  if (moved.object === 'transfer_reversal') return moved.transfer ?? moved.id;
  return moved.id;
}

/** Movements of the balance. */
export function stripeBalance(client: StripeClient): Pick<PaymentProvider, 'listBalance'> {
  return {
    listBalance: ({ from, to }) =>
      oldestFirst(
        { from, to },
        (created) =>
          client.list(
            'list balance',
            movement,
            async (at, options) =>
              await client.stripe.balanceTransactions.list(
                { ...at, created, expand: ['data.source'] },
                options,
              ),
          ),
        toEntry,
      ),
  };
}
