import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { notFound } from '../platform/errors.ts';
import { payerOf } from './caller.ts';
import type { PaymentsDependencies, ServerDependencies } from './dependencies.ts';
import { pageQuery, period } from './input.ts';
import {
  INVOICE_STATUSES,
  invoiceDetailSchema,
  invoiceSchema,
  pageWithTotalOf,
} from './payment-schema.ts';
import { renderInvoice, renderInvoiceDetail, renderTotal } from './render-payments.ts';

const listQuery = pageQuery.extend({
  status: z
    .enum(INVOICE_STATUSES, `expected one of ${INVOICE_STATUSES.join(', ')}`)
    .optional()
    .describe('Only invoices in this state'),
  period: period('week').optional().describe('Only of this ISO week, such as 2026-W48'),
});

const invoiceParams = z.object({
  id: z
    .string()
    .regex(/^[\w-]{1,64}$/, 'expected the id or the number of an invoice')
    .describe('Id or number of the invoice'),
});

/** Invoices of the customer who asks. */
export function invoicesRoutes(
  deps: ServerDependencies & PaymentsDependencies,
): FastifyPluginAsyncZod {
  return async (app) => {
    app.get('/v1/invoices', {
      config: { role: 'customer', problems: ['invalid_input', 'invalid_cursor'] },
      schema: {
        tags: ['Payments'],
        operationId: 'listInvoices',
        summary: 'Your invoices',
        description: 'Newest first: one per week in which an order of yours ended.',
        querystring: listQuery,
        response: { 200: pageWithTotalOf(invoiceSchema).describe('A page of invoices') },
      },
      handler: async (request) => {
        const { limit, cursor, ...filter } = request.query;
        const { id: customerId } = await deps.people.identify(payerOf(request));
        // Without an id, the filter would be one for everybody's invoices.
        const { data, nextCursor, total } = customerId
          ? await deps.invoices.list({ customerId, ...filter }, { limit, cursor })
          : { data: [], nextCursor: null, total: { count: 0, amountMinor: 0n } };
        return {
          data: data.map(renderInvoice),
          nextCursor,
          total: renderTotal(total, deps.currency),
        };
      },
    });

    app.get('/v1/invoices/:id', {
      config: { role: 'customer', problems: ['invoice_not_found'] },
      schema: {
        tags: ['Payments'],
        operationId: 'getInvoice',
        summary: 'One invoice',
        description:
          'Its orders with their discounts, the attempts to charge it, refunds and disputes. ' +
          'An invoice of somebody else is not found.',
        params: invoiceParams,
        response: { 200: invoiceDetailSchema.describe('The invoice') },
      },
      handler: async (request) => {
        const { id } = request.params;
        const { id: customerId } = await deps.people.identify(payerOf(request));
        if (!customerId) throw notFound('invoice', id);
        return renderInvoiceDetail(await deps.invoices.get(id, customerId));
      },
    });
  };
}
