import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { findRoute, runRoute } from './api.ts';
import { type Controlled, findControl } from './control.ts';
import { ApiError, badParameter } from './errors.ts';
import { type Fault, Faults } from './faults.ts';
import { type Answer, IdempotencyKeys } from './idempotency.ts';
import { decodeForm } from './parameters.ts';
import { createEmulatorClock, createOutsideLog } from './time-and-log.ts';
import { WebhookSender } from './webhooks.ts';
import { API_VERSION, World } from './world.ts';

export interface EmulatorOptions {
  /** 0 or nothing: any free one. */
  port?: number;
  /** Gets the log's lines as JSON. */
  logFile?: string;
  /** The emulator's clock stands still from here; without it it runs with the machine's. */
  frozenAt?: Date;
}

interface Received {
  method: string;
  path: string;
  /** Form body of a POST, query of a GET. */
  form: string;
  key: string | null;
  authorization: string | undefined;
  contentType: string | undefined;
  version: string | undefined;
}

/** An answer on its way, or null: the connection is cut. */
type Outgoing = (Answer & { replayed?: boolean }) | null;

/** Starts an emulated Stripe on 127.0.0.1. */
export async function startServer(options: EmulatorOptions = {}) {
  const clock = createEmulatorClock(options.frozenAt);
  const world = new World(clock, createOutsideLog(clock, options.logFile));
  const controlled = { world, faults: new Faults(), webhooks: new WebhookSender(world) };
  const keys = new IdempotencyKeys(clock);
  const server = createServer((request, response) => {
    answerRequest(request, response, controlled, keys).catch((error: unknown) => {
      response.writeHead(599, { 'content-type': 'text/plain' }).end(String(error));
    });
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    controlled.webhooks.close();
    await closeServer(server);
  };
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, close };
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

const CONTROL = '/_emulator/';

async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  controlled: Controlled,
  keys: IdempotencyKeys,
): Promise<void> {
  const body = await readBody(request);
  const { pathname, search } = new URL(request.url ?? '/', 'http://emulator');
  const method = request.method ?? 'GET';
  if (pathname.startsWith(CONTROL)) {
    const answer = await runControl(controlled, method, pathname.slice(CONTROL.length), body);
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body ?? null));
    return;
  }
  const key = request.headers['idempotency-key'];
  const received = {
    method,
    path: pathname,
    form: method === 'POST' ? body : search.slice(1),
    key: typeof key === 'string' ? key : null,
    authorization: request.headers.authorization,
    contentType: request.headers['content-type'],
    version: request.headers['stripe-version']?.toString(),
  };
  const requestId = `req_${randomUUID().replaceAll('-', '').slice(0, 14)}`;
  const outgoing = await runRequest(received, requestId, controlled, keys);
  if (!outgoing) {
    request.socket.destroy();
    return;
  }
  response.writeHead(outgoing.status, {
    'content-type': 'application/json',
    'request-id': requestId,
    ...(received.version && { 'stripe-version': received.version }),
    ...(received.key && { 'idempotency-key': received.key }),
    ...(outgoing.replayed && { 'idempotent-replayed': 'true' }),
  });
  response.end(JSON.stringify(outgoing.body));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function runControl(on: Controlled, method: string, path: string, body: string) {
  const found = findControl(method, path);
  if (!found) return { status: 404, body: { message: `There is no ${method} ${CONTROL}${path}.` } };
  try {
    const parsed = body ? (JSON.parse(body) as { [name: string]: unknown }) : {};
    return { status: 200, body: await found.run(on, parsed, found.id) };
  } catch (error) {
    return { status: 400, body: { message: error instanceof Error ? error.message : 'failed' } };
  }
}

async function runRequest(
  received: Received,
  requestId: string,
  controlled: Controlled,
  keys: IdempotencyKeys,
): Promise<Outgoing> {
  const { method, path, key } = received;
  const { log } = controlled.world;
  if (method === 'POST') log.write({ what: 'arrived', id: requestId, method, path, key });
  const fault = controlled.faults.take(method, path);
  const outgoing = await runFaulty(received, fault, controlled, keys);
  const { status = 0, replayed = false } = outgoing ?? {};
  const at = fault && { fault: `${fault.kind} ${fault.when ?? 'before'}` };
  log.write({ what: 'request', id: requestId, method, path, key, status, replayed, ...at });
  if (fault?.when !== 'after') return outgoing;
  return spoil(outgoing, fault);
}

/** What happens to an answer whose effect has happened. */
async function spoil(outgoing: Outgoing, fault: Fault): Promise<Outgoing> {
  if (fault.kind === 'delay') await sleep(fault.delayMs ?? 1000);
  return replacement(fault, outgoing);
}

function replacement(fault: Fault, otherwise: Outgoing): Outgoing {
  switch (fault.kind) {
    case 'cut':
      return null;
    case 'bare-400':
      return { status: 400, body: { message: 'Bad Request' } };
    case 'wrong-shape':
      return { status: 200, body: { object: 'list', data: [] } };
    default:
      return otherwise;
  }
}

async function runFaulty(
  received: Received,
  fault: Fault | undefined,
  controlled: Controlled,
  keys: IdempotencyKeys,
): Promise<Outgoing> {
  const before = fault && fault.when !== 'after' ? fault : undefined;
  if (before?.kind === 'rate-limit' || fault?.kind === 'rate-limit') {
    return answerOf(
      new ApiError(
        429,
        { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many requests.' },
        false,
      ),
    );
  }
  if (before && ['cut', 'bare-400', 'wrong-shape'].includes(before.kind)) {
    return replacement(before, null);
  }
  try {
    checkCaller(received);
    return await runOnce(received, fault, before, controlled, keys);
  } catch (error) {
    if (error instanceof ApiError) return answerOf(error);
    throw error;
  }
}

const answerOf = (error: ApiError): Answer => ({
  status: error.status,
  body: { error: error.body },
});

const INTERNAL_ERROR: Answer = {
  status: 500,
  body: { error: { type: 'api_error', message: 'An unknown error occurred.' } },
};

async function runOnce(
  received: Received,
  fault: Fault | undefined,
  before: Fault | undefined,
  { world }: Controlled,
  keys: IdempotencyKeys,
): Promise<Outgoing> {
  const { method, path, form } = received;
  const route = findRoute(method, path);
  const key = method === 'POST' ? received.key : null;
  const replayed = key ? keys.begin(key, `${method} ${path} ${form}`) : null;
  if (replayed) return { ...replayed, replayed: true };
  if (before?.kind === 'delay') await sleep(before.delayMs ?? 1000);
  try {
    const failsBefore = before?.kind === 'error-500';
    const answer = failsBefore ? INTERNAL_ERROR : runRoute(world, route, decodeForm(form));
    const kept = fault?.kind === 'error-500' ? INTERNAL_ERROR : answer;
    // While the answer of a delayed effect is on its way, the key is still in use.
    if (key && !(fault?.kind === 'delay' && fault.when === 'after')) keys.keep(key, kept);
    else if (key) setTimeout(() => keys.keep(key, kept), fault?.delayMs ?? 1000).unref();
    return kept;
  } catch (error) {
    if (key && error instanceof ApiError && error.stored) keys.keep(key, answerOf(error));
    else if (key) keys.release(key);
    throw error;
  }
}

const LONGEST_KEY = 255;

function checkCaller({ authorization, contentType, key, method, version }: Received): void {
  const secret = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1] ?? '';
  if (!secret.startsWith('sk_test_') || secret === 'sk_test_wrong') {
    const message = 'Invalid API Key provided.';
    throw new ApiError(401, { type: 'invalid_request_error', message }, false);
  }
  if (secret === 'sk_test_restricted') {
    const message = 'The provided key does not have the required permissions for this endpoint.';
    throw new ApiError(403, { type: 'invalid_request_error', message }, false);
  }
  if (version !== API_VERSION) {
    throw badParameter('', 'Stripe-Version', `Objects here are of ${API_VERSION}, not ${version}.`);
  }
  if (key && key.length > LONGEST_KEY) {
    throw badParameter('idempotency_key_too_long', 'Idempotency-Key', 'The key is too long.');
  }
  if (method === 'POST' && !contentType?.startsWith('application/x-www-form-urlencoded')) {
    throw badParameter('', 'Content-Type', `Expected a form, found ${contentType}.`);
  }
}
