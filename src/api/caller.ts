import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Actor } from '../contexts/orders/index.ts';
import { forbidden } from '../platform/errors.ts';
import { type Principal, type Role, TokenError } from '../platform/tokens/principal.ts';
import type { ApiDependencies } from './dependencies.ts';
import { HttpProblem } from './errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the route. Without it the route is open to anybody. */
    role?: Role;
  }
  interface FastifyRequest {
    /** Whom the token names; set on every route that has a role. */
    principal: Principal | null;
    /** The same as the contexts know it: the customer, the worker, or the clerk. */
    caller: Actor | null;
  }
}

/** `Bearer`, in any case, and one token (RFC 6750, section 2.1). */
const BEARER = /^bearer +([\w.~+/=-]+)$/i;

/**
 * Makes every route that names a role ask for a token of that role, before the body is read, and
 * counts the caller's requests.
 */
export async function registerCaller(app: FastifyInstance, deps: ApiDependencies): Promise<void> {
  app.decorateRequest('principal', null);
  app.decorateRequest('caller', null);
  const countRequest = await createRequestCounter(app, deps.limits.requestsPerMinute);
  app.addHook('onRequest', async (request) => {
    const { role } = request.routeOptions.config;
    if (!role) return;
    const principal = await deps.verifyToken(bearerToken(request));
    request.principal = principal;
    if (principal.role !== role) {
      throw forbidden(
        'wrong_role',
        `This address is for the role "${role}"; the token is of the role "${principal.role}".`,
      );
    }
    await countRequest?.(request);
    request.caller = { kind: role, id: await identify(deps, principal) };
  });
}

/** The caller of a route that has a role. */
export function callerOf(request: FastifyRequest): Actor {
  if (!request.caller) throw new Error('a route without a role asked for its caller');
  return request.caller;
}

function bearerToken(request: FastifyRequest): string {
  const header = request.headers.authorization;
  if (header === undefined) {
    throw new TokenError('token_missing', 'Send the header "Authorization: Bearer <token>".');
  }
  const token = BEARER.exec(header)?.[1];
  if (token) return token;
  throw new TokenError(
    'token_malformed',
    'The header Authorization is not of the form "Bearer <token>".',
  );
}

async function identify(deps: ApiDependencies, principal: Principal): Promise<string> {
  switch (principal.role) {
    case 'customer':
      return deps.customers.identify(principal);
    case 'worker':
      return deps.workers.identify(principal.subject);
    case 'supplies':
      return principal.subject;
  }
}

/** @throws HttpProblem `too_many_requests` */
async function createRequestCounter(app: FastifyInstance, requestsPerMinute: number | null) {
  if (requestsPerMinute === null) return undefined;
  const { default: rateLimit } = await import('@fastify/rate-limit');
  await app.register(rateLimit, { global: false });
  const count = app.createRateLimit({
    max: requestsPerMinute,
    timeWindow: 60_000,
    keyGenerator: ({ principal }: FastifyRequest) => `${principal?.role} ${principal?.subject}`,
  });
  return async (request: FastifyRequest) => {
    const counted = await count(request);
    if (counted.isAllowed || !counted.isExceeded) return;
    throw new HttpProblem(
      'too_many_requests',
      `More than ${requestsPerMinute} requests came with tokens of this "sub" within a minute.`,
      { headers: { 'retry-after': String(Math.max(1, counted.ttlInSeconds)) } },
    );
  };
}
