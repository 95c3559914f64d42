import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { notFound } from '../platform/errors.ts';
import { payerOf } from './caller.ts';
import type { PaymentsDependencies, ServerDependencies } from './dependencies.ts';
import { pageQuery, period } from './input.ts';
import { PAYOUT_STATUSES, pageWithTotalOf, payoutSchema } from './payment-schema.ts';
import { renderPayout, renderTotal } from './render-payments.ts';

const listQuery = pageQuery.extend({
  status: z
    .enum(PAYOUT_STATUSES, `expected one of ${PAYOUT_STATUSES.join(', ')}`)
    .optional()
    .describe('Only payouts in this state'),
  period: period('month').optional().describe('Only of this month, such as 2026-11'),
});

const payoutParams = z.object({
  id: z.guid('expected the id of a payout (a UUID)').describe('Id of the payout'),
});

/** Payouts to the worker who asks. */
export function payoutsRoutes(
  deps: ServerDependencies & PaymentsDependencies,
): FastifyPluginAsyncZod {
  return async (app) => {
    app.get('/v1/payouts', {
      config: { role: 'worker', problems: ['invalid_input', 'invalid_cursor'] },
      schema: {
        tags: ['Payments'],
        operationId: 'listPayouts',
        summary: 'Your pay',
        description: 'Newest first: one per month in which there was something to pay out.',
        querystring: listQuery,
        response: { 200: pageWithTotalOf(payoutSchema).describe('A page of payouts') },
      },
      handler: async (request) => {
        const { limit, cursor, ...filter } = request.query;
        const { id: workerId } = await deps.people.identify(payerOf(request));
        // Without an id, the filter would be one for everybody's payouts.
        const { data, nextCursor, total } = workerId
          ? await deps.payouts.list({ workerId, ...filter }, { limit, cursor })
          : { data: [], nextCursor: null, total: { count: 0, amountMinor: 0n } };
        return {
          data: data.map(renderPayout),
          nextCursor,
          total: renderTotal(total, deps.currency),
        };
      },
    });

    app.get('/v1/payouts/:id', {
      config: { role: 'worker', problems: ['payout_not_found'] },
      schema: {
        tags: ['Payments'],
        operationId: 'getPayout',
        summary: 'One payout',
        description: 'A payout to somebody else is not found.',
        params: payoutParams,
        response: { 200: payoutSchema.describe('The payout') },
      },
      handler: async (request) => {
        const { id } = request.params;
        const { id: workerId } = await deps.people.identify(payerOf(request));
        if (!workerId) throw notFound('payout', id);
        return renderPayout(await deps.payouts.get(id, workerId));
      },
    });
  };
}
