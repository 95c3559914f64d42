import multipart from '@fastify/multipart';
import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { OrderAnswer } from '../contexts/orders/index.ts';
import { callerOf } from './caller.ts';
import type { MainDependencies } from './dependencies.ts';
import { idempotencyOf, markReplay } from './idempotency.ts';
import { lines, orderListQuery, orderParams } from './input.ts';
import { pageOf, workerOrderSchema } from './order-schema.ts';
import type { ProblemCode } from './problems.ts';
import { renderWorkerOrder } from './render-order.ts';
import { FORM_LIMITS, readPhoto } from './upload.ts';

const failBody = z
  .strictObject({ reason: lines(1_000).min(1, 'must not be empty') })
  .meta({ id: 'FailRequest', examples: [{ reason: 'Nobody opened the door' }] });

const PHOTO_PROBLEMS: readonly ProblemCode[] = [
  'order_not_found',
  'illegal_transition',
  'not_a_photo',
  'malformed_multipart',
  'photo_store_unavailable',
];

function answerOrder(reply: FastifyReply, answer: OrderAnswer) {
  markReplay(reply, answer);
  return renderWorkerOrder(answer.view);
}

/** Orders of the worker who asks. */
export function workerOrdersRoutes(deps: MainDependencies): FastifyPluginAsyncZod {
  return async (app) => {
    app.get('/v1/worker/orders', {
      config: { role: 'worker', problems: ['not_a_worker', 'invalid_input'] },
      schema: {
        tags: ['Work'],
        operationId: 'listWorkerOrders',
        summary: 'Orders that you carry out',
        description: 'Newest first.',
        querystring: orderListQuery,
        response: { 200: pageOf(workerOrderSchema).describe('A page of orders') },
      },
      handler: async (request) => {
        const { status, ...page } = request.query;
        const caller = callerOf(request);
        const { data, nextCursor } = await deps.orders.list(caller, { status }, page);
        return { data: data.map(renderWorkerOrder), nextCursor };
      },
    });

    app.post('/v1/worker/orders/:id/fail', {
      config: {
        role: 'worker',
        idempotencyKey: 'optional',
        problems: ['not_a_worker', 'order_not_found', 'illegal_transition'],
      },
      schema: {
        tags: ['Work'],
        operationId: 'failOrder',
        summary: 'Give an order up',
        description: 'The order fails; the customer is offered another date.',
        params: orderParams,
        body: failBody,
        response: { 200: workerOrderSchema.describe('The order, failed') },
      },
      handler: async (request, reply) => {
        const { params, body } = request;
        const key = idempotencyOf(request, body);
        const answer = await deps.orders.fail(callerOf(request), params.id, body.reason, key);
        return answerOrder(reply, answer);
      },
    });

    await app.register(photoRoutes(deps));
  };
}

/** Routes that take a form with a photo; the form parser is theirs alone. */
function photoRoutes(deps: MainDependencies): FastifyPluginAsyncZod {
  return async (app) => {
    await app.register(multipart, { limits: FORM_LIMITS });

    app.post('/v1/worker/orders/:id/check-in', {
      config: {
        role: 'worker',
        idempotencyKey: 'optional',
        photoField: 'photo',
        problems: ['not_a_worker', ...PHOTO_PROBLEMS, 'check_in_too_late'],
      },
      schema: {
        tags: ['Work'],
        operationId: 'checkIn',
        summary: 'Start the work',
        description: 'With a photo taken on the spot; possible once the supplies are issued.',
        params: orderParams,
        response: { 200: workerOrderSchema.describe('The order, started') },
      },
      handler: async (request, reply) => {
        const photo = await readPhoto(request, 'photo');
        const key = idempotencyOf(request, photo);
        const { id } = request.params;
        return answerOrder(reply, await deps.orders.checkIn(callerOf(request), id, photo, key));
      },
    });

    app.post('/v1/worker/orders/:id/complete', {
      config: {
        role: 'worker',
        idempotencyKey: 'optional',
        photoField: 'report',
        problems: ['not_a_worker', ...PHOTO_PROBLEMS],
      },
      schema: {
        tags: ['Work'],
        operationId: 'completeOrder',
        summary: 'Finish the work',
        description: 'With a photo of the paper report that the customer signed.',
        params: orderParams,
        response: { 200: workerOrderSchema.describe('The order, completed') },
      },
      handler: async (request, reply) => {
        const report = await readPhoto(request, 'report');
        const key = idempotencyOf(request, report);
        const { id } = request.params;
        return answerOrder(reply, await deps.orders.complete(callerOf(request), id, report, key));
      },
    });
  };
}
