import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { callerOf } from './caller.ts';
import type { MainDependencies } from './dependencies.ts';
import { idempotencyOf, markReplay } from './idempotency.ts';
import { orderParams, pageQuery } from './input.ts';
import { pageOf, pickListSchema, suppliedOrderSchema } from './order-schema.ts';
import { renderPickList, renderSuppliedOrder } from './render-order.ts';

const STATUSES = ['requested', 'issued', 'withdrawn'] as const;

const listQuery = pageQuery.extend({
  status: z
    .enum(STATUSES, `expected one of ${STATUSES.join(', ')}`)
    .default('requested')
    .describe('`requested` without it'),
});

const issueBody = z.strictObject({}).optional();

/** Pick lists of the supplies department. */
export function suppliesRoutes(deps: MainDependencies): FastifyPluginAsyncZod {
  return async (app) => {
    app.get('/v1/supplies', {
      config: { role: 'supplies', problems: ['invalid_input'] },
      schema: {
        tags: ['Supplies'],
        operationId: 'listSupplies',
        summary: 'What to put together',
        description: 'Most urgent first.',
        querystring: listQuery,
        response: { 200: pageOf(pickListSchema).describe('A page of pick lists') },
      },
      handler: async (request) => {
        const { status, ...page } = request.query;
        const { data, nextCursor } = await deps.supplies.list(status, page);
        return { data: data.map(renderPickList), nextCursor };
      },
    });

    app.post('/v1/supplies/:orderId/issue', {
      config: {
        role: 'supplies',
        idempotencyKey: 'optional',
        problems: ['order_not_found', 'illegal_transition'],
      },
      schema: {
        tags: ['Supplies'],
        operationId: 'issueSupplies',
        summary: 'Supplies are issued',
        description: 'Once per order. A cookie that is late never blocks it. Needs no body.',
        params: z.object({ orderId: orderParams.shape.id }),
        body: issueBody,
        response: { 200: suppliedOrderSchema.describe('The order, supplied') },
      },
      handler: async (request, reply) => {
        const key = idempotencyOf(request, undefined);
        const answer = await deps.supplies.issue(callerOf(request), request.params.orderId, key);
        markReplay(reply, answer);
        return renderSuppliedOrder(answer.view);
      },
    });
  };
}
