import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { ReadinessCheck, ServerDependencies } from './dependencies.ts';
import { HttpProblem } from './errors.ts';
import type { Metrics } from './metrics.ts';
import { PROBLEMS, problemType } from './problems.ts';

/** A check that takes longer than this counts as failed: a balancer would not wait either. */
const CHECK_TIMEOUT_MS = 2_000;

const checkSchema = z.object({
  name: z.string(),
  ready: z.boolean(),
  detail: z.string().optional(),
  optional: z
    .literal(true)
    .optional()
    .describe('The server takes requests without it, too; only what needs it answers 503'),
});

/** For those who run it: alive, ready, figures, and what the problems mean. */
export function operationsRoutes(
  deps: Pick<ServerDependencies, 'readiness'>,
  server: { metrics: Metrics; isDraining(): boolean },
): FastifyPluginAsyncZod {
  return async (app) => {
    app.get('/healthz', {
      schema: {
        tags: ['Operations'],
        operationId: 'healthz',
        summary: 'Whether the process is alive',
        description: 'Says nothing about the database: restarting would not help it.',
        response: { 200: z.object({ status: z.literal('alive') }).describe('It is') },
      },
      handler: async () => ({ status: 'alive' as const }),
    });

    app.get('/readyz', {
      config: { problems: ['not_ready'] },
      schema: {
        tags: ['Operations'],
        operationId: 'readyz',
        summary: 'Whether requests should be sent here',
        description: 'The database answers, its migrations fit, and the server is not stopping.',
        response: {
          200: z
            .object({ status: z.literal('ready'), checks: z.array(checkSchema) })
            .describe('They should'),
        },
      },
      handler: async () => {
        const checks = server.isDraining()
          ? [{ name: 'server', ready: false, detail: 'The server is stopping.' }]
          : await runChecks(deps.readiness);
        const failed = checks.filter(stopsUs).map((check) => check.name);
        if (failed.length === 0) return { status: 'ready' as const, checks: [...checks] };
        throw new HttpProblem('not_ready', `Not ready: ${failed.join(', ')}.`, {
          data: { checks },
          headers: { 'retry-after': '1' },
        });
      },
    });

    app.get('/metrics', {
      schema: {
        tags: ['Operations'],
        operationId: 'metrics',
        summary: 'Figures for Prometheus',
        description: 'Durations by route and status, requests in flight, event loop, pools.',
        response: {
          200: {
            description: 'In the text format of Prometheus',
            content: { 'text/plain': { schema: z.string() } },
          },
        },
      },
      handler: async (_request, reply) => {
        const text = await server.metrics.text();
        return reply
          .type(server.metrics.contentType)
          .serializer((payload) => String(payload))
          .send(text);
      },
    });

    app.get('/problems/:code', {
      schema: {
        tags: ['Operations'],
        operationId: 'describeProblem',
        summary: 'What a problem means',
        description: 'The address that `type` of a problem names.',
        params: z.object({ code: z.string() }),
        response: {
          200: z
            .object({
              type: z.string(),
              code: z.string(),
              status: z.int(),
              title: z.string(),
              meaning: z.string(),
            })
            .describe('The description'),
        },
      },
      handler: async ({ params: { code } }) => {
        const kind = PROBLEMS.get(code);
        if (!kind) throw new HttpProblem('not_found', 'There is no such problem.');
        return { type: problemType(code), code, ...kind };
      },
    });
  };
}

function stopsUs(check: ReadinessCheck): boolean {
  return !check.ready && !check.optional;
}

async function runChecks(
  readiness: ServerDependencies['readiness'],
): Promise<readonly ReadinessCheck[]> {
  const { promise: timeout, resolve } = Promise.withResolvers<ReadinessCheck[]>();
  const timer = setTimeout(
    () => resolve([{ name: 'checks', ready: false, detail: 'The checks took too long.' }]),
    CHECK_TIMEOUT_MS,
  );
  try {
    return await Promise.race([readiness(), timeout]);
  } catch {
    return [{ name: 'checks', ready: false, detail: 'The checks could not be made.' }];
  } finally {
    clearTimeout(timer);
  }
}
