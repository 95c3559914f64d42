import type Stripe from 'stripe';
import { z } from 'zod';
import { NotSent, type PaymentProvider, type ProviderTransfer } from '../provider/provider.ts';
import { amountOf } from './charges.ts';
import type { StripeClient } from './client.ts';
import { fromStripeAmount } from './currencies.ts';

type Transfers = Pick<
  PaymentProvider,
  | 'createAccount'
  | 'openAccountPage'
  | 'isAccountReady'
  | 'transfer'
  | 'findTransfer'
  | 'getTransfer'
>;

const PERSON = 'steward_person';
const PAYOUT_ID = 'steward_payout';
const GENERATION = 'steward_generation';

const account = z.object({
  id: z.string(),
  object: z.literal('account'),
  capabilities: z.object({ transfers: z.string().optional() }).optional(),
});

const accountLink = z.object({
  object: z.literal('account_link'),
  url: z.url(),
  expires_at: z.int(),
});

const transfer = z.object({
  id: z.string(),
  object: z.literal('transfer'),
  amount: z.int().positive(),
  currency: z.string().length(3),
  created: z.int(),
  destination: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
  /** Whole; a transfer reversed in part has still been paid. */
  reversed: z.boolean(),
});
type Transfer = z.infer<typeof transfer>;

function toTransfer(found: Transfer): ProviderTransfer {
  return {
    ref: found.id,
    payoutId: found.metadata[PAYOUT_ID] ?? '',
    generation: Number(found.metadata[GENERATION] ?? 0),
    state: found.reversed ? 'reversed' : 'paid',
    amountMinor: fromStripeAmount(found.amount, found.currency),
    currency: found.currency.toUpperCase(),
    createdAt: new Date(found.created * 1000),
  };
}

/** Payouts to workers: Connect accounts (Express) and transfers to them. */
export function stripeTransfers(client: StripeClient): Transfers {
  const { stripe } = client;
  return {
    async createAccount({ idempotencyKey, personKey, email }) {
      const about: Stripe.AccountCreateParams = {
        type: 'express',
        // Only to be paid: Stripe approves platforms of some countries for this on request.
        capabilities: { transfers: { requested: true } },
        metadata: { [PERSON]: personKey },
      };
      if (email) about.email = email;
      const made = await client.send('create account', account, idempotencyKey, (options) =>
        stripe.accounts.create(about, options),
      );
      return { ref: made.id };
    },
    async openAccountPage({ accountRef, returnUrl }) {
      // A link serves once and changes nothing by itself: each one asked for is a new one.
      const link = await client.send('open account page', accountLink, undefined, (options) =>
        stripe.accountLinks.create(
          {
            account: accountRef,
            type: 'account_onboarding',
            return_url: returnUrl,
            refresh_url: returnUrl,
          },
          options,
        ),
      );
      return { url: link.url, expiresAt: new Date(link.expires_at * 1000) };
    },
    async isAccountReady(accountRef) {
      const found = await client.read('get account', account, (options) =>
        stripe.accounts.retrieve(accountRef, {}, options),
      );
      return found?.capabilities?.transfers === 'active';
    },
    transfer: (request) => send(client, request),
    async findTransfer({ payoutId, generation, since }) {
      const created = { gte: Math.floor(since.getTime() / 1000) };
      const group = client.list('find transfer', transfer, (at, options) =>
        stripe.transfers.list({ ...at, transfer_group: payoutId, created }, options),
      );
      for await (const found of group) {
        const { metadata } = found;
        const same = metadata[PAYOUT_ID] === payoutId && metadata[GENERATION] === `${generation}`;
        if (same) return toTransfer(found);
      }
      return null;
    },
    async getTransfer(ref) {
      const found = await client.read('get transfer', transfer, (options) =>
        stripe.transfers.retrieve(ref, {}, options),
      );
      return found && toTransfer(found);
    },
  };
}

/**
 * What is wrong with our request or our key, not with this worker's account or our balance: the
 * next transfer would fare the same, so it is no outcome of this one.
 */
const OURS_TO_MEND = /^(parameter_|idempotency_|api_key_|secret_key_|platform_|amount_not_)/;

async function send(
  client: StripeClient,
  request: Parameters<Transfers['transfer']>[0],
): ReturnType<Transfers['transfer']> {
  const { payoutId, generation, accountRef, currency, description, idempotencyKey } = request;
  const amount = amountOf(request);
  const metadata = { [PAYOUT_ID]: payoutId, [GENERATION]: String(generation) };
  const ours = transfer.refine(
    (found) =>
      found.amount === amount &&
      found.currency === currency.toLowerCase() &&
      found.destination === accountRef &&
      found.metadata[PAYOUT_ID] === payoutId &&
      found.metadata[GENERATION] === String(generation),
    'another transfer than the one asked for',
  );
  const params: Stripe.TransferCreateParams = {
    amount,
    currency: currency.toLowerCase(),
    destination: accountRef,
    transfer_group: payoutId,
    description,
    metadata,
  };
  try {
    const done = await client.send('transfer', ours, idempotencyKey, (options) =>
      client.stripe.transfers.create(params, options),
    );
    return { outcome: 'paid', transfer: toTransfer(done) };
  } catch (error) {
    const refused = error instanceof NotSent && error.reason === 'refused' ? error.code : null;
    if (!refused || OURS_TO_MEND.test(refused)) throw error;
    return { outcome: 'failed', code: refused };
  }
}
