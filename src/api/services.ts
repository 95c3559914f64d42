import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { MainDependencies, ServerDependencies, ServiceOffer } from './dependencies.ts';
import { line, pageQuery } from './input.ts';
import { pageOf, quoteSchema, serviceSchema } from './order-schema.ts';
import { aboutService } from './service-problem.ts';

const quoteBody = z
  .strictObject({ service: line(64).describe('Code or id of the service') })
  .meta({ id: 'QuoteRequest', examples: [{ service: 'CLEAN-STD' }] });

/** What can be ordered, and for about how much. */
export function servicesRoutes(deps: ServerDependencies & MainDependencies): FastifyPluginAsyncZod {
  return async (app) => {
    app.get('/v1/services', {
      config: { role: 'customer', problems: ['invalid_cursor'] },
      schema: {
        tags: ['Services'],
        operationId: 'listServices',
        summary: 'What can be ordered',
        description: 'The services that are sold at the moment, by code.',
        querystring: pageQuery,
        response: { 200: pageOf(serviceSchema).describe('A page of services') },
      },
      handler: async (request) => {
        const page = await deps.services.list(request.query);
        return {
          data: page.data.map((service) => renderService(service, deps.currency)),
          nextCursor: page.nextCursor,
        };
      },
    });

    app.post('/v1/quotes', {
      config: { role: 'customer', problems: ['service_not_found', 'service_inactive'] },
      schema: {
        tags: ['Services'],
        operationId: 'quote',
        summary: 'Approximate price of a service',
        description: 'The price is final only with the order, when the worker is known.',
        body: quoteBody,
        response: { 200: quoteSchema.describe('The quote') },
      },
      handler: async (request) => {
        const quote = await aboutService(deps.orders.quote(request.body.service));
        const { amount, currency, lines } = quote.price;
        return { service: quote.service, price: { amount, currency }, priceLines: lines };
      },
    });
  };
}

function renderService(service: ServiceOffer, currency: string) {
  return {
    id: service.id,
    code: service.code,
    name: service.name,
    category: service.category,
    price: service.priceMinor === null ? null : { amount: Number(service.priceMinor), currency },
    durationMinutes: service.durationMinutes,
  };
}
