import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Idempotency } from '../contexts/orders/index.ts';
import { HttpProblem } from './errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route takes an Idempotency-Key; every route that changes something does. */
    idempotencyKey?: 'required' | 'optional';
  }
}

/** Visible ASCII: what survives every proxy and log unchanged. */
const KEY = /^[\x21-\x7e]{1,200}$/;

/**
 * The key of a request that is safe to send twice, with a hash over all that it asks for:
 * method, route, ids in the address and body.
 * @param body the checked body (its fields stand in the order of the schema, so equal requests
 *   have equal texts), or the bytes of an upload
 * @throws HttpProblem `idempotency_key_required`, `idempotency_key_malformed`
 */
export function idempotencyOf(
  request: FastifyRequest,
  body: object | Uint8Array | undefined,
): Idempotency | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) {
    if (request.routeOptions.config.idempotencyKey !== 'required') return undefined;
    throw new HttpProblem(
      'idempotency_key_required',
      'This request needs the header Idempotency-Key, so that sending it twice does it once.',
      { issues: [{ path: 'Idempotency-Key', message: 'is missing' }] },
    );
  }
  if (typeof key !== 'string' || !KEY.test(key)) {
    const message = 'expected 1 to 200 visible ASCII characters, such as a UUID';
    throw new HttpProblem('idempotency_key_malformed', `Idempotency-Key: ${message}.`, {
      issues: [{ path: 'Idempotency-Key', message }],
    });
  }
  const asked = body instanceof Uint8Array ? hash('sha256', body) : JSON.stringify(body ?? {});
  const target = `${request.method} ${request.routeOptions.url} ${JSON.stringify(request.params)}`;
  return { key, requestHash: hash('sha256', `${target}\n${asked}`, 'buffer') };
}

/** Says in the answer whether it is that of an earlier request. */
export function markReplay(reply: FastifyReply, answer: { replayed: boolean }): void {
  if (answer.replayed) reply.header('idempotency-replayed', 'true');
}
