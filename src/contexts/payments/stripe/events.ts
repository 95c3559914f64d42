import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../../platform/clock.ts';
import { type PaymentProvider, type ProviderEvent, WebhookRefused } from '../provider/provider.ts';
import type { StripeClient } from './client.ts';
import { oldestFirst } from './oldest-first.ts';

/** No transforms here: the payload is kept as it came. */
const reference = z.union([z.string(), z.looseObject({ id: z.string() })]);
type Reference = z.infer<typeof reference>;

/** What we need of the thing an event is about, whatever it is. */
const subject = z.object({
  id: z.string().nullish(),
  payment_intent: reference.nullish(),
  customer: reference.nullish(),
});

const event = z.looseObject({
  id: z.string(),
  object: z.literal('event'),
  type: z.string(),
  created: z.int(),
  data: z.looseObject({
    object: subject.loose(),
    previous_attributes: z.looseObject({ customer: reference.nullish() }).nullish(),
  }),
});
type Event = z.infer<typeof event>;

type Hint = Pick<ProviderEvent, 'about' | 'objectRef'>;

/** Where to look, by the event's type. The first prefix that fits counts. */
const SUBJECTS: readonly [prefix: string, look: (event: Event) => Hint][] = [
  ['payment_intent.', (told) => hint('charge', told.data.object.id)],
  ['charge.refund.', (told) => hint('refund', told.data.object.id)],
  ['charge.dispute.', (told) => hint('dispute', told.data.object.id)],
  // A charge is one attempt at the intent; `charge.refunded` too is about the intent's refunds.
  ['charge.', (told) => hint('charge', told.data.object.payment_intent)],
  ['refund.', (told) => hint('refund', told.data.object.id)],
  ['transfer.', (told) => hint('transfer', told.data.object.id)],
  ['account.updated', (told) => hint('account', told.data.object.id)],
  ['checkout.session.completed', (told) => hint('method', told.data.object.customer)],
  ['setup_intent.succeeded', (told) => hint('method', told.data.object.customer)],
  [
    'payment_method.',
    ({ data }) => hint('method', data.object.customer ?? data.previous_attributes?.customer),
  ],
];

const NOTHING: Hint = { about: 'other', objectRef: null };

function hint(about: ProviderEvent['about'], to: Reference | null | undefined): Hint {
  return to ? { about, objectRef: typeof to === 'string' ? to : to.id } : NOTHING;
}

function toEvent(told: Event): ProviderEvent {
  const look = SUBJECTS.find(([prefix]) => told.type.startsWith(prefix))?.[1];
  return {
    id: told.id,
    type: told.type,
    ...(look ? look(told) : NOTHING),
    createdAt: new Date(told.created * 1000),
    payload: told,
  };
}

/** Stripe keeps events for 30 days; what is older is simply not listed. */
export function stripeEvents(
  client: StripeClient,
  clock: Clock,
  webhookSecrets: readonly string[],
): Pick<PaymentProvider, 'listEvents' | 'readWebhook'> {
  return {
    listEvents: (since) => {
      // Events of the same second may have come before or after: better told twice.
      const from = new Date(Math.floor(since.getTime() / 1000) * 1000);
      return oldestFirst(
        { from, now: clock.now() },
        (created) =>
          client.list('list events', event, (at, options) =>
            client.stripe.events.list({ ...at, created }, options),
          ),
        toEvent,
      );
    },
    readWebhook(rawBody, signature, now) {
      checkSignature(rawBody, signature, now, webhookSecrets);
      const told = event.safeParse(parseJson(rawBody));
      if (told.success) return toEvent(told.data);
      throw new WebhookRefused('malformed', 'The webhook is signed but is no event of Stripe.');
    },
  };
}

function parseJson(rawBody: Buffer): unknown {
  try {
    return JSON.parse(rawBody.toString('utf8'));
  } catch {
    return undefined;
  }
}

const TOLERANCE_SECONDS = 300;

/**
 * `Stripe-Signature: t=…,v1=…[,v1=…]`: HMAC-SHA256 of `t.body`, one for each secret while Stripe
 * rolls them, https://docs.stripe.com/webhooks/signature. As in the SDK, but on a clock and with
 * secrets of our own, and with reasons that can be told apart.
 */
function checkSignature(
  rawBody: Buffer,
  header: string | undefined,
  now: Date,
  secrets: readonly string[],
): void {
  const parts = (header ?? '').split(',').map((part) => part.trim().split('='));
  const valuesOf = (name: string) =>
    parts.flatMap(([key, value]) => (key === name && value ? [value] : []));
  const [signedAt] = valuesOf('t');
  const signatures = valuesOf('v1').map((hex) => Buffer.from(hex, 'hex'));
  if (!signedAt || !/^\d+$/.test(signedAt) || signatures.length === 0) {
    throw new WebhookRefused('signature_missing', 'The webhook has no signature of Stripe.');
  }
  const signed = secrets.some((secret) => {
    const hmac = createHmac('sha256', secret).update(`${signedAt}.`).update(rawBody).digest();
    return signatures.some((found) => found.length === hmac.length && timingSafeEqual(found, hmac));
  });
  if (!signed) {
    throw new WebhookRefused('signature_wrong', 'The webhook is not signed with a known secret.');
  }
  const ageSeconds = Math.floor(now.getTime() / 1000) - Number(signedAt);
  if (ageSeconds > TOLERANCE_SECONDS) {
    const message = `The webhook was signed ${ageSeconds} s ago; ${TOLERANCE_SECONDS} s are allowed.`;
    throw new WebhookRefused('too_old', message);
  }
}
