import { z } from 'zod';
import {
  type ChargeRequest,
  type ChargeState,
  NotSent,
  type PaymentProvider,
  type ProviderCharge,
} from '../provider/provider.ts';
import { declinedIntent } from './call-errors.ts';
import type { StripeClient } from './client.ts';
import { fromStripeAmount, toStripeAmount } from './currencies.ts';
import { type Decline, failureOf, wantsAuthentication } from './declines.ts';

type Charges = Pick<PaymentProvider, 'charge' | 'findCharge' | 'getCharge' | 'cancelCharge'>;

/** Names in Stripe's metadata; they are how a charge is found again. */
const CHARGE_ID = 'steward_charge';
const INVOICE_ID = 'steward_invoice';

const decline = z.object({
  code: z.string().nullish(),
  decline_code: z.string().nullish(),
  advice_code: z.string().nullish(),
}) satisfies z.ZodType<Decline>;

const intent = z.object({
  id: z.string().startsWith('pi_'),
  object: z.literal('payment_intent'),
  amount: z.int().positive(),
  currency: z.string().length(3),
  created: z.int(),
  customer: z.union([z.string(), z.object({ id: z.string() }).transform(({ id }) => id), z.null()]),
  metadata: z.record(z.string(), z.string()),
  last_payment_error: decline.nullable(),
  status: z.enum([
    'requires_payment_method',
    'requires_confirmation',
    'requires_action',
    'processing',
    'succeeded',
    'canceled',
  ]),
});
type Intent = z.infer<typeof intent>;

const STATES = {
  succeeded: 'succeeded',
  processing: 'processing',
  requires_action: 'requires_action',
  canceled: 'cancelled',
} satisfies { [status: string]: ChargeState };

function toCharge(found: Intent): ProviderCharge {
  const { id, metadata, amount, currency, created, status, last_payment_error: error } = found;
  const open = status === 'requires_payment_method' || status === 'requires_confirmation';
  // Refused off session for want of authentication: the intent itself goes back to its start.
  const mustAct = open && error !== null && wantsAuthentication(error);
  const refused: ChargeState = mustAct ? 'requires_action' : 'failed';
  const state = open ? refused : STATES[status];
  return {
    ref: id,
    chargeId: metadata[CHARGE_ID] ?? '',
    state,
    failure: state === 'failed' ? failureOf(error ?? { code: 'not_attempted' }) : null,
    amountMinor: fromStripeAmount(amount, currency),
    currency: currency.toUpperCase(),
    createdAt: new Date(created * 1000),
  };
}

/** Charges are PaymentIntents, confirmed at once and off session. */
export function stripeCharges(client: StripeClient): Charges {
  const { paymentIntents } = client.stripe;
  const getCharge = async (ref: string) => {
    // Disputes and refunds of charges that are none of ours name no PaymentIntent.
    if (ref === '') return null;
    const found = await client.read('get charge', intent, (options) =>
      paymentIntents.retrieve(ref, {}, options),
    );
    return found && toCharge(found);
  };
  return {
    charge: (request) => charge(client, request),
    findCharge: (query) => findCharge(client, query),
    getCharge,
    async cancelCharge(ref) {
      try {
        // Without a key of ours: a refusal of today must not be told again tomorrow.
        const cancelled = await client.send('cancel charge', intent, undefined, (options) =>
          paymentIntents.cancel(ref, {}, options),
        );
        return toCharge(cancelled);
      } catch (error) {
        if (!(error instanceof NotSent) || error.code !== 'payment_intent_unexpected_state') {
          throw error;
        }
        // It has succeeded, or was cancelled before: then it stands as it stands.
        const standing = await getCharge(ref);
        if (standing?.state === 'succeeded' || standing?.state === 'cancelled') return standing;
        throw error;
      }
    },
  };
}

async function charge(client: StripeClient, request: ChargeRequest): Promise<ProviderCharge> {
  const { idempotencyKey, chargeId, invoiceId, customerRef, currency } = request;
  const amount = amountOf(request);
  // An answer for another charge is no answer to this one.
  const ours = intent.refine(
    (found) =>
      found.amount === amount &&
      found.currency === currency.toLowerCase() &&
      found.customer === customerRef &&
      found.metadata[CHARGE_ID] === chargeId,
    'another charge than the one asked for',
  );
  const done = await client.send('charge', ours, idempotencyKey, (options) =>
    client.stripe.paymentIntents
      .create(
        {
          amount,
          currency: currency.toLowerCase(),
          customer: customerRef,
          payment_method: request.methodRef,
          confirm: true,
          // Nobody is there to be sent to another page; without this Stripe wants a return_url.
          automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
          off_session: true,
          description: request.description,
          metadata: { [CHARGE_ID]: chargeId, [INVOICE_ID]: invoiceId },
        },
        options,
      )
      .catch(declinedIntent),
  );
  return toCharge(done);
}

/** @throws NotSent for amounts that the API has no number for */
export function amountOf({ amountMinor, currency }: { amountMinor: bigint; currency: string }) {
  try {
    return toStripeAmount(amountMinor, currency);
  } catch (error) {
    const message = error instanceof Error ? error.message : 'The amount is not possible.';
    throw new NotSent('refused', message, 'amount_not_possible', error);
  }
}

/** The best first, should there ever be two of one charge. */
const RANK: ChargeState[] = ['succeeded', 'processing', 'requires_action', 'failed', 'cancelled'];

/** Lists rather than searches: Stripe's search may be a minute behind. */
async function findCharge(
  client: StripeClient,
  query: { customerRef: string; chargeId: string; since: Date },
): Promise<ProviderCharge | null> {
  const created = { gte: Math.floor(query.since.getTime() / 1000) };
  const intents = client.list('find charge', intent, (at, options) =>
    client.stripe.paymentIntents.list({ ...at, customer: query.customerRef, created }, options),
  );
  let best: ProviderCharge | null = null;
  for await (const found of intents) {
    if (found.metadata[CHARGE_ID] !== query.chargeId) continue;
    const next = toCharge(found);
    if (!best || RANK.indexOf(next.state) < RANK.indexOf(best.state)) best = next;
  }
  return best;
}
