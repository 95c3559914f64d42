import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type Stripe from 'stripe';
import { z } from 'zod';
import { isMissing, translate } from './call-errors.ts';

/** What one call to the API may carry. */
type CallOptions = Pick<Stripe.RequestOptions, 'idempotencyKey' | 'maxNetworkRetries'>;
type Call = (options: CallOptions) => Promise<unknown>;

/** Calls to Stripe whose answers have been checked: what does not fit is not believed. */
export interface StripeClient {
  readonly stripe: Stripe;
  /**
   * A call that changes something, sent exactly once.
   * @param what for messages, such as `charge`
   * @param idempotencyKey of ours; without it the SDK makes one that nobody will use again
   * @throws NotSent when it had no effect; StripeCardError for declines; all else: nobody knows
   */
  send<T>(
    what: string,
    shape: z.ZodType<T>,
    idempotencyKey: string | undefined,
    call: Call,
  ): Promise<T>;
  /** A call that only reads. Null where there is no such object. */
  read<T>(what: string, shape: z.ZodType<T>, call: Call): Promise<T | null>;
  /** All pages of a list, in the API's order: newest first. */
  list<T extends { id: string }>(
    what: string,
    shape: z.ZodType<T>,
    page: (
      at: { limit: number; starting_after?: string },
      options: CallOptions,
    ) => Promise<unknown>,
  ): AsyncGenerator<T>;
}

export interface ClientOptions {
  secretKey: string;
  /** An emulator's URL; Stripe itself without it. */
  apiBase?: string | undefined;
  /** Silence after which a call is given up; its whole answer may take three times as long. */
  timeoutMs: number;
}

/** Reading is harmless to repeat. */
const READ_RETRIES = 2;
/** Stripe's largest. */
const PAGE = 100;

/** Loads the SDK, which takes a while, and makes a client. Opens no connection. */
export async function openClient(options: ClientOptions): Promise<StripeClient> {
  const { default: Sdk } = await import('stripe');
  const stripe = new Sdk(options.secretKey, {
    ...addressOf(options.apiBase),
    // The version that this code and its checks were written for, not the account's own.
    apiVersion: '2026-10-28.endive',
    maxNetworkRetries: 0,
    timeout: options.timeoutMs,
    telemetry: false,
    httpClient: sentOnce(Sdk.createNodeHttpClient(agentFor(options.apiBase))),
  });
  const ask = (what: string, call: Promise<unknown>) => within(what, options.timeoutMs * 3, call);
  return {
    stripe,
    async send(what, shape, idempotencyKey, call) {
      const answer = ask(what, call({ idempotencyKey, maxNetworkRetries: 0 }));
      return fitting(what, shape, await answer.catch(translate(what)));
    },
    async read(what, shape, call) {
      const answer = ask(what, call({ maxNetworkRetries: READ_RETRIES }));
      const found = await answer.catch((error) =>
        isMissing(error) ? null : translate(what)(error),
      );
      return found === null ? null : fitting(what, shape, found);
    },
    async *list(what, shape, page) {
      const pages = z.object({
        object: z.literal('list'),
        has_more: z.boolean(),
        data: z.array(shape),
      });
      let after: { starting_after?: string } = {};
      for (;;) {
        const asked = page({ limit: PAGE, ...after }, { maxNetworkRetries: READ_RETRIES });
        const { data, has_more } = fitting(
          what,
          pages,
          await ask(what, asked).catch(translate(what)),
        );
        yield* data;
        const last = data.at(-1);
        if (!has_more || !last) return;
        after = { starting_after: last.id };
      }
    },
  };
}

/** Host, port and protocol of an emulator; nothing means Stripe itself. */
function addressOf(apiBase: string | undefined) {
  if (!apiBase) return {};
  const { hostname, port, protocol } = new URL(apiBase);
  const secure = protocol === 'https:';
  return {
    host: hostname,
    port: port || (secure ? '443' : '80'),
    protocol: secure ? ('https' as const) : ('http' as const),
  };
}

/** Unused connections are closed early: one that the other side has closed loses a request. */
const UNUSED_MS = 10_000;

function agentFor(apiBase: string | undefined): HttpAgent {
  const options = { keepAlive: true, timeout: UNUSED_MS };
  return apiBase?.startsWith('http:') ? new HttpAgent(options) : new HttpsAgent(options);
}

/**
 * The SDK sends a POST again when its connection breaks, even with no retries allowed, although
 * the first one may have arrived. It is our charge's state that decides whether to send again.
 */
function sentOnce<Client extends ReturnType<typeof Stripe.createNodeHttpClient>>(client: Client) {
  const makeRequest: Client['makeRequest'] = async (...request) => {
    try {
      return await client.makeRequest(...request);
    } catch (error) {
      if (request[3] === 'GET' || !isBroken(error)) throw error;
      throw new Error('The connection broke before the answer came.', { cause: error });
    }
  };
  return { getClientName: () => client.getClientName(), makeRequest };
}

const isBroken = (error: unknown) =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'ECONNRESET' || error.code === 'EPIPE');

/** The SDK's own limit counts silence only; an answer that drips in would have none. */
async function within<T>(what: string, limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const message = `Stripe (${what}): no whole answer within ${limitMs} ms.`;
    timer = setTimeout(() => reject(new Error(message)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The SDK takes any answer without an `error` in its body for what was asked for. */
function fitting<T>(what: string, shape: z.ZodType<T>, answer: unknown): T {
  const status = statusOf(answer);
  const checked = shape.safeParse(answer);
  if (checked.success && status < 300) return checked.data;
  const found = checked.error ? z.prettifyError(checked.error) : 'an error status';
  throw new Error(
    `Stripe (${what}): the answer with status ${status} is not what was asked for: ${found}`,
  );
}

function statusOf(answer: unknown): number {
  const seen = z.object({ lastResponse: z.object({ statusCode: z.number() }) }).safeParse(answer);
  return seen.data?.lastResponse.statusCode ?? 200;
}
