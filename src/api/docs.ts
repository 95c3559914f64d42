import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';

const PREFIX = '/docs';
/** As the page asks for it, below the prefix. */
const SCRIPT = 'js/scalar.js';

/** The page may load from here only: it works without the internet and tells nobody about itself. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "worker-src 'self' blob:",
  "frame-ancestors 'none'",
].join('; ');

interface DocsPage {
  html: string;
  scriptGzip: Buffer;
  script: Buffer;
}

/** `GET /openapi.json`, and a page at `/docs` that shows it and sends requests. */
export function registerDocs(app: FastifyInstance): void {
  let document: string | undefined;
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
    document ??= JSON.stringify(app.swagger());
    return sendText(reply, 'application/json', document);
  });

  let page: Promise<DocsPage> | undefined;
  const load = () => {
    page ??= loadPage();
    return page;
  };
  app.get(PREFIX, { schema: { hide: true } }, async (_request, reply) =>
    reply.redirect(`${PREFIX}/`, 301),
  );
  app.get(`${PREFIX}/`, { schema: { hide: true } }, async (_request, reply) => {
    reply.header('content-security-policy', CONTENT_SECURITY_POLICY);
    return sendText(reply, 'text/html; charset=utf-8', (await load()).html);
  });
  app.get(`${PREFIX}/${SCRIPT}`, { schema: { hide: true } }, async (request, reply) => {
    const { script, scriptGzip } = await load();
    const zipped = /\bgzip\b/.test(String(request.headers['accept-encoding']));
    if (zipped) reply.header('content-encoding', 'gzip');
    reply.header('vary', 'accept-encoding').header('cache-control', 'public, max-age=3600');
    return reply.type('text/javascript; charset=utf-8').send(zipped ? scriptGzip : script);
  });
}

function sendText(reply: FastifyReply, type: string, text: string) {
  return reply.type(type).serializer(String).send(text);
}

/**
 * The page and its script as the library serves them. Loaded when somebody opens the page: the
 * library is 5 MB of script, and a process that only serves orders need not carry it.
 */
async function loadPage(): Promise<DocsPage> {
  const { default: apiReference } = await import('@scalar/fastify-api-reference');
  const pages = Fastify();
  await pages.register(apiReference, {
    routePrefix: PREFIX,
    configuration: {
      url: '/openapi.json',
      pageTitle: 'steward: HTTP API',
      withDefaultFonts: false,
      telemetry: false,
      hideClientButton: true,
      showDeveloperTools: 'never',
      mcp: { disabled: true },
      agent: { disabled: true },
      persistAuth: true,
      authentication: { preferredSecurityScheme: 'token' },
    },
  });
  const html = await pages.inject(`${PREFIX}/`);
  const script = await pages.inject(`${PREFIX}/${SCRIPT}`);
  await pages.close();
  if (html.statusCode !== 200 || script.statusCode !== 200 || !html.body.includes(SCRIPT)) {
    throw new Error('the library of the reference page serves its files elsewhere by now');
  }
  return {
    html: html.body,
    script: script.rawPayload,
    scriptGzip: await promisify(gzip)(script.rawPayload),
  };
}
