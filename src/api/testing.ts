import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { onTestFinished } from 'vitest';
import type { Actor, Idempotency, OrderAnswer, OrderView } from '../contexts/orders/index.ts';
import { createVirtualClock } from '../platform/clock.ts';
import { conflict, notFound, StewardError } from '../platform/errors.ts';
import { createLog } from '../platform/log.ts';
import { type Role, TokenError } from '../platform/tokens/principal.ts';
import { rulesSchema } from '../rules.ts';
import type { MainDependencies, RouteSets, ServerDependencies } from './dependencies.ts';
import { type Call, fakePayments } from './fake-payments.ts';
import { buildServer } from './server.ts';

export const NOW = new Date('2026-11-23T10:00:00Z');
export const ORDER_ID = '019abc00-0000-7000-8000-000000000001';
export const FOREIGN_ORDER_ID = '019abc00-0000-7000-8000-00000000ffff';

/** A body that `POST /v1/orders` accepts. */
export const GOOD_ORDER = {
  service: 'CLEAN-STD',
  description: 'Two rooms',
  place: { city: 'Springfield', address: '12 Elm Street' },
  scheduledAt: '2026-11-24T10:00:00+01:00',
};

/** An order as the context shows it. */
export function orderView(more: Partial<OrderView['order']> = {}): OrderView {
  return {
    order: {
      id: ORDER_ID,
      version: 1,
      status: 'assigned',
      copyOf: null,
      customer: { id: '019abc00-0000-7000-8000-000000000004' },
      worker: { id: '019abc00-0000-7000-8000-000000000003' },
      service: {
        id: '019abc00-0000-7000-8000-000000000002',
        code: 'CLEAN-STD',
        name: 'Cleaning',
        category: 'Home',
        priceMinor: 8900,
        durationMinutes: 120,
        skills: ['cleaning'],
        supplies: [{ item: 'Cloth pack', quantity: 2 }],
      },
      city: 'Springfield',
      scheduledAt: '2026-11-24T09:00:00+00:00',
      endsAt: '2026-11-24T11:00:00+00:00',
      createdAt: '2026-11-23T10:00:00.123456+00:00',
      price: { amount: 8900, currency: 'USD', lines: [{ label: 'Cleaning', amount: 8900 }] },
      supplies: {
        status: 'requested',
        items: [{ item: 'Cloth pack', quantity: 2 }],
        issuedAt: null,
      },
      suppliedAt: null,
      startedAt: null,
      endedAt: null,
      endKind: null,
      photos: { checkIn: 'orders/secret-key.jpg', report: null },
      stars: null,
      ratedAt: null,
      ...more,
    },
    place: { city: 'Springfield', address: '12 Elm Street' },
    description: 'Two rooms',
    comment: null,
    endReason: null,
    customer: { id: '019abc00-0000-7000-8000-000000000004', name: 'Bo Berg' },
    worker: { id: '019abc00-0000-7000-8000-000000000003', name: 'Ann Lee', rating: 4.71 },
  };
}

/**
 * The contexts' side of the API, in memory: it knows one order, remembers idempotency keys, and
 * keeps what it was asked. What the contexts really do is tested with them.
 */
export function fakeContexts(calls: Call[] = []): MainDependencies {
  const answers = new Map<string, { hash: string; answer: OrderAnswer }>();
  const done = (name: string, more: Partial<OrderView['order']>) => {
    return async (...args: unknown[]): Promise<OrderAnswer> => {
      calls.push({ name, args });
      if (args.includes(FOREIGN_ORDER_ID)) throw notFound('order', FOREIGN_ORDER_ID);
      const actor = args[0] as Actor;
      const idempotency = args.at(-1) as Idempotency | undefined;
      if (!idempotency?.key) return { view: orderView(more), replayed: false };
      const principal = `${actor.kind} ${actor.id} ${idempotency.key}`;
      const hash = Buffer.from(idempotency.requestHash).toString('hex');
      const known = answers.get(principal);
      if (known && known.hash !== hash) {
        throw new StewardError('invalid', 'idempotency_key_reused', 'The key was used.');
      }
      if (known) return { ...known.answer, replayed: true };
      const answer = { view: orderView(more), replayed: false };
      answers.set(principal, { hash, answer });
      return answer;
    };
  };
  const ended = { endedAt: '2026-11-24T11:00:00+00:00' };
  const orders: MainDependencies['orders'] = {
    quote: async (code) => {
      calls.push({ name: 'quote', args: [code] });
      if (code !== 'CLEAN-STD') throw notFound('service', code);
      const { service, price } = orderView().order;
      return { service: { id: service.id, code: service.code, name: service.name }, price };
    },
    place: done('place', {}),
    rebook: done('rebook', { copyOf: FOREIGN_ORDER_ID }),
    cancel: done('cancel', { status: 'cancelled', endKind: 'customer-cancelled', ...ended }),
    checkIn: done('checkIn', { status: 'started', startedAt: '2026-11-24T09:00:00+00:00' }),
    complete: done('complete', { status: 'completed', endKind: 'completed', ...ended }),
    fail: done('fail', { status: 'failed', endKind: 'worker-failed', ...ended }),
    rate: done('rate', {
      status: 'completed',
      endKind: 'completed',
      ...ended,
      stars: 5,
      ratedAt: ended.endedAt,
    }),
    get: async (viewer, id) => {
      calls.push({ name: 'get', args: [viewer, id] });
      if (id !== ORDER_ID) throw notFound('order', id);
      return orderView();
    },
    list: async (...args) => {
      calls.push({ name: 'list', args });
      return { data: [orderView()], nextCursor: 'abc' };
    },
    timeline: async (viewer, id) => {
      calls.push({ name: 'timeline', args: [viewer, id] });
      const actor = { kind: 'supplies' as const, id: 'clerk-7' };
      return [
        { at: NOW, type: 'order.supplied', status: 'supplied', actor, version: 2, endKind: null },
      ];
    },
  };
  const { service, supplies } = orderView().order;
  return {
    orders,
    supplies: {
      list: async (...args: unknown[]) => {
        calls.push({ name: 'supplies.list', args });
        return {
          data: [
            {
              orderId: ORDER_ID,
              status: 'requested' as const,
              items: supplies.items,
              neededAt: NOW,
              requestedAt: NOW,
              issuedAt: null,
              issuedBy: null,
              service: { code: service.code, name: service.name },
              worker: { id: orderView().worker.id, name: 'Ann Lee' },
              cookie: 'late' as const,
            },
          ],
          nextCursor: null,
        };
      },
      issue: done('issue', { status: 'supplied' }),
    },
    customers: {
      identify: async (token: { subject: string; name?: string; email?: string }) => {
        calls.push({ name: 'customers.identify', args: [token] });
        return `customer-id-of-${token.subject}`;
      },
    },
    workers: {
      identify: async (subject: string) => `worker-id-of-${subject}`,
    },
    services: {
      list: async () => ({
        data: [
          { ...service, priceMinor: 8900n },
          { ...service, priceMinor: null },
        ],
        nextCursor: null,
      }),
    },
  };
}

/** An illegal step as the context reports it. */
export function illegalTransition() {
  return conflict('illegal_transition', 'The order is started: "issue" is not possible now.', {
    status: 'started',
    allowed: ['complete', 'cancel', 'fail'],
  });
}

type TestDependencies = ServerDependencies & RouteSets;

/** Dependencies of both sets of routes, with tokens of the form `<role>.<sub>`. */
export function testDependencies(more: Partial<TestDependencies> = {}): TestDependencies {
  return {
    main: fakeContexts(),
    payments: fakePayments(),
    verifyToken: async (token) => {
      const [role = '', subject = ''] = token.split('.');
      if (!subject) throw new TokenError('token_malformed', 'The bearer token is not a JWT.');
      if (subject === 'late') throw new TokenError('token_expired', 'The token has expired.');
      return { subject, role: role as Role, name: 'Bo Berg', expiresAt: NOW };
    },
    clock: createVirtualClock(NOW),
    log: createLog({ level: 'silent', part: 'api' }),
    currency: 'USD',
    readiness: async () => [{ name: 'database', ready: true }],
    trustedProxies: [],
    limits: rulesSchema.parse({}).http,
    ...more,
  };
}

export interface TestApi {
  fastify: FastifyInstance;
  calls: Call[];
  /** Sends a request as `sub` "ann" of this role; without a role without a token. */
  send(role: Role | null, options: InjectOptions): Promise<LightMyRequestResponse>;
}

/** A server with fake contexts, closed with the test. */
export async function createTestApi(more: Partial<TestDependencies> = {}): Promise<TestApi> {
  const calls: Call[] = [];
  const fakes = { main: fakeContexts(calls), payments: fakePayments(calls) };
  const { fastify } = await buildServer(testDependencies({ ...fakes, ...more }));
  onTestFinished(async () => fastify.close());
  return {
    fastify,
    calls,
    send: (role, options) =>
      fastify.inject({
        ...options,
        headers: { ...(role && { authorization: `Bearer ${role}.ann` }), ...options.headers },
      }),
  };
}

/** A form with these parts; a part with a file name is a file. */
export function form(
  parts: readonly { name: string; content: string | Buffer; filename?: string }[],
): Pick<InjectOptions, 'payload' | 'headers'> {
  const boundary = 'steward-test-boundary';
  const chunks = parts.flatMap(({ name, content, filename }) => [
    Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${
        filename ? `; filename="${filename}"\r\ncontent-type: image/jpeg` : ''
      }\r\n\r\n`,
    ),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]);
  return {
    payload: Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  };
}
