import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorKind, type Issue, StewardError } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import { TokenError } from '../platform/tokens/principal.ts';
import { allowedSteps } from './allowed-steps.ts';
import { PROBLEMS, type ProblemCode, problemType } from './problems.ts';

/** A problem as it is answered (RFC 9457), with its own members beside the standard ones. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  errors?: readonly Issue[];
  [member: string]: unknown;
}

/** A problem of HTTP itself, which no context knows. */
export class HttpProblem extends Error {
  readonly code: ProblemCode;
  readonly issues: readonly Issue[];
  readonly data: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    detail: string,
    more: {
      issues?: readonly Issue[];
      data?: Record<string, unknown>;
      headers?: Record<string, string>;
    } = {},
  ) {
    super(detail);
    this.name = 'HttpProblem';
    this.code = code;
    this.issues = more.issues ?? [];
    this.data = more.data ?? {};
    this.headers = more.headers ?? {};
  }
}

/** The one place where the kinds of a context become HTTP. */
const STATUS_OF_KIND: Record<ErrorKind, number> = {
  // 400 is kept for requests whose form is wrong; here it was understood.
  invalid: 422,
  not_found: 404,
  conflict: 409,
  forbidden: 403,
  unavailable: 503,
};

const TITLE_OF_KIND: Record<ErrorKind, string> = {
  invalid: 'The input is not acceptable',
  not_found: 'No such thing',
  conflict: 'Not possible at present',
  forbidden: 'Not allowed',
  unavailable: 'Not available at the moment',
};

/** Seconds after which trying again is sensible. */
const RETRY_AFTER_UNAVAILABLE = '2';
const RETRY_AFTER_IN_FLIGHT = '1';

/** What Fastify and Node say, in our words. */
const FRAMEWORK_CODES: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'request_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed_request',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_json',
  FST_ERR_BAD_URL: 'malformed_request',
  FST_ERR_MAX_PARAM_LENGTH: 'not_found',
};

/** A problem and the headers that go with it. */
export interface ProblemAnswer {
  problem: Problem;
  headers: Record<string, string>;
}

/**
 * Makes the answer for anything that was thrown while serving a request.
 * @param send how it is told; as JSON without it
 */
export function createErrorHandler(log: Logger, send = sendProblem) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const answer = toAnswer(error, request);
    if (answer.problem.status >= 500) {
      const level = answer.problem.status === 500 ? 'error' : 'warn';
      log[level]({ requestId: request.id, code: answer.problem.code, err: error }, 'no answer');
    }
    send(reply, answer);
  };
}

/** Sends a problem; HEAD gets its headers. */
export function sendProblem(reply: FastifyReply, { problem, headers }: ProblemAnswer): void {
  reply
    .code(problem.status)
    .headers(headers)
    .header('content-type', 'application/problem+json')
    .serializer(JSON.stringify)
    .send(problem);
}

function toAnswer(error: unknown, request: FastifyRequest): ProblemAnswer {
  if (error instanceof StewardError) return fromContext(error, request);
  if (error instanceof HttpProblem) return httpProblem(error);
  if (error instanceof TokenError) return unauthenticated(error);
  return fromFramework(error, request);
}

/** The answer for a problem of HTTP itself. */
export function httpProblem(error: HttpProblem): ProblemAnswer {
  const kind = PROBLEMS.get(error.code);
  return {
    problem: {
      ...error.data,
      type: problemType(error.code),
      title: kind?.title ?? error.code,
      status: kind?.status ?? 400,
      detail: error.message,
      code: error.code,
      ...(error.issues.length > 0 && { errors: error.issues }),
    },
    headers: { ...error.headers },
  };
}

function fromContext(error: StewardError, request: FastifyRequest): ProblemAnswer {
  // A problem has a "status" of its own; the order's goes beside it.
  const { status: orderStatus, ...data } = error.data;
  const allowed = allowedSteps(data.allowed, request.principal?.role);
  const headers: Record<string, string> = {};
  if (error.kind === 'unavailable') headers['retry-after'] = RETRY_AFTER_UNAVAILABLE;
  if (error.code === 'request_in_flight') headers['retry-after'] = RETRY_AFTER_IN_FLIGHT;
  return {
    problem: {
      ...data,
      ...(orderStatus !== undefined && { orderStatus }),
      ...(allowed && { allowed }),
      type: problemType(error.code),
      title: PROBLEMS.get(error.code)?.title ?? TITLE_OF_KIND[error.kind],
      status: STATUS_OF_KIND[error.kind],
      detail: error.message,
      code: error.code,
      ...(error.issues.length > 0 && { errors: error.issues }),
    },
    headers,
  };
}

function unauthenticated(error: TokenError): ProblemAnswer {
  const known = error.code !== 'token_missing';
  const answer = httpProblem(new HttpProblem(error.code, error.message));
  // RFC 6750, section 3: no error code where no token was sent.
  answer.headers['www-authenticate'] =
    `Bearer realm="steward"${known ? ', error="invalid_token"' : ''}`;
  return answer;
}

function fromFramework(error: unknown, request: FastifyRequest): ProblemAnswer {
  const { code, statusCode = 500 } = (error ?? {}) as Partial<FastifyError>;
  if (error instanceof Error && statusCode >= 400 && statusCode < 500) {
    const known = FRAMEWORK_CODES[code ?? ''] ?? 'malformed_request';
    return httpProblem(new HttpProblem(known, frameworkSentence(known, error)));
  }
  const problem = new HttpProblem(
    'internal_error',
    'The request could not be answered because of a fault on our side.',
    { data: { requestId: request.id } },
  );
  return httpProblem(problem);
}

function frameworkSentence(code: ProblemCode, error: Error): string {
  const kind = PROBLEMS.get(code);
  if (code === 'malformed_json') return `The body cannot be read as JSON: ${error.message}.`;
  if (code === 'malformed_request') return `The request cannot be read: ${error.message}.`;
  return `${kind?.title ?? code}. ${kind?.meaning ?? ''}`.trim();
}
