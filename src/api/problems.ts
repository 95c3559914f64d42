/** One kind of problem that the API answers with: what `code` and `type` stand for. */
export interface ProblemKind {
  status: number;
  title: string;
  /** What it means and what to do about it. */
  meaning: string;
}

const kinds = {
  // The request itself.
  malformed_json: [400, 'The body is not JSON', 'Send one JSON document in UTF-8.'],
  malformed_multipart: [400, 'The form is damaged', 'Send multipart/form-data with a boundary.'],
  malformed_request: [400, 'The request is not well-formed HTTP', 'Check address and headers.'],
  invalid_request: [
    400,
    'The request has faults',
    'Every fault is in `errors` with its path. Mend them and send the request again.',
  ],
  idempotency_key_required: [
    400,
    'The header Idempotency-Key is missing',
    'Make up a key per order (a UUID does), and send the same key when you send the order again.',
  ],
  idempotency_key_malformed: [
    400,
    'The header Idempotency-Key is not acceptable',
    'Use 1 to 200 visible ASCII characters.',
  ],
  not_found: [404, 'There is nothing at this address', 'See /docs for the addresses.'],
  method_not_allowed: [405, 'This address has no such method', 'The header Allow lists them.'],
  request_timeout: [408, 'The request came too slowly', 'Send it again.'],
  request_too_large: [
    413,
    'The request is too large',
    'JSON: 64 KB at most. Photos: 10 MB. Webhooks: 1 MB.',
  ],
  unsupported_media_type: [
    415,
    'The body is of a type that this address does not take',
    'Send application/json in UTF-8, or multipart/form-data where a photo is asked for.',
  ],
  headers_too_large: [431, 'The headers are too large', 'Send 16 KB of headers at most.'],
  too_many_requests: [429, 'Too many requests', 'Wait for as many seconds as Retry-After says.'],
  webhook_refused: [
    400,
    'The webhook is not signed by the payment provider',
    'Its signature is missing, wrong, or too old. Compare the signing secrets.',
  ],
  // Who asks.
  token_missing: [401, 'No token', 'Send "Authorization: Bearer <token>".'],
  token_malformed: [401, 'The token is not a JWT', 'Send the token as it was issued.'],
  token_expired: [401, 'The token has expired', 'Get a new one.'],
  token_not_trusted: [401, 'The token is not trusted', 'Get one from the configured issuer.'],
  token_claims: [401, 'The token lacks a claim', '`sub`, `role` and `exp` are needed.'],
  wrong_role: [403, 'Not for this role', 'Each request in /docs says which role it is for.'],
  not_a_worker: [403, 'Nobody of our workers', 'Ask the hiring department for the right `sub`.'],
  not_a_customer: [403, 'Only for customers', 'Workers leave `paymentMethod` out.'],
  // What is asked for.
  order_not_found: [404, 'No such order', 'It does not exist, or is not yours.'],
  invoice_not_found: [404, 'No such invoice', 'It does not exist, or is not yours.'],
  payout_not_found: [404, 'No such payout', 'It does not exist, or is not yours.'],
  invalid_input: [422, 'The input is not acceptable', 'Every fault is in `errors` with its path.'],
  invalid_cursor: [422, 'No cursor of this list', 'Send `nextCursor` as it was given.'],
  service_not_found: [422, 'No such service', 'GET /v1/services lists what can be ordered.'],
  service_inactive: [422, 'Not sold at the moment', 'GET /v1/services lists what can be ordered.'],
  not_a_photo: [422, 'Not a photo', 'Send a JPEG, PNG, WebP or HEIC picture.'],
  method_refused: [
    422,
    'The payment provider refused the payment method',
    '`detail` says why. Give another one.',
  ],
  idempotency_key_reused: [
    422,
    'The key was used for another request',
    'A key stands for one request. Make up a new key for a new request.',
  ],
  request_in_flight: [
    409,
    'The same request is being done at this moment',
    'Send it again after as many seconds as Retry-After says; the answer will be the first one’s.',
  ],
  illegal_transition: [
    409,
    'Not possible in this state',
    '`allowed` lists what you can do with the order now.',
  ],
  nobody_free: [
    409,
    'Nobody is free at that time',
    'Nothing was ordered. `nearestTimes` has up to three times at which somebody is.',
  ],
  not_failed: [409, 'The order has not failed', 'Only a failed order can be booked again.'],
  already_rebooked: [409, 'Booked again already', '`orderId` is the copy.'],
  check_in_too_late: [409, 'Too late to check in', 'The order fails as a no-show.'],
  not_completed: [409, 'The order is not completed', 'Rate it once it is.'],
  already_rated: [409, 'The order was rated already', 'A rating cannot be changed.'],
  no_order_yet: [
    409,
    'No order yet',
    'Workers give their account for pay once they have been given an order.',
  ],
  // Our side.
  internal_error: [
    500,
    'Something is wrong on our side',
    'Tell us the `requestId`. With an Idempotency-Key it is safe to send the request again.',
  ],
  database_unavailable: [503, 'The database does not answer', 'Try again after Retry-After.'],
  issuer_unavailable: [503, 'The token cannot be checked now', 'Try again after Retry-After.'],
  token_key_unreadable: [503, 'The token cannot be checked now', 'Try again after Retry-After.'],
  photo_store_unavailable: [503, 'The photo cannot be stored now', 'Try again after Retry-After.'],
  provider_unavailable: [
    503,
    'The payment provider does not answer now',
    'Try again after Retry-After.',
  ],
  not_ready: [503, 'Not ready for requests', '`checks` says what is missing.'],
} as const satisfies Record<string, readonly [number, string, string]>;

export type ProblemCode = keyof typeof kinds;

/** Every problem that is documented; codes that a context adds fall back to their kind's title. */
export const PROBLEMS: ReadonlyMap<string, ProblemKind> = new Map(
  Object.entries(kinds).map(([code, [status, title, meaning]]) => [
    code,
    { status, title, meaning },
  ]),
);

/** The address of a problem's description: what `type` names (RFC 9457, section 3.1.1). */
export function problemType(code: string): string {
  return `/problems/${code}`;
}
