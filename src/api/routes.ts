import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { ApiDependencies } from './dependencies.ts';
import { ordersRoutes } from './orders.ts';
import { servicesRoutes } from './services.ts';
import { suppliesRoutes } from './supplies.ts';
import { workerOrdersRoutes } from './worker-orders.ts';

/** Parts of the API that a process can serve. */
export type RouteSet = 'main';

/** One plugin per part of the contract; `start` serves all sets, `start api` the main one. */
export const ROUTES: Readonly<
  Record<RouteSet, readonly ((deps: ApiDependencies) => FastifyPluginAsyncZod)[]>
> = {
  main: [servicesRoutes, ordersRoutes, workerOrdersRoutes, suppliesRoutes],
};
