import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { OrderAnswer } from '../contexts/orders/index.ts';
import { callerOf } from './caller.ts';
import type { MainDependencies } from './dependencies.ts';
import { idempotencyOf, markReplay } from './idempotency.ts';
import { line, lines, moment, orderListQuery, orderParams } from './input.ts';
import { orderSchema, pageOf, timelineSchema } from './order-schema.ts';
import { renderOrder, renderTimelineEntry } from './render-order.ts';
import { aboutService } from './service-problem.ts';

const scheduledAt = moment().describe('When the worker shall be there; ISO 8601 with offset');

const placeBody = z
  .strictObject({
    service: line(64).describe('Code or id of the service'),
    description: lines(2_000).optional().describe('What the worker should know'),
    place: z.strictObject({
      city: line(100).describe('Workers of this city are matched'),
      address: line(300),
      notes: lines(1_000).optional().describe('Floor, bell, parking'),
    }),
    scheduledAt,
  })
  .meta({
    id: 'OrderRequest',
    examples: [
      {
        service: 'CLEAN-STD',
        description: 'Two rooms and the kitchen',
        place: { city: 'Springfield', address: '12 Elm Street', notes: 'Ring twice' },
        scheduledAt: '2026-11-24T10:00:00+01:00',
      },
    ],
  });

const cancelBody = z
  .strictObject({ reason: lines(1_000).optional() })
  .optional()
  .meta({ id: 'CancelRequest', examples: [{ reason: 'I am away that day' }] });

const rebookBody = z
  .strictObject({ scheduledAt })
  .meta({ id: 'RebookRequest', examples: [{ scheduledAt: '2026-11-26T10:00:00+01:00' }] });

const STARS = 'expected a whole number of stars from 1 to 5';
const ratingBody = z
  .strictObject({
    stars: z.int(STARS).min(1, STARS).max(5, STARS),
    comment: lines(2_000).optional(),
  })
  .meta({ id: 'RatingRequest', examples: [{ stars: 5, comment: 'Spotless' }] });

/** Answers with an order as its customer sees it. */
function answerOrder(reply: FastifyReply, answer: OrderAnswer) {
  markReplay(reply, answer);
  return renderOrder(answer.view);
}

/** Orders of the customer who asks. */
export function ordersRoutes(deps: MainDependencies): FastifyPluginAsyncZod {
  return async (app) => {
    await app.register(readingRoutes(deps));
    await app.register(changingRoutes(deps));

    app.post('/v1/orders', {
      config: {
        role: 'customer',
        idempotencyKey: 'required',
        location: 'Address of the order',
        problems: ['nobody_free', 'service_not_found', 'service_inactive', 'invalid_input'],
      },
      schema: {
        tags: ['Orders'],
        operationId: 'placeOrder',
        summary: 'Place an order',
        description:
          'Matches the best worker who is free at that time, prices and stores the order. ' +
          'If nobody is free the answer is 409 `nobody_free` with up to three `nearestTimes`, ' +
          'and nothing is stored.',
        body: placeBody,
        response: { 201: orderSchema.describe('The order, assigned to a worker') },
      },
      handler: async (request, reply) => {
        const caller = callerOf(request);
        const key = idempotencyOf(request, request.body);
        const answer = await aboutService(deps.orders.place(caller, caller.id, request.body, key));
        reply.code(201).header('location', `/v1/orders/${answer.view.order.id}`);
        return answerOrder(reply, answer);
      },
    });
  };
}

function readingRoutes(deps: MainDependencies): FastifyPluginAsyncZod {
  return async (app) => {
    app.get('/v1/orders', {
      config: { role: 'customer', problems: ['invalid_input'] },
      schema: {
        tags: ['Orders'],
        operationId: 'listOrders',
        summary: 'Your orders',
        description: 'Newest first.',
        querystring: orderListQuery,
        response: { 200: pageOf(orderSchema).describe('A page of orders') },
      },
      handler: async (request) => {
        const { status, ...page } = request.query;
        const caller = callerOf(request);
        const { data, nextCursor } = await deps.orders.list(caller, { status }, page);
        return { data: data.map(renderOrder), nextCursor };
      },
    });

    app.get('/v1/orders/:id', {
      config: { role: 'customer', problems: ['order_not_found'] },
      schema: {
        tags: ['Orders'],
        operationId: 'getOrder',
        summary: 'One order',
        description: 'An order of somebody else is not found.',
        params: orderParams,
        response: { 200: orderSchema.describe('The order') },
      },
      handler: async (request) =>
        renderOrder(await deps.orders.get(callerOf(request), request.params.id)),
    });

    app.get('/v1/orders/:id/timeline', {
      config: { role: 'customer', problems: ['order_not_found'] },
      schema: {
        tags: ['Orders'],
        operationId: 'getTimeline',
        summary: 'What happened to an order',
        description: 'Oldest first.',
        params: orderParams,
        response: { 200: timelineSchema.describe('The timeline') },
      },
      handler: async (request) => {
        const entries = await deps.orders.timeline(callerOf(request), request.params.id);
        return { data: entries.map(renderTimelineEntry) };
      },
    });
  };
}

function changingRoutes(deps: MainDependencies): FastifyPluginAsyncZod {
  return async (app) => {
    app.post('/v1/orders/:id/cancel', {
      config: {
        role: 'customer',
        idempotencyKey: 'optional',
        problems: ['order_not_found', 'illegal_transition'],
      },
      schema: {
        tags: ['Orders'],
        operationId: 'cancelOrder',
        summary: 'Cancel an order',
        description: 'Possible until the work is completed. The body may be left out.',
        params: orderParams,
        body: cancelBody,
        response: { 200: orderSchema.describe('The order, cancelled') },
      },
      handler: async (request, reply) => {
        const { params, body } = request;
        const key = idempotencyOf(request, body);
        const answer = await deps.orders.cancel(callerOf(request), params.id, body?.reason, key);
        return answerOrder(reply, answer);
      },
    });

    app.post('/v1/orders/:id/rebook', {
      config: {
        role: 'customer',
        idempotencyKey: 'optional',
        location: 'Address of the new order',
        problems: [
          'order_not_found',
          'not_failed',
          'already_rebooked',
          'nobody_free',
          'invalid_input',
          'service_inactive',
        ],
      },
      schema: {
        tags: ['Orders'],
        operationId: 'rebookOrder',
        summary: 'Book a failed order again',
        description: 'A copy at another time, matched and priced anew.',
        params: orderParams,
        body: rebookBody,
        response: { 201: orderSchema.describe('The new order; `copyOf` is the failed one') },
      },
      handler: async (request, reply) => {
        const { params, body } = request;
        const key = idempotencyOf(request, body);
        const answer = await aboutService(
          deps.orders.rebook(callerOf(request), params.id, body.scheduledAt, key),
        );
        reply.code(201).header('location', `/v1/orders/${answer.view.order.id}`);
        return answerOrder(reply, answer);
      },
    });

    app.post('/v1/orders/:id/rating', {
      config: {
        role: 'customer',
        idempotencyKey: 'optional',
        problems: ['order_not_found', 'not_completed', 'already_rated'],
      },
      schema: {
        tags: ['Orders'],
        operationId: 'rateOrder',
        summary: 'Rate completed work',
        description: 'Once per order: 1 to 5 stars and a comment.',
        params: orderParams,
        body: ratingBody,
        response: { 200: orderSchema.describe('The order, rated') },
      },
      handler: async (request, reply) => {
        const { params, body } = request;
        const key = idempotencyOf(request, body);
        const answer = await deps.orders.rate(callerOf(request), params.id, body, key);
        return answerOrder(reply, answer);
      },
    });
  };
}
