import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { PaymentsCaller } from '../contexts/payments/index.ts';
import { conflict, invalid, StewardError } from '../platform/errors.ts';
import { payerOf } from './caller.ts';
import type { PaymentsDependencies } from './dependencies.ts';
import { idempotencyOf, markReplay } from './idempotency.ts';
import { hostedPageSchema, paymentMethodSchema, paymentMethodsSchema } from './payment-schema.ts';
import { renderDestination, renderMethod } from './render-payments.ts';

const LONGEST_ADDRESS = 2_000;

/** A reference begins with what it is of: nothing that consists of digits passes for one. */
const METHOD_REFERENCE = /^[a-z]{2,10}_\w{1,200}$/i;

const methodBody = z
  .strictObject({
    returnUrl: z
      .url({
        protocol: /^https?$/,
        error: 'expected an address such as https://example.org/account',
      })
      .max(LONGEST_ADDRESS, `must have at most ${LONGEST_ADDRESS} characters`)
      .optional()
      .describe('Where the provider’s page leads back to'),
    paymentMethod: z
      .string()
      .regex(
        METHOD_REFERENCE,
        'expected the reference that the payment provider’s script handed out, such as pm_1Abc; never send numbers of cards or accounts',
      )
      .optional()
      .describe('Customers: what the provider’s script handed out in the browser'),
  })
  .refine(({ returnUrl, paymentMethod }) => !(returnUrl && paymentMethod), {
    path: ['returnUrl'],
    message: 'belongs to a hosted page: leave it out, or leave out paymentMethod',
  })
  .optional()
  .meta({
    id: 'PaymentMethodRequest',
    examples: [{}, { returnUrl: 'https://example.org/account' }, { paymentMethod: 'pm_1AbcDef' }],
  });

/** How customers pay and workers are paid; no number of a card or an account comes this way. */
export function paymentMethodsRoutes(deps: PaymentsDependencies): FastifyPluginAsyncZod {
  return async (app) => {
    app.get('/v1/payment-methods', {
      config: { role: ['customer', 'worker'] },
      schema: {
        tags: ['Payments'],
        operationId: 'getPaymentMethods',
        summary: 'What is on file',
        description: 'What charges to a customer go to, or where a worker’s pay goes.',
        response: { 200: paymentMethodsSchema.describe('What is on file') },
      },
      handler: async (request) => {
        const person = await deps.people.identify(payerOf(request));
        if (person.kind === 'customer') {
          const method = await deps.people.method(person);
          return { paymentMethod: method && renderMethod(method), payout: null };
        }
        if (!person.id) return { paymentMethod: null, payout: null };
        const destination = await deps.payouts.destination(person.id);
        return { paymentMethod: null, payout: renderDestination(destination) };
      },
    });

    app.post('/v1/payment-methods', {
      config: {
        role: ['customer', 'worker'],
        idempotencyKey: 'optional',
        problems: ['method_refused', 'not_a_customer', 'no_order_yet', 'provider_unavailable'],
      },
      schema: {
        tags: ['Payments'],
        operationId: 'givePaymentMethod',
        summary: 'Give a payment method, or become payable',
        description:
          'Without `paymentMethod` the answer is 201 with the address of a page of the payment ' +
          'provider: a customer gives a payment method there, a worker an account for pay. ' +
          'With the `paymentMethod` that the provider’s own script handed out in the browser, it ' +
          'becomes the one that a customer’s charges go to, and the answer is 200. Open invoices ' +
          'that wait for it are charged at once. No card number ever comes here.',
        body: methodBody,
        response: {
          200: paymentMethodSchema.describe('The payment method that charges go to from now on'),
          201: hostedPageSchema.describe('The page where the person goes on'),
        },
      },
      handler: async (request, reply) => {
        const caller = payerOf(request);
        const idempotency = idempotencyOf(request, request.body);
        const give = () => giveMethod(deps, caller, request.body ?? {});
        const { answer, replayed } = idempotency
          ? await deps.requestKeys.once(
              { subjectKey: (await deps.people.identify(caller)).subjectKey, ...idempotency },
              give,
            )
          : { answer: await give(), replayed: false };
        markReplay(reply, { replayed });
        if ('url' in answer) return reply.code(201).send(answer);
        return answer;
      },
    });
  };
}

async function giveMethod(
  { people }: PaymentsDependencies,
  caller: PaymentsCaller,
  { paymentMethod, returnUrl }: { paymentMethod?: string; returnUrl?: string },
) {
  if (paymentMethod) {
    return renderMethod(await namingTheField(people.attachMethod(caller, paymentMethod)));
  }
  if (caller.kind === 'worker' && (await people.identify(caller)).id === null) {
    throw conflict(
      'no_order_yet',
      'There is nothing to be paid yet: give your account once you have been given an order.',
    );
  }
  const { url, expiresAt } = await people.openPage(caller, returnUrl);
  return { url, expiresAt: expiresAt.toISOString() };
}

/** The fault is that of a field of the request, whatever the context calls it. */
async function namingTheField<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof StewardError) || error.code !== 'method_refused') throw error;
    const message = error.issues[0]?.message ?? 'was refused by the payment provider';
    throw invalid(error.message, [{ path: 'paymentMethod', message }], error.code);
  }
}
