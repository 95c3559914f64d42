import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { payerOf } from './caller.ts';
import type { PaymentsDependencies } from './dependencies.ts';
import { day, pageQuery } from './input.ts';
import { statementSchema } from './payment-schema.ts';
import { renderStatement } from './render-payments.ts';

const statementQuery = pageQuery.extend({
  from: day().optional().describe('First day; the first of this month without it'),
  to: day().optional().describe('Last day, included; today without it'),
});

/** Everything that was charged or credited to the one who asks. */
export function statementRoutes(deps: PaymentsDependencies): FastifyPluginAsyncZod {
  return async (app) => {
    app.get('/v1/statement', {
      config: { role: ['customer', 'worker'], problems: ['invalid_input', 'invalid_cursor'] },
      schema: {
        tags: ['Payments'],
        operationId: 'getStatement',
        summary: 'What was charged or credited to you',
        description:
          'Oldest first, with the balance after each line. Customers also see what this week’s ' +
          'invoice comes to by now (`due`), workers what this month’s pay comes to (`month`). ' +
          'Orders appear a moment after they have ended.',
        querystring: statementQuery,
        response: { 200: statementSchema.describe('The statement') },
      },
      handler: async (request) => {
        const { from, to, ...page } = request.query;
        const person = await deps.people.identify(payerOf(request));
        return renderStatement(await deps.statements.of(person, { from, to }, page));
      },
    });
  };
}
