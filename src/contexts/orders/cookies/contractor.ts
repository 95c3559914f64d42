import { z } from 'zod';
import type { Clock } from '../../../platform/clock.ts';

/** What the contractor is told of an order: whom the cookie is for. */
export interface CookieRequest {
  orderId: string;
  customer: { name: string };
  neededAt: Date;
}

/** The outside company that bakes the fortune cookies. */
export interface CookieContractor {
  /** Orders a cookie. Asking twice for one order is one cookie: the order's id is the key. */
  order(request: CookieRequest): Promise<void>;
  /** Whether it has been delivered to the supplies department. */
  isDelivered(orderId: string, orderedAt: Date): Promise<boolean>;
}

/** How long the contractor may take to answer; a job attends to many cookies one by one. */
const ANSWER_TIMEOUT_MS = 5_000;

const deliveryState = z.object({ status: z.string() });

/**
 * The real contractor: `POST {url}/cookies` with the order's id as `Idempotency-Key`, then
 * `GET {url}/cookies/{orderId}`, which answers `{"status": "delivered"}` in the end.
 */
export function createHttpContractor(
  options: { url: string; token: string },
  request: typeof fetch = fetch,
): CookieContractor {
  const call = async (path: string, init: RequestInit) => {
    const answer = await request(new URL(path, ensureSlash(options.url)), {
      ...init,
      headers: {
        ...init.headers,
        ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
      },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    if (!answer.ok) throw new Error(`the contractor answered ${answer.status}`);
    return answer;
  };
  return {
    async order({ orderId, customer, neededAt }) {
      const answer = await call('cookies', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': orderId },
        body: JSON.stringify({ orderId, customer, neededAt: neededAt.toISOString() }),
      });
      await answer.body?.cancel();
    },
    async isDelivered(orderId) {
      const answer = await call(`cookies/${orderId}`, { method: 'GET' });
      const state = deliveryState.safeParse(await answer.json().catch(() => undefined));
      // Not quoted: an answer may hold the customer's name.
      if (!state.success) throw new Error('the contractor answered something else than a status');
      return state.data.status === 'delivered';
    },
  };
}

/** Stands in where no contractor is configured: delivers every cookie after a fixed delay. */
export function createSandboxContractor(options: {
  clock: Clock;
  delaySeconds: number;
}): CookieContractor {
  return {
    order: async () => undefined,
    isDelivered: async (_orderId, orderedAt) =>
      options.clock.now().getTime() >= orderedAt.getTime() + options.delaySeconds * 1_000,
  };
}

function ensureSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}
