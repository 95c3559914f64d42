import { NotSent } from '../provider/provider.ts';

/** What we use of the SDK's errors; told apart by shape, since the SDK is loaded late. */
interface SdkError extends Error {
  /** Such as `StripeConnectionError`. */
  type: string;
  /** The API's own word, such as `invalid_request_error`. */
  rawType?: string;
  statusCode?: number;
  code?: string;
  decline_code?: string;
  detail?: unknown;
  payment_intent?: unknown;
}

function isSdkError(error: unknown): error is SdkError {
  return (
    error instanceof Error &&
    'type' in error &&
    typeof error.type === 'string' &&
    error.type.startsWith('Stripe')
  );
}

/** There is no object with the id in the path. */
export function isMissing(error: unknown): boolean {
  return isSdkError(error) && error.statusCode === 404 && error.code === 'resource_missing';
}

/** The PaymentIntent that a card was refused for: a refusal is an answer. @throws all else again */
export function declinedIntent(error: unknown): unknown {
  const declined = isSdkError(error) && error.statusCode === 402 && error.rawType === 'card_error';
  if (declined && error.payment_intent) return error.payment_intent;
  throw error;
}

/** With these the API tells that it has understood a request and has not carried it out. */
const REFUSING_STATUSES = new Set([400, 401, 402, 403, 404]);
const REFUSING_TYPES = new Set(['invalid_request_error', 'card_error', 'authentication_error']);

/**
 * Sorts a failed call: NotSent where nothing can have happened, else an error that says that nobody
 * knows. Not refusals are: 409 (the same key is at work now), `idempotency_error` (the key has done
 * something else before), 5xx (also a stored one that is told again), and 4xx of other senders.
 */
export function translate(what: string): (error: unknown) => never {
  return (error) => {
    if (!isSdkError(error)) throw error;
    const { statusCode = 0, rawType = '', message } = error;
    const code = error.decline_code || error.code || null;
    if (error.type === 'StripeConnectionError' && neverLeft(error.detail)) {
      throw new NotSent('unreachable', `Stripe (${what}) cannot be reached.`, code, error);
    }
    if (error.type === 'StripeRateLimitError') {
      throw new NotSent('rate_limited', `Stripe (${what}): ${message}`, code, error);
    }
    if (statusCode === 401 || (statusCode === 403 && rawType === 'invalid_request_error')) {
      // Our key is wrong or lacks a right: ops mend that, and then the same request goes through.
      throw new NotSent('unreachable', `Stripe (${what}) refuses our key: ${message}`, code, error);
    }
    if (REFUSING_STATUSES.has(statusCode) && REFUSING_TYPES.has(rawType)) {
      throw new NotSent('refused', `Stripe (${what}) refuses: ${message}`, code, error);
    }
    throw new Error(`Stripe (${what}): nobody knows whether it happened: ${message}`, {
      cause: error,
    });
  };
}

const NO_CONNECTION = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** The request never left: there was no connection to send it over. */
function neverLeft(detail: unknown): boolean {
  if (detail instanceof AggregateError) return detail.errors.every(neverLeft);
  if (!(detail instanceof Error) || !('code' in detail) || !('syscall' in detail)) return false;
  const { code, syscall } = detail;
  const connecting = syscall === 'connect' || syscall === 'getaddrinfo';
  return connecting && typeof code === 'string' && NO_CONNECTION.has(code);
}
