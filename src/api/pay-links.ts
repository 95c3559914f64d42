import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { PaymentsDependencies, ServerDependencies } from './dependencies.ts';
import { tellProblemsAsPages } from './page-problems.ts';

/** Links in mails to customers: what they stand for is signed, so that no token is needed. */
export function payLinkRoutes(
  deps: ServerDependencies & PaymentsDependencies,
): FastifyPluginAsyncZod {
  return async (app) => {
    tellProblemsAsPages(app, deps.log);

    app.get('/pay/:token', {
      config: {
        pages: {
          303: 'To the payment provider’s page, where a payment method is given',
          404: 'A page: the link is damaged',
          410: 'A page: the link has expired, 30 days after the mail',
          503: 'A page: not available at the moment',
        },
      },
      schema: {
        tags: ['Payments'],
        operationId: 'followPaymentLink',
        summary: 'The link in a mail about an invoice',
        description:
          'For people: opened in a browser, it leads to a page of the payment provider where the ' +
          'customer gives a payment method, without signing in.',
        params: z.object({ token: z.string().describe('As it stands in the mail') }),
      },
      handler: async (request, reply) => {
        const { url } = await deps.people.followLink(request.params.token);
        return reply.header('referrer-policy', 'no-referrer').redirect(url, 303);
      },
    });
  };
}
