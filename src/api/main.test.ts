import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RouteSets, ServerDependencies } from './dependencies.ts';
import { serveApi } from './main.ts';
import { fakeContexts, ORDER_ID, orderView, testDependencies } from './testing.ts';

async function start(more: Partial<ServerDependencies & RouteSets> = {}) {
  const api = await serveApi(testDependencies(more), { host: '127.0.0.1', port: 0 });
  onTestFinished(() => api.stop());
  return api;
}

/** Contexts whose orders are read only when the gate opens. */
function gated() {
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const contexts = fakeContexts();
  const get = async () => {
    reached.resolve();
    await gate.promise;
    return orderView();
  };
  return {
    gate,
    reached,
    contexts: { main: { ...contexts, orders: { ...contexts.orders, get } } },
  };
}

interface Answer {
  status: number;
  connection: string | undefined;
  body: string;
}

function get(port: number, path: string, agent?: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: 'Bearer customer.ann' };
    const request = httpRequest({ host: '127.0.0.1', port, path, agent, headers }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          connection: response.headers.connection,
          body,
        }),
      );
    });
    request.on('error', reject);
    request.end();
  });
}

/** Sends bytes as they are, and returns everything that comes back. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

describe('stopping', () => {
  test('a request that is being answered is finished, and its connection closed', async () => {
    const { gate, reached, contexts } = gated();
    const api = await start(contexts);
    const agent = new Agent({ keepAlive: true });
    const answer = get(api.port, `/v1/orders/${ORDER_ID}`, agent);
    await reached.promise;
    const stopped = api.stop();
    gate.resolve();
    expect((await answer).status).toBe(200);
    await stopped;
    await expect(get(api.port, '/healthz')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    agent.destroy();
  });

  test('no request of a busy client fails other than by a refused connection', async () => {
    const api = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });
    const statuses: number[] = [];
    const errors: unknown[] = [];
    const { promise: warm, resolve: isWarm } = Promise.withResolvers<void>();
    const client = async () => {
      while (errors.length === 0) {
        try {
          statuses.push((await get(api.port, '/v1/services', agent)).status);
        } catch (error) {
          errors.push(error);
        }
        if (statuses.length >= 200) isWarm();
      }
    };
    const clients = Array.from({ length: 16 }, client);
    await warm;
    await api.stop();
    await Promise.all(clients);
    expect(new Set(statuses)).toEqual(new Set([200]));
    // Nothing was sent yet: any client tries the next server.
    for (const error of errors) expect(error).toMatchObject({ syscall: 'connect' });
    agent.destroy();
  });

  test('while stopping, the server says that it is not ready and ends connections', async () => {
    const { gate, reached, contexts } = gated();
    const api = await start(contexts);
    const agent = new Agent({ keepAlive: true });
    expect((await get(api.port, '/readyz', agent)).connection).toBe('keep-alive');
    const held = get(api.port, `/v1/orders/${ORDER_ID}`);
    await reached.promise;
    const stopped = api.stop();
    const late = await get(api.port, '/readyz', agent);
    expect(late.status).toBe(503);
    expect(late.connection).toBe('close');
    expect(JSON.parse(late.body)).toMatchObject({ code: 'not_ready' });
    gate.resolve();
    await Promise.all([held, stopped]);
    agent.destroy();
  });

  test('a request that never ends is cut when the time is over', async () => {
    const { gate, reached, contexts } = gated();
    const { limits } = testDependencies();
    const api = await start({ ...contexts, limits: { ...limits, drainSeconds: 1 } });
    const held = get(api.port, `/v1/orders/${ORDER_ID}`);
    const outcome = expect(held).rejects.toMatchObject({ code: 'ECONNRESET' });
    await reached.promise;
    await api.stop();
    await outcome;
    gate.resolve();
  });

  test('stopping twice is stopping once', async () => {
    const api = await start();
    await Promise.all([api.stop(), api.stop()]);
    await api.stop();
  });
});

describe('listening', () => {
  test('a port that is taken is said so', async () => {
    const api = await start();
    const second = serveApi(testDependencies(), { host: '127.0.0.1', port: api.port });
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  test('what is no HTTP gets a problem', async () => {
    const api = await start();
    const answer = await raw(api.port, 'hello\r\n\r\n');
    expect(answer).toContain('HTTP/1.1 400 Bad Request');
    expect(answer).toContain('"code":"malformed_request"');
  });

  test('headers have a limit', async () => {
    const api = await start();
    const long = `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`;
    expect(await raw(api.port, long)).toContain('"code":"headers_too_large"');
  });

  test('an address that cannot be decoded gets a problem', async () => {
    const api = await start();
    const answer = await get(api.port, '/v1/orders/%ff');
    expect(JSON.parse(answer.body)).toMatchObject({ status: 400, code: 'malformed_request' });
  });
});

describe('for those who run it', () => {
  test('ready only when every check is', async () => {
    const detail = 'The database does not answer.';
    const api = await start({
      readiness: async () => [{ name: 'database', ready: false, detail }],
    });
    const answer = await get(api.port, '/readyz');
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'not_ready',
      checks: [{ name: 'database', ready: false, detail }],
    });
    expect((await get(api.port, '/healthz')).status).toBe(200);
  });

  test('a check that fails or hangs is "not ready"', async () => {
    const failing = await start({ readiness: () => Promise.reject(new Error('x')) });
    expect((await get(failing.port, '/readyz')).status).toBe(503);
    const hanging = await start({ readiness: () => new Promise(() => undefined) });
    expect((await get(hanging.port, '/readyz')).status).toBe(503);
  });

  test('figures go by the template of the address, and each server has its own', async () => {
    const pools = () => [{ name: 'main', total: 5, idle: 2, waiting: 1 }];
    const [api, other] = await Promise.all([start({ pools }), start()]);
    await get(api.port, `/v1/orders/${ORDER_ID}`);
    await get(api.port, '/nothing/here');
    const { body } = await get(api.port, '/metrics');
    expect(body).toMatch(
      /http_request_duration_seconds_count{method="GET",route="\/v1\/orders\/:id",status="200"} 1\n/,
    );
    expect(body).toMatch(/_count{method="GET",route="unknown",status="404"} 1\n/);
    expect(body).toContain('http_requests_in_flight 1\n');
    expect(body).toContain('database_pool_connections{pool="main",state="used"} 3\n');
    expect(body).toMatch(/nodejs_eventloop_lag_seconds{quantile="0.99"} \d/);
    expect(body).not.toContain(ORDER_ID);
    expect((await get(other.port, '/metrics')).body).not.toContain('/v1/orders/:id');
  });
});
