import { createHmac, timingSafeEqual } from 'node:crypto';
import { forbidden } from '../../../platform/errors.ts';
import type { PaymentsDependencies } from '../dependencies.ts';

type Deps = Pick<PaymentsDependencies, 'db' | 'publicUrl'>;

/** Below {@link PaymentsDependencies.publicUrl}; the token follows. */
export const METHOD_LINK_PATH = '/pay/';

const VALID_DAYS = 30;
const DAY_SECONDS = 86_400;
const ID_BYTES = 16;
const BODY_BYTES = ID_BYTES + 4 + 4;
const SIGNATURE_BYTES = 32;

/** Address for a mail. The token holds customer and end, signed; nothing is stored per mail. */
export async function makeMethodLink(deps: Deps, customerId: string, now: Date): Promise<string> {
  const key = await deps.db
    .selectFrom('payments.link_keys')
    .select(['id', 'secret'])
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  const body = Buffer.alloc(BODY_BYTES);
  body.write(customerId.replaceAll('-', ''), 0, 'hex');
  body.writeUInt32BE(Math.floor(now.getTime() / 1_000) + VALID_DAYS * DAY_SECONDS, ID_BYTES);
  body.writeUInt32BE(key.id, ID_BYTES + 4);
  const token = Buffer.concat([body, sign(body, key.secret)]).toString('base64url');
  return `${deps.publicUrl}${METHOD_LINK_PATH}${token}`;
}

/**
 * The customer whom a link was made for.
 * @throws StewardError `link_invalid`, `link_expired`
 */
export async function readMethodLink(
  deps: Pick<Deps, 'db'>,
  token: string,
  now: Date,
): Promise<string> {
  const bytes = Buffer.from(token, 'base64url');
  // Other texts of the same bytes are none of ours either.
  const wellFormed =
    bytes.length === BODY_BYTES + SIGNATURE_BYTES && bytes.toString('base64url') === token;
  if (!wellFormed) throw linkInvalid();
  const body = bytes.subarray(0, BODY_BYTES);
  const keyId = body.readUInt32BE(ID_BYTES + 4);
  const key = await deps.db
    .selectFrom('payments.link_keys')
    .select('secret')
    .where((eb) => eb(eb.cast('id', 'bigint'), '=', BigInt(keyId)))
    .executeTakeFirst();
  if (!key || !timingSafeEqual(sign(body, key.secret), bytes.subarray(BODY_BYTES))) {
    throw linkInvalid();
  }
  if (body.readUInt32BE(ID_BYTES) * 1_000 <= now.getTime()) {
    throw forbidden(
      'link_expired',
      `This link was valid for ${VALID_DAYS} days. Sign in to give a payment method, or ask for a new link.`,
    );
  }
  const hex = body.toString('hex', 0, ID_BYTES);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function sign(body: Buffer, secret: Buffer): Buffer {
  return createHmac('sha256', secret).update('payment-method-link').update(body).digest();
}

function linkInvalid() {
  return forbidden('link_invalid', 'This link is not one of ours, or it was changed on its way.');
}
