/** What Stripe answers instead of an object. */
export interface ErrorBody {
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  message: string;
  code?: string;
  param?: string;
  decline_code?: string;
  charge?: string;
  payment_intent?: unknown;
  payment_method?: unknown;
  setup_intent?: unknown;
}

/** An answer that is an error. `stored`: whether the idempotency key keeps it. */
export class ApiError extends Error {
  readonly status: number;
  readonly body: ErrorBody;
  readonly stored: boolean;

  constructor(status: number, body: ErrorBody, stored: boolean) {
    super(body.message);
    this.status = status;
    this.body = body;
    this.stored = stored;
  }
}

/**
 * Parameters that fail validation: refused before anything ran, so no key keeps it.
 * @param code empty where Stripe has none
 */
export function badParameter(code: string, param: string, message: string): ApiError {
  const body: ErrorBody = { type: 'invalid_request_error', param, message };
  if (code) body.code = code;
  return new ApiError(400, body, false);
}

/** A request that was understood and refused while it ran: its key keeps the refusal. */
export function refused(code: string, message: string, param?: string): ApiError {
  const body: ErrorBody = { type: 'invalid_request_error', code, message };
  if (param) body.param = param;
  return new ApiError(400, body, true);
}

/** An id in the path (404) or in a parameter (400) that nothing belongs to. */
export function missing(kind: string, id: string, param: string, status = 400): ApiError {
  const message = `No such ${kind}: '${id}'`;
  return new ApiError(
    status,
    { type: 'invalid_request_error', code: 'resource_missing', message, param },
    status === 400,
  );
}
