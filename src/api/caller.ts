import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Actor } from '../contexts/orders/index.ts';
import type { PaymentsCaller } from '../contexts/payments/index.ts';
import { forbidden } from '../platform/errors.ts';
import { type Principal, type Role, TokenError } from '../platform/tokens/principal.ts';
import type { MainDependencies, ServerDependencies } from './dependencies.ts';
import { HttpProblem } from './errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the route. Without it the route is open to anybody. */
    role?: Role | readonly Role[];
  }
  interface FastifyRequest {
    /** Whom the token names; set on every route that has a role. */
    principal: Principal | null;
    /** The same as the main contexts know it: the customer, the worker, or the clerk. */
    caller: Actor | null;
  }
}

/** `Bearer`, in any case, and one token (RFC 6750, section 2.1). */
const BEARER = /^bearer +([\w.~+/=-]+)$/i;

/** The roles of a route; none where it is open to anybody. */
export function rolesOf(role: Role | readonly Role[] | undefined): readonly Role[] {
  if (role === undefined) return [];
  return typeof role === 'string' ? [role] : role;
}

/**
 * Makes every route that names a role ask for a token of that role, before the body is read, and
 * counts the caller's requests.
 */
export async function registerTokens(
  app: FastifyInstance,
  deps: Pick<ServerDependencies, 'verifyToken' | 'limits'>,
): Promise<void> {
  app.decorateRequest('principal', null);
  app.decorateRequest('caller', null);
  const countRequest = await createRequestCounter(app, deps.limits.requestsPerMinute);
  app.addHook('onRequest', async (request) => {
    const roles = rolesOf(request.routeOptions.config.role);
    if (roles.length === 0) return;
    const principal = await deps.verifyToken(bearerToken(request));
    request.principal = principal;
    if (!roles.includes(principal.role)) {
      const expected = roles.map((role) => `"${role}"`).join(' or ');
      throw forbidden(
        'wrong_role',
        `This address is for the role ${expected}; the token is of the role "${principal.role}".`,
      );
    }
    await countRequest?.(request);
  });
}

/** Looks up in the main database who asks; for the routes of this plugin that have a role. */
export function identifyCaller(
  app: FastifyInstance,
  deps: Pick<MainDependencies, 'customers' | 'workers'>,
): void {
  app.addHook('onRequest', async (request) => {
    const { principal } = request;
    if (!principal) return;
    request.caller = { kind: principal.role, id: await identify(deps, principal) };
  });
}

/** The caller of a route of the main set that has a role. */
export function callerOf(request: FastifyRequest): Actor {
  if (!request.caller) throw new Error('a route without a role asked for its caller');
  return request.caller;
}

/** The caller of a route for customers and workers, as payments takes it. */
export function payerOf({ principal }: FastifyRequest): PaymentsCaller {
  if (!principal || principal.role === 'supplies') {
    throw new Error('a route that is not for customers and workers asked who pays or is paid');
  }
  const { role: kind, subject, name, email } = principal;
  return { kind, subject, ...(name && { name }), ...(email && { email }) };
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

async function identify(
  deps: Pick<MainDependencies, 'customers' | 'workers'>,
  principal: Principal,
): Promise<string> {
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
