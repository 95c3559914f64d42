import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { identifyCaller, registerTokens } from './caller.ts';
import type { ApiDependencies, ServerDependencies } from './dependencies.ts';
import { registerDocs } from './docs.ts';
import { createErrorHandler, HttpProblem, httpProblem, sendProblem } from './errors.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { registerOpenApi } from './openapi.ts';
import { operationsRoutes } from './operations.ts';
import type { ProblemCode } from './problems.ts';
import { ROUTES } from './routes.ts';
import { compileValidator } from './validation.ts';

const BODY_LIMIT_BYTES = 65_536;
const HEADERS_LIMIT_BYTES = 16_384;
/** A photo of 10 MB from a phone in a cellar: about 700 kbit/s. JSON comes in one packet. */
const REQUEST_TIMEOUT_MS = 120_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** Longer than the minute that load balancers keep connections: they close first, not we. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
const CONNECTIONS_CHECK_MS = 5_000;
const LONGEST_PARAMETER = 200;
/** Nobody was there to answer to; as nginx logs it. */
const CLIENT_GONE = 499;

/** A server that has not begun to listen, and what its owner needs to stop it. */
export interface ApiServer {
  fastify: FastifyInstance;
  metrics: Metrics;
  /** From now on: not ready, and every answer closes its connection. */
  drain(): void;
}

/**
 * The HTTP API, complete but not listening: every set of routes whose dependencies it is given.
 * @param version shown in the OpenAPI document
 */
export async function buildServer(
  deps: ApiDependencies,
  options: { version?: string } = {},
): Promise<ApiServer> {
  const metrics = createMetrics(deps);
  const state = { draining: false };
  const fastify = createFastify(deps);
  fastify.addHook('onClose', async () => metrics.close());
  fastify.setValidatorCompiler(compileValidator);
  // Answers are typed by the schema, and the tests check them against it: checking each one again
  // at run time would cost more than all the rest of serving it.
  fastify.setSerializerCompiler(() => JSON.stringify);
  takeJsonOnly(fastify);
  observe(fastify, deps, metrics, state);
  const errorHandler = createErrorHandler(deps.log);
  fastify.setErrorHandler(errorHandler);
  answerUnknownAddresses(fastify);
  await registerTokens(fastify, deps);
  await registerOpenApi(fastify, options.version ?? '0.0.0');
  registerDocs(fastify);
  await fastify.register(operationsRoutes(deps, { metrics, isDraining: () => state.draining }));
  await registerRoutes(fastify, deps);
  await fastify.ready();
  return {
    fastify,
    metrics,
    drain: () => {
      state.draining = true;
    },
  };
}

/** Each set by itself: who asks is known to the main database, or to payments, not to both. */
async function registerRoutes(
  fastify: FastifyInstance,
  { main, payments, ...server }: ApiDependencies,
): Promise<void> {
  if (main) {
    await fastify.register(async (app) => {
      identifyCaller(app, main);
      for (const routes of ROUTES.main) await app.register(routes({ ...server, ...main }));
    });
  }
  if (payments) {
    await fastify.register(async (app) => {
      for (const routes of ROUTES.payments) await app.register(routes({ ...server, ...payments }));
    });
  }
}

function createFastify(deps: ServerDependencies): FastifyInstance {
  const prefix = randomBytes(6).toString('base64url');
  let count = 0;
  return Fastify({
    // Our own log lines say what may be said; the framework's would hold addresses with ids.
    logger: false,
    genReqId: () => `${prefix}-${(++count).toString(36)}`,
    requestIdHeader: false,
    // Never `true`: anybody could then write any address into X-Forwarded-For.
    trustProxy: deps.trustedProxies.length > 0 ? [...deps.trustedProxies] : false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    return503OnClosing: false,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    http: {
      maxHeaderSize: HEADERS_LIMIT_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
    },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => createErrorHandler(deps.log)(error, request, reply),
  });
}

/** Request ids, one log line and one observation per request; connections end while draining. */
function observe(
  fastify: FastifyInstance,
  deps: ServerDependencies,
  metrics: Metrics,
  state: { draining: boolean },
): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    metrics.started();
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
    reply.header('cache-control', 'no-store');
    const startedAt = performance.now();
    // "close" comes for finished and for broken answers alike.
    reply.raw.once('close', () => {
      const route = request.routeOptions.url ?? 'unknown';
      const status = reply.raw.writableEnded ? reply.statusCode : CLIENT_GONE;
      const durationMs = Math.round((performance.now() - startedAt) * 10) / 10;
      metrics.finished(request.method, route, status, durationMs / 1000);
      // A line costs 15 to 35 µs, a tenth of serving an order: what went well is counted above,
      // and written only by LOG_LEVEL=debug.
      const level = status < 400 ? 'debug' : 'info';
      if (!deps.log.isLevelEnabled(level)) return;
      deps.log[level](
        { requestId: request.id, method: request.method, route, status, durationMs },
        'request',
      );
    });
    done();
  });
  // When the answer goes out, not when the request came: it may have come before the stop.
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (state.draining) reply.header('connection', 'close');
    done(null, payload);
  });
}

/** JSON in UTF-8; an empty body is no body, as many clients send one with a content type. */
function takeJsonOnly(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const charset = /charset="?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
    if (charset && !/^utf-?8$/i.test(charset)) {
      const detail = `The body must be JSON in UTF-8, not in ${charset}.`;
      return done(new HttpProblem('unsupported_media_type', detail));
    }
    if (typeof body === 'string' || body.length === 0) return done(null, undefined);
    if (!isUtf8(body)) {
      return done(new HttpProblem('malformed_json', 'The body is not well-formed UTF-8.'));
    }
    return parse(request, body.toString('utf8'), (error, value) => {
      if (!error) return done(null, value);
      const detail = `The body cannot be read as JSON: ${error.message}.`;
      return done(new HttpProblem('malformed_json', detail));
    });
  });
}

/** 405 where the address exists with another method, 404 elsewhere. */
function answerUnknownAddresses(fastify: FastifyInstance): void {
  const known: { pattern: RegExp; methods: string[] }[] = [];
  fastify.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(`^${url.replace(/:[^/]+/g, '[^/]+')}$`);
    known.push({ pattern, methods: [method].flat() });
  });
  fastify.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const here = known.filter(({ pattern }) => pattern.test(path));
    const methods = [...new Set(here.flatMap((route) => route.methods))].toSorted();
    if (methods.length === 0) {
      const problem = new HttpProblem('not_found', 'There is nothing at this address.');
      return sendProblem(reply, httpProblem(problem));
    }
    const allow = methods.join(', ');
    const detail = `This address takes ${allow}, not ${request.method}.`;
    const problem = new HttpProblem('method_not_allowed', detail, { headers: { allow } });
    return sendProblem(reply, httpProblem(problem));
  });
}

const CLIENT_ERRORS: Readonly<Record<string, [ProblemCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'The headers are larger than 16 KB.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'The request did not come in time.'],
};

/** Bytes that are no HTTP never reach a route; they still get a proper answer. */
function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [code, detail] = CLIENT_ERRORS[error.code ?? ''] ?? [
    'malformed_request' as const,
    'The request is not well-formed HTTP.',
  ];
  const { problem } = httpProblem(new HttpProblem(code, detail));
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n` +
      `content-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `connection: close\r\n\r\n${body}`,
  );
}
