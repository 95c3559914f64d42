import type Stripe from 'stripe';
import type { Clock } from '../../../platform/clock.ts';
import type { Logger } from '../../../platform/log.ts';
import type { PaymentProvider } from '../provider/provider.ts';
import { stripeBalance } from './balance.ts';
import { stripeCharges } from './charges.ts';
import { openClient } from './client.ts';
import { chargeStep, leastCharge } from './currencies.ts';
import { stripeCustomers } from './customers.ts';
import { stripeDisputes } from './disputes.ts';
import { stripeEvents } from './events.ts';
import { stripeRefunds } from './refunds.ts';
import { stripeTransfers } from './transfers.ts';

export interface StripeOptions {
  secretKey: string;
  /** One, or two while they are rotated; with none every webhook is refused. */
  webhookSecrets: readonly string[];
  /** An emulator's URL, such as `http://127.0.0.1:4242`; Stripe itself without it. */
  apiBase?: string | undefined;
  /** Of the deployment: decides which payment methods the hosted page can offer. */
  currency: string;
  clock: Clock;
  log?: Logger;
  /** Silence after which a call is given up and nobody knows how it ended; 30 s without it. */
  timeoutMs?: number;
}

/** Stripe needs up to 20 s where a bank is slow; what takes longer is settled by asking. */
const TIMEOUT_MS = 30_000;

/** Real money (or a test mode's): Stripe by its official SDK, which is loaded here, not before. */
export async function createStripeProvider(options: StripeOptions): Promise<PaymentProvider> {
  const { secretKey, webhookSecrets, apiBase, currency, clock, timeoutMs = TIMEOUT_MS } = options;
  const client = await openClient({ secretKey, apiBase, timeoutMs });
  const { log } = options;
  if (log) {
    // Ids and times only: parameters and bodies hold personal data.
    client.stripe.on('response', (told: Stripe.ResponseEvent) => {
      const { method, path, status, elapsed: elapsedMs, request_id: requestId } = told;
      log.debug({ method, path, status, elapsedMs, requestId }, 'stripe call');
    });
  }
  return {
    name: 'stripe',
    movesMoney: true,
    chargeStep,
    leastCharge,
    ...stripeCustomers(client, currency),
    ...stripeCharges(client),
    ...stripeRefunds(client),
    ...stripeDisputes(client),
    ...stripeTransfers(client),
    ...stripeBalance(client),
    ...stripeEvents(client, clock, webhookSecrets),
  };
}
