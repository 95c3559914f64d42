import swagger, { type SwaggerTransform } from '@fastify/swagger';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { rolesOf } from './caller.ts';
import { PROBLEMS, type ProblemCode, type ProblemKind } from './problems.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Problems of this route, apart from those that every route of its kind can have. */
    problems?: readonly ProblemCode[];
    /** What the header Location of a 201 names. */
    location?: string;
    /** Answers that are pages for people, or lead to one, by status. */
    pages?: Readonly<Record<number, string>>;
  }
}

type Json = Record<string, unknown>;

/** How a problem is written; used by every error answer. */
const problemSchema = z
  .looseObject({
    type: z.string().describe('Address of a description of this problem'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What is wrong, in a whole sentence'),
    code: z.string().describe('Stable; what a program goes by'),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe('Every fault of the input'),
  })
  .meta({
    id: 'Problem',
    description: 'RFC 9457. Some problems have further members, such as `nearestTimes`.',
    examples: [
      {
        type: '/problems/nobody_free',
        title: 'Nobody is free at that time',
        status: 409,
        detail: 'Nobody suitable is free at that time. Nothing was ordered; see nearestTimes.',
        code: 'nobody_free',
        nearestTimes: ['2026-11-24T11:00:00.000Z'],
      },
    ],
  });

const PROBLEM_ADDRESS = `#/components/schemas/${problemSchema.meta()?.id}`;

const INTRODUCTION = `Order services, follow them, carry them out; see what is to be paid and what was earned.

## Tokens

Every address under \`/v1\`, apart from webhooks, wants \`Authorization: Bearer <JWT>\` with \`sub\`, \`role\` and \`exp\`.

- Where this server signs its own tokens, as it does unless told otherwise, whoever runs it issues
  them:

  \`\`\`sh
  steward tokens issue --role customer --sub alice --name "Alice Doe"
  steward tokens issue --role worker --worker WORKER_ID
  steward tokens issue --role supplies --sub clerk-1
  \`\`\`

- Where it runs with \`OIDC_ISSUER\`, get them from that issuer, for the audience
  \`OIDC_AUDIENCE\`; \`steward tokens issue\` is refused there.

## Requests and answers

- **Keys**: a POST that makes or moves something takes an \`Idempotency-Key\` of your choice, such as
  a UUID; placing an order needs one. Sent again with the same key, a request does
  nothing twice: the answer is the first one's, with \`Idempotency-Replayed: true\`.
- **Errors** are \`application/problem+json\` (RFC 9457); programs go by \`code\`. The codes are
  listed below, and each request names those it can answer with.
- **Lists** come in pages: send \`nextCursor\` back as \`cursor\`.
- **Money** is in minor units; **times** are ISO 8601, in answers in UTC.

## Codes of errors

${[...PROBLEMS]
  .toSorted(([, one], [, other]) => one.status - other.status)
  .map(describeProblem)
  .join('\n')}`;

function describeProblem([code, { status, title, meaning }]: [string, ProblemKind]): string {
  return `- ${status} \`${code}\`: ${title}. ${escapeMeaning(meaning)}`;
}

/** Unescaped, the page takes `<token>` for HTML. */
function escapeMeaning(meaning: string): string {
  return meaning.replaceAll('<', '&lt;');
}

/** Collects every route into one OpenAPI 3.1 document, from the schemas that also check them. */
export async function registerOpenApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'steward', version, description: INTRODUCTION },
      servers: [{ url: '/' }],
      tags: [
        { name: 'Services', description: 'What can be ordered' },
        { name: 'Orders', description: 'For customers' },
        { name: 'Work', description: 'For workers' },
        { name: 'Supplies', description: 'For the supplies department' },
        { name: 'Payments', description: 'For customers and workers: what is paid, and how' },
        { name: 'Operations', description: 'For those who run it' },
      ],
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'JWT with `sub`, `role` and `exp`',
          },
        },
      },
    },
    transform: describeRoute,
    transformObject: (document) => withoutUnused(jsonSchemaTransformObject(document)),
  });
}

/** What the schemas do not say: token, key, form, and every problem that can be answered. */
const describeRoute: SwaggerTransform = (input) => {
  const { schema, url } = jsonSchemaTransform(input);
  const { config = {} } = input.route;
  if (!schema || ('hide' in schema && schema.hide)) return { schema, url };
  const described: Json = { ...schema };
  const roles = rolesOf(config.role).map((role) => `\`${role}\``);
  if (roles.length > 0) {
    described.security = [{ token: [] }];
    described.description = `${described.description}\n\nRole: ${roles.join(' or ')}.`;
  }
  if (config.idempotencyKey) described.headers = keyHeader(config.idempotencyKey === 'required');
  if (config.photoField) {
    described.consumes = ['multipart/form-data'];
    described.body = photoForm(config.photoField);
  }
  if (config.signedBy) {
    described.headers = signatureHeader(config.signedBy);
    described.consumes = ['application/json'];
    described.body = { type: 'object', examples: [{ id: 'evt_1AbcDef', type: 'charge.refunded' }] };
  }
  described.response = {
    ...pageAnswers(config.pages ?? {}),
    ...describeAnswers((described.response ?? {}) as Json, config),
    ...problemAnswers(problemsOf(input.route)),
  };
  return { schema: described, url };
};

function keyHeader(required: boolean): Json {
  return {
    type: 'object',
    properties: {
      'Idempotency-Key': {
        type: 'string',
        minLength: 1,
        maxLength: 200,
        pattern: '^[\\x21-\\x7e]+$',
        description: 'The same key with the same request does the thing once. A UUID will do.',
      },
    },
    ...(required && { required: ['Idempotency-Key'] }),
  };
}

function signatureHeader(name: string): Json {
  return {
    type: 'object',
    properties: {
      [name]: { type: 'string', description: 'Over the body and the time, with our common secret' },
    },
    required: [name],
  };
}

function pageAnswers(pages: Readonly<Record<number, string>>): Json {
  const location = { type: 'string', description: 'Address of the page' };
  const html = { 'text/html': { schema: { type: 'string' } } };
  return Object.fromEntries(
    Object.entries(pages).map(([status, description]) => {
      if (!status.startsWith('3')) return [status, { description, content: html }];
      return [status, { description, type: 'null', headers: { Location: location } }];
    }),
  );
}

function photoForm(field: string): Json {
  return {
    type: 'object',
    properties: {
      [field]: {
        type: 'string',
        format: 'binary',
        description: 'JPEG, PNG, WebP or HEIC, at most 10 MB',
      },
    },
    required: [field],
    additionalProperties: false,
  };
}

/** Headers of the answers. */
function describeAnswers(answers: Json, config: RouteOptions['config']): Json {
  const replayed = {
    type: 'string',
    enum: ['true'],
    description: 'There where this is the answer to an earlier, equal request',
  };
  const location = { type: 'string', description: config?.location };
  return Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => {
      const headers = {
        ...(config?.idempotencyKey && { 'Idempotency-Replayed': replayed }),
        ...(status === '201' && config?.location && { Location: location }),
      };
      if (Object.keys(headers).length === 0) return [status, answer];
      return [status, { ...(answer as Json), headers }];
    }),
  );
}

/** All codes that a route can answer with. */
function problemsOf(route: RouteOptions): ProblemCode[] {
  const { role, idempotencyKey, problems = [] } = route.config ?? {};
  const codes: ProblemCode[] = [...problems];
  if (rolesOf(role).length === 0) return codes;
  codes.push('invalid_request', 'token_missing', 'token_malformed', 'token_expired');
  codes.push('token_not_trusted', 'token_claims', 'wrong_role', 'too_many_requests');
  codes.push('internal_error', 'database_unavailable', 'issuer_unavailable');
  if (route.method !== 'GET') codes.push('request_too_large', 'unsupported_media_type');
  if (route.schema?.body) codes.push('malformed_json');
  if (idempotencyKey === 'required') codes.push('idempotency_key_required');
  if (idempotencyKey) {
    codes.push('idempotency_key_malformed', 'idempotency_key_reused', 'request_in_flight');
  }
  return codes;
}

function problemAnswers(codes: readonly ProblemCode[]): Json {
  const byStatus = new Map<number, string[]>();
  for (const code of codes) {
    const kind = PROBLEMS.get(code);
    if (!kind) continue;
    const lines = byStatus.get(kind.status) ?? [];
    lines.push(`- \`${code}\`: ${kind.title}. ${escapeMeaning(kind.meaning)}`);
    byStatus.set(kind.status, lines);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, lines]) => [
      status,
      {
        description: lines.join('\n'),
        content: { 'application/problem+json': { schema: { $ref: PROBLEM_ADDRESS } } },
      },
    ]),
  );
}

/**
 * Each named schema comes twice: as input, with that word behind its name, and as output. Only
 * those that something refers to stay, and requests keep their plain names.
 */
function withoutUnused<T extends object>(full: T): T {
  const document: T = JSON.parse(JSON.stringify(full).replaceAll('RequestInput"', 'Request"'));
  const { components } = document as { components?: { schemas?: Json } };
  const schemas = components?.schemas ?? {};
  const used = new Set<string>();
  const visit = (value: unknown): void => {
    for (const [, name = ''] of JSON.stringify(value ?? null).matchAll(
      /"#\/components\/schemas\/([^"]+)"/g,
    )) {
      if (used.has(name)) continue;
      used.add(name);
      visit(schemas[name]);
    }
  };
  visit((document as { paths?: unknown }).paths);
  const kept = Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)));
  return { ...document, components: { ...components, schemas: kept } };
}
