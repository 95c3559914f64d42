import type { FastifyInstance } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { SandboxPage } from '../contexts/payments/index.ts';
import { StewardError } from '../platform/errors.ts';
import type { PaymentsDependencies, SandboxPages, ServerDependencies } from './dependencies.ts';
import { sendHtml } from './html-page.ts';
import { tellProblemsAsPages } from './page-problems.ts';

/** One field with one short word in it. */
const FORM_LIMIT_BYTES = 4_096;

const pageParams = z.object({ token: z.string() });
const choiceForm = z.object({ choice: z.string('choose one of them').max(100) });

/** The hosted pages of the built-in sandbox provider; nothing where a real one has its own. */
export function sandboxRoutes(
  deps: ServerDependencies & PaymentsDependencies,
): FastifyPluginAsyncZod {
  const { sandbox } = deps;
  return async (app) => {
    if (!sandbox) return;
    tellProblemsAsPages(app, deps.log);
    takeForms(app);

    app.get('/sandbox/pages/:token', {
      schema: { hide: true, params: pageParams },
      handler: async (request, reply) => {
        const page = await sandbox.page(request.params.token);
        const { html, policy } = sandbox.render(page);
        return sendHtml(reply, html, policy);
      },
    });

    app.post('/sandbox/pages/:token', {
      bodyLimit: FORM_LIMIT_BYTES,
      schema: { hide: true, params: pageParams, body: choiceForm },
      handler: async (request, reply) => {
        const page = await choose(sandbox, request.params.token, request.body.choice);
        const { html, policy } = sandbox.render(page);
        return sendHtml(reply, html, policy);
      },
    });
  };
}

/** A page that is used up or has expired shows itself as that. */
async function choose(sandbox: SandboxPages, token: string, choice: string): Promise<SandboxPage> {
  try {
    return await sandbox.submit(token, choice);
  } catch (error) {
    if (!(error instanceof StewardError) || error.code !== 'page_closed') throw error;
    return sandbox.page(token);
  }
}

function takeForms(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => {
      done(null, Object.fromEntries(new URLSearchParams(String(body))));
    },
  );
}
