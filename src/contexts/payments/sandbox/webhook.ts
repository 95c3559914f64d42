import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { type ProviderEvent, WebhookRefused } from '../provider/provider.ts';

/** As Stripe: a signature counts for five minutes. */
const TOLERANCE_SECONDS = 300;

const eventSchema = z.object({
  id: z.string().min(1),
  type: z.string(),
  about: z.enum(['charge', 'refund', 'dispute', 'transfer', 'method', 'account', 'other']),
  objectRef: z.string().nullable(),
  createdAt: z.iso.datetime(),
});

function sign(secret: string, seconds: number, body: Buffer): Buffer {
  return createHmac('sha256', secret).update(`${seconds}.`).update(body).digest();
}

/** A webhook as the sandbox would send it: body and signature, in Stripe's form. */
export function signSandboxWebhook(
  secret: string,
  event: ProviderEvent,
  now: Date,
): { rawBody: Buffer; signature: string } {
  const { id, type, about, objectRef, createdAt } = event;
  const rawBody = Buffer.from(JSON.stringify({ id, type, about, objectRef, createdAt }));
  const seconds = Math.floor(now.getTime() / 1_000);
  const signature = `t=${seconds},v1=${sign(secret, seconds, rawBody).toString('hex')}`;
  return { rawBody, signature };
}

/**
 * See {@link PaymentProvider.readWebhook}.
 * @param secret without one no webhook is believed: the sandbox's events are found by polling
 */
export function readSandboxWebhook(
  secret: string | undefined,
  rawBody: Buffer,
  signature: string | undefined,
  now: Date,
): ProviderEvent {
  if (!signature) {
    throw new WebhookRefused('signature_missing', 'The webhook carries no signature.');
  }
  const [, time, hex] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
  const seconds = Number(time);
  const right = secret && hex ? sign(secret, seconds, rawBody) : undefined;
  if (!right || !hex || !timingSafeEqual(right, Buffer.from(hex, 'hex'))) {
    throw new WebhookRefused('signature_wrong', 'The webhook was not signed by the sandbox.');
  }
  if (Math.abs(now.getTime() / 1_000 - seconds) > TOLERANCE_SECONDS) {
    throw new WebhookRefused(
      'too_old',
      `The webhook was signed more than ${TOLERANCE_SECONDS} seconds away from now.`,
    );
  }
  return readBody(rawBody);
}

function readBody(rawBody: Buffer): ProviderEvent {
  let payload: unknown;
  try {
    payload = JSON.parse(rawBody.toString('utf8'));
  } catch {
    payload = undefined;
  }
  const event = eventSchema.safeParse(payload);
  if (!event.success) {
    throw new WebhookRefused('malformed', 'The webhook is signed, but is no event.');
  }
  return { ...event.data, createdAt: new Date(event.data.createdAt), payload };
}
