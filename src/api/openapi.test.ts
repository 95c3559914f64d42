import { readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { INVOICE_ID, PAYOUT_ID } from './fake-payments.ts';
import { PROBLEMS } from './problems.ts';
import { buildServer } from './server.ts';
import { createTestApi, form, GOOD_ORDER, ORDER_ID, testDependencies } from './testing.ts';

const reference = z.object({ $ref: z.string() });
const answer = z.strictObject({
  description: z.string().min(1),
  headers: z
    .record(z.string(), z.object({ schema: z.looseObject({ type: z.string() }) }))
    .optional(),
  content: z
    .record(z.string(), z.strictObject({ schema: z.union([reference, z.looseObject({})]) }))
    .optional(),
});
/** What the OpenAPI 3.1.0 specification asks of a document, as far as ours goes. */
const documentSchema = z.strictObject({
  openapi: z.literal('3.1.0'),
  info: z.looseObject({ title: z.string().min(1), version: z.string().min(1) }),
  servers: z.array(z.object({ url: z.string() })),
  tags: z.array(z.object({ name: z.string(), description: z.string() })),
  components: z.object({
    schemas: z.record(z.string(), z.looseObject({ type: z.literal('object') })),
    securitySchemes: z.object({
      token: z.looseObject({ type: z.literal('http'), scheme: z.literal('bearer') }),
    }),
  }),
  paths: z.record(
    z.string().regex(/^\//),
    z.partialRecord(
      z.enum(['get', 'post']),
      z.strictObject({
        operationId: z.string().min(1),
        summary: z.string().min(1),
        description: z.string().min(1),
        tags: z.array(z.string()).length(1),
        security: z.array(z.strictObject({ token: z.tuple([]) })).optional(),
        parameters: z
          .array(
            z.looseObject({
              name: z.string(),
              in: z.enum(['path', 'query', 'header']),
              required: z.boolean(),
              schema: z.looseObject({ type: z.string() }),
            }),
          )
          .optional(),
        requestBody: z
          .strictObject({
            required: z.boolean().optional(),
            content: z.record(
              z.string(),
              z.strictObject({ schema: z.looseObject({}), example: z.object().optional() }),
            ),
          })
          .optional(),
        responses: z.record(z.string().regex(/^[1-5]\d\d$/), answer),
      }),
    ),
  ),
});

async function openapi() {
  const api = await createTestApi();
  const response = await api.fastify.inject('/openapi.json');
  expect(response.headers['content-type']).toBe('application/json');
  return { ...api, document: documentSchema.parse(response.json()), text: response.body };
}

describe('the OpenAPI document', () => {
  test('has every route of the contract, each described, each with its problems', async () => {
    const { document } = await openapi();
    const operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(operations.toSorted()).toEqual([
      'GET /healthz',
      'GET /metrics',
      'GET /pay/{token}',
      'GET /problems/{code}',
      'GET /readyz',
      'GET /v1/invoices',
      'GET /v1/invoices/{id}',
      'GET /v1/orders',
      'GET /v1/orders/{id}',
      'GET /v1/orders/{id}/timeline',
      'GET /v1/payment-methods',
      'GET /v1/payouts',
      'GET /v1/payouts/{id}',
      'GET /v1/services',
      'GET /v1/statement',
      'GET /v1/supplies',
      'GET /v1/worker/orders',
      'POST /v1/orders',
      'POST /v1/orders/{id}/cancel',
      'POST /v1/orders/{id}/rating',
      'POST /v1/orders/{id}/rebook',
      'POST /v1/payment-methods',
      'POST /v1/quotes',
      'POST /v1/supplies/{orderId}/issue',
      'POST /v1/webhooks/stripe',
      'POST /v1/worker/orders/{id}/check-in',
      'POST /v1/worker/orders/{id}/complete',
      'POST /v1/worker/orders/{id}/fail',
    ]);
    for (const [path, item] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        if (!path.startsWith('/v1/') || path.startsWith('/v1/webhooks/')) continue;
        expect(operation.security, path).toEqual([{ token: [] }]);
        const statuses = Object.keys(operation.responses);
        expect(statuses, path).toEqual(expect.arrayContaining(['400', '401', '403', '500', '503']));
        for (const [, name = ''] of path.matchAll(/{(\w+)}/g)) {
          expect(operation.parameters).toContainEqual(
            expect.objectContaining({ in: 'path', name, required: true }),
          );
        }
        const changes = method === 'post' && path !== '/v1/quotes';
        const key = operation.parameters?.find(({ name }) => name === 'Idempotency-Key');
        expect(Boolean(key), path).toBe(changes);
        expect(key?.required ?? false).toBe(changes && path === '/v1/orders');
      }
    }
  });

  test('says how to get a token, how to send twice, and every code of an error', async () => {
    const { document, text } = await openapi();
    const { description } = document.info;
    for (const role of ['customer', 'worker', 'supplies']) {
      expect(description).toContain(`steward tokens issue --role ${role}`);
    }
    expect(description).toContain('OIDC_ISSUER');
    expect(description).toContain('Idempotency-Key');
    for (const code of PROBLEMS.keys()) expect(description).toContain(`\`${code}\`: `);
    // The page would take it for a tag and show nothing.
    expect(text).not.toContain('<token>');
  });

  test('names every operation once and refers only to what is there', async () => {
    const { document, text } = await openapi();
    const ids = Object.values(document.paths).flatMap((item) =>
      Object.values(item).map((operation) => operation.operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
    const names = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
    expect(new Set(names)).toEqual(new Set(Object.keys(document.components.schemas)));
    expect(text).not.toMatch(/"\$ref":"(?!#\/components\/schemas\/)/);
  });

  test('a server describes what it serves, and no more', async () => {
    const { payments, main, ...server } = testDependencies();
    const pathsOf = async (deps: Parameters<typeof buildServer>[0]) => {
      const { fastify } = await buildServer(deps);
      onTestFinished(async () => fastify.close());
      return Object.keys((await fastify.inject('/openapi.json')).json().paths);
    };
    const alone = await pathsOf({ ...server, payments });
    expect(alone).toContain('/v1/statement');
    expect(alone).not.toContain('/v1/orders');
    const others = await pathsOf({ ...server, main });
    expect(others).toContain('/v1/orders');
    expect(others).not.toContain('/v1/statement');
  });

  test('has the forms with their one field', async () => {
    const { document } = await openapi();
    const path = document.paths['/v1/worker/orders/{id}/complete'];
    expect(path?.post?.requestBody?.content).toEqual({
      'multipart/form-data': {
        schema: expect.objectContaining({
          required: ['report'],
          properties: { report: expect.objectContaining({ type: 'string', format: 'binary' }) },
        }),
      },
    });
  });

  test('is kept by every answer', async () => {
    const { document, send } = await openapi();
    const photo = (name: string) => form([{ name, filename: 'p.jpg', content: 'x' }]);
    const requests = [
      ['customer', 'get', '/v1/services', {}],
      ['customer', 'post', '/v1/quotes', { payload: { service: 'CLEAN-STD' } }],
      [
        'customer',
        'post',
        '/v1/orders',
        { payload: GOOD_ORDER, headers: { 'idempotency-key': 'k' } },
      ],
      ['customer', 'get', '/v1/orders', {}],
      ['customer', 'get', '/v1/orders/{id}', {}],
      ['customer', 'get', '/v1/orders/{id}/timeline', {}],
      ['customer', 'post', '/v1/orders/{id}/cancel', { payload: { reason: 'x' } }],
      [
        'customer',
        'post',
        '/v1/orders/{id}/rebook',
        { payload: { scheduledAt: GOOD_ORDER.scheduledAt } },
      ],
      ['customer', 'post', '/v1/orders/{id}/rating', { payload: { stars: 5 } }],
      ['worker', 'get', '/v1/worker/orders', {}],
      ['worker', 'post', '/v1/worker/orders/{id}/check-in', photo('photo')],
      ['worker', 'post', '/v1/worker/orders/{id}/complete', photo('report')],
      ['worker', 'post', '/v1/worker/orders/{id}/fail', { payload: { reason: 'x' } }],
      ['supplies', 'get', '/v1/supplies', {}],
      ['supplies', 'post', '/v1/supplies/{orderId}/issue', {}],
      ['customer', 'get', '/v1/statement', {}],
      ['worker', 'get', '/v1/statement', {}],
      ['customer', 'get', '/v1/invoices', {}],
      ['customer', 'get', '/v1/invoices/{id}', {}],
      ['worker', 'get', '/v1/payouts', {}],
      ['worker', 'get', '/v1/payouts/{id}', {}],
      ['customer', 'get', '/v1/payment-methods', {}],
      ['worker', 'get', '/v1/payment-methods', {}],
      ['worker', 'post', '/v1/payment-methods', {}],
      ['customer', 'post', '/v1/payment-methods', { payload: { paymentMethod: 'pm_1' } }],
      ['customer', 'post', '/v1/payment-methods', { payload: { paymentMethod: 'pm_bad' } }],
      [
        null,
        'post',
        '/v1/webhooks/stripe',
        { payload: {}, headers: { 'stripe-signature': 'good' } },
      ],
      [null, 'post', '/v1/webhooks/stripe', { payload: {} }],
      [null, 'get', '/healthz', {}],
      [null, 'get', '/readyz', {}],
      [null, 'get', '/problems/{code}', {}],
      ['customer', 'post', '/v1/orders', { payload: {}, headers: { 'idempotency-key': 'k' } }],
      ['worker', 'post', '/v1/quotes', { payload: {} }],
    ] as const;
    for (const [role, method, path, options] of requests) {
      const [, set = ''] = /^\/v1\/(\w+)/.exec(path) ?? [];
      const known = { invoices: INVOICE_ID, payouts: PAYOUT_ID }[set] ?? ORDER_ID;
      const url = path.replace(/{(id|orderId)}/, known).replace('{code}', 'nobody_free');
      const response = await send(role, {
        method: method === 'get' ? 'GET' : 'POST',
        url,
        ...options,
      });
      const described = document.paths[path]?.[method]?.responses[response.statusCode];
      const type = String(response.headers['content-type']).split(';')[0] ?? '';
      const schema = described?.content?.[type]?.schema;
      expect(schema, `${method} ${path} ${response.statusCode} ${type}`).toBeDefined();
      expect(faults(response.json(), schema, document.components.schemas), url).toEqual([]);
    }
  });

  test('its examples keep their schemas', async () => {
    const { document } = await openapi();
    const { schemas } = document.components;
    let examples = 0;
    for (const [name, schema] of Object.entries(schemas)) {
      for (const example of (schema.examples ?? []) as unknown[]) {
        examples++;
        expect(faults(example, schema, schemas), name).toEqual([]);
      }
    }
    expect(examples).toBeGreaterThan(15);
  });
});

type Schema = Record<string, unknown>;

/** Where a value breaks a schema: the part of JSON Schema that the document uses. */
function faults(
  value: unknown,
  given: unknown,
  schemas: Record<string, Schema>,
  at = '$',
): string[] {
  let schema = given as Schema;
  if (typeof schema.$ref === 'string') schema = schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {};
  if (Array.isArray(schema.anyOf)) {
    const results = schema.anyOf.map((option) => faults(value, option, schemas, at));
    return results.some((result) => result.length === 0) ? [] : results.flat();
  }
  if (Array.isArray(schema.enum) && !schema.enum.includes(value))
    return [`${at} is not in the enum`];
  if ('const' in schema && schema.const !== value) return [`${at} is not ${schema.const}`];
  const type = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
  const types = [schema.type ?? type].flat().map((one) => (one === 'integer' ? 'number' : one));
  if (!types.includes(type)) return [`${at} is ${type}, not ${types}`];
  if (typeof value === 'string' && typeof schema.pattern === 'string') {
    return new RegExp(schema.pattern).test(value) ? [] : [`${at} breaks its pattern`];
  }
  if (Array.isArray(value)) {
    return value.flatMap((item, index) =>
      faults(item, schema.items ?? {}, schemas, `${at}[${index}]`),
    );
  }
  if (typeof value !== 'object' || value === null) return [];
  const properties = (schema.properties ?? {}) as Record<string, unknown>;
  const missing = ((schema.required ?? []) as string[]).filter((name) => !(name in value));
  return [
    ...missing.map((name) => `${at}.${name} is missing`),
    ...Object.entries(value).flatMap(([name, member]) => {
      if (name in properties) return faults(member, properties[name], schemas, `${at}.${name}`);
      return schema.additionalProperties === false ? [`${at}.${name} is unknown`] : [];
    }),
  ];
}

describe('the reference page', () => {
  test('loads its script from here and nothing from anywhere else', async () => {
    const { fastify } = await createTestApi();
    const moved = await fastify.inject('/docs');
    expect(moved.headers.location).toBe('/docs/');
    const page = await fastify.inject('/docs/');
    expect(page.statusCode).toBe(200);
    expect(page.body).toContain('"url": "/openapi.json"');
    expect(page.body).not.toMatch(/https?:/);
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    const [, script] = /<script src="([^"]+)"/.exec(page.body) ?? [];
    const plain = await fastify.inject(`/docs/${script}`);
    expect(plain.headers['content-type']).toContain('javascript');
    expect(plain.rawPayload.length).toBeGreaterThan(1_000_000);
    const headers = { 'accept-encoding': 'gzip' };
    const zipped = await fastify.inject({ url: `/docs/${script}`, headers });
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(zipped.rawPayload.length).toBeLessThan(plain.rawPayload.length / 2);
  });
});

describe('problems', () => {
  test('the address in "type" describes the problem', async () => {
    const { fastify } = await createTestApi();
    const described = await fastify.inject('/problems/nobody_free');
    expect(described.json()).toMatchObject({ code: 'nobody_free', status: 409 });
    expect((await fastify.inject('/problems/nonsense')).statusCode).toBe(404);
  });

  test('the guide lists every one of them with its status', () => {
    const guide = readFileSync('docs/guide/http-api.md', 'utf8');
    for (const [code, { status }] of PROBLEMS) {
      expect(guide).toMatch(new RegExp(`^\\| ${status} \\| \`${code}\` \\|`, 'm'));
    }
  });
});
