import { balanceEndpoints } from './balance.ts';
import { connectEndpoints } from './connect.ts';
import { customerEndpoints } from './customers.ts';
import { disputeEndpoints } from './disputes.ts';
import { ApiError, badParameter } from './errors.ts';
import { hostedPageEndpoints } from './hosted-pages.ts';
import type { Answer } from './idempotency.ts';
import { type Field, readParameters, strings, type Tree } from './parameters.ts';
import { paymentIntentEndpoints } from './payment-intents.ts';
import { refundEndpoints } from './refunds.ts';
import { eventEndpoints } from './webhooks.ts';
import type { Endpoint, World } from './world.ts';

const ENDPOINTS = [
  ...customerEndpoints,
  ...hostedPageEndpoints,
  ...paymentIntentEndpoints,
  ...refundEndpoints,
  ...disputeEndpoints,
  ...connectEndpoints,
  ...balanceEndpoints,
  ...eventEndpoints,
].map((endpoint) => ({
  ...endpoint,
  pattern: new RegExp(`^${endpoint.path.replace(':id', '([^/]+)')}$`),
}));

/** Every endpoint takes it. */
const EXPAND: { [name: string]: Field } = { expand: { kind: 'strings' } };

export interface Route {
  endpoint: Endpoint;
  id: string;
}

/** @throws ApiError 404 where there is no such route */
export function findRoute(method: string, path: string): Route {
  for (const endpoint of ENDPOINTS) {
    const match = endpoint.method === method ? endpoint.pattern.exec(path) : null;
    if (match) return { endpoint, id: decodeURIComponent(match[1] ?? '') };
  }
  const message = `Unrecognized request URL (${method}: ${path}).`;
  throw new ApiError(404, { type: 'invalid_request_error', message }, false);
}

/** Runs a request against the world. Objects leave as they are at this moment. */
export function runRoute(world: World, { endpoint, id }: Route, tree: Tree): Answer {
  const values = readParameters(tree, { ...endpoint.fields, ...EXPAND });
  const paths = strings(values, 'expand');
  delete values.expand;
  const body = structuredClone(endpoint.run(world, values, id));
  for (const path of paths) expand(world, body, path.split('.'), path);
  return { status: 200, body };
}

function expand(world: World, node: unknown, [part, ...rest]: string[], path: string): void {
  if (part === undefined || typeof node !== 'object' || node === null) return;
  if (Array.isArray(node)) {
    for (const entry of node) expand(world, entry, [part, ...rest], path);
    return;
  }
  const fields = node as { [name: string]: unknown };
  if (!(part in fields)) {
    throw badParameter('', 'expand', `This property cannot be expanded (${path}).`);
  }
  const value = fields[part];
  if (typeof value === 'string') fields[part] = structuredClone(world.anything(value)) ?? value;
  expand(world, fields[part], rest, path);
}
