import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { RouteSet, RouteSets, ServerDependencies } from './dependencies.ts';
import { invoicesRoutes } from './invoices.ts';
import { ordersRoutes } from './orders.ts';
import { payLinkRoutes } from './pay-links.ts';
import { paymentMethodsRoutes } from './payment-methods.ts';
import { payoutsRoutes } from './payouts.ts';
import { sandboxRoutes } from './sandbox.ts';
import { servicesRoutes } from './services.ts';
import { statementRoutes } from './statement.ts';
import { suppliesRoutes } from './supplies.ts';
import { webhooksRoutes } from './webhooks.ts';
import { workerOrdersRoutes } from './worker-orders.ts';

type Plugin<Set extends RouteSet> = (
  deps: ServerDependencies & RouteSets[Set],
) => FastifyPluginAsyncZod;

/** One plugin per part of the contract; `start` serves all sets, `start api` the main one. */
export const ROUTES: { readonly [Set in RouteSet]: readonly Plugin<Set>[] } = {
  main: [servicesRoutes, ordersRoutes, workerOrdersRoutes, suppliesRoutes],
  payments: [
    statementRoutes,
    invoicesRoutes,
    payoutsRoutes,
    paymentMethodsRoutes,
    webhooksRoutes,
    payLinkRoutes,
    sandboxRoutes,
  ],
};
