import type { FastifyInstance } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { StewardError } from '../platform/errors.ts';
import type { PaymentsDependencies } from './dependencies.ts';
import { HttpProblem } from './errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route takes the bytes of the body as they come, signed by this header. */
    signedBy?: string;
  }
}

/** Stripe's events have a few KB; one with a large object in it has a few hundred. */
const BODY_LIMIT_BYTES = 1_048_576;
const SIGNATURE = 'stripe-signature';

/** What the payment provider tells us by itself. */
export function webhooksRoutes(deps: PaymentsDependencies): FastifyPluginAsyncZod {
  return async (app) => {
    takeBytes(app);

    app.post('/v1/webhooks/stripe', {
      bodyLimit: BODY_LIMIT_BYTES,
      config: {
        signedBy: 'Stripe-Signature',
        problems: [
          'webhook_refused',
          'not_found',
          'request_too_large',
          'invalid_input',
          'internal_error',
          'database_unavailable',
        ],
      },
      schema: {
        tags: ['Payments'],
        operationId: 'receiveStripeWebhook',
        summary: 'Events from Stripe',
        description:
          'For Stripe alone: the signature over the body stands for a token. The event is stored ' +
          'before the answer and looked at later; whatever is not answered with 200 Stripe sends ' +
          'again. Not found where this server does not work with Stripe.',
        response: { 200: z.object({ received: z.literal(true) }).describe('Stored') },
      },
      handler: async (request) => {
        if (deps.provider.name !== 'stripe') {
          throw new HttpProblem('not_found', 'This server does not work with Stripe.');
        }
        const signature = request.headers[SIGNATURE];
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        await checkedOrRefused(deps.provider.receiveWebhook(body, [signature].flat().at(0)));
        return { received: true as const };
      },
    });
  };
}

/** The signature is over the bytes: read and written again they would be others. */
function takeBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
}

/** 400, as Stripe's own examples answer: a forged one is no matter of rights that anybody has. */
async function checkedOrRefused<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof StewardError) || error.code !== 'webhook_refused') throw error;
    throw new HttpProblem('webhook_refused', error.message);
  }
}
