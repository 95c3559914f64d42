import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';

const STYLE = `
:root { color-scheme: light dark; --ink: #1c1f23; --paper: #f4f5f7; --card: #fff; --line: #c9ced6; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e9ecf0; --paper: #14171b; --card: #1e2228; --line: #4a525e; }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 34rem; margin: 0 auto; padding: 1.5rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .75rem; }
h1 { margin: 0 0 1rem; font-size: 1.4rem; line-height: 1.25; }
p { margin: 0 0 .75rem; }
p:last-child { margin: 0; }
`;

/** Its own style and nothing else: no script, no picture, no form, no frame. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A page that tells somebody something. */
export function sendNotice(
  reply: FastifyReply,
  notice: { title: string; sentences: readonly string[] },
): FastifyReply {
  const title = escapeHtml(notice.title);
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${notice.sentences.map((sentence) => `<p>${escapeHtml(sentence)}</p>`).join('\n')}
</main>
</body>
</html>
`;
  return sendHtml(reply, html, POLICY);
}

/**
 * Sends a page whose address holds a secret: it is kept nowhere and told to nobody.
 * @param policy its content security policy
 */
export function sendHtml(reply: FastifyReply, html: string, policy: string): FastifyReply {
  return reply
    .header('content-security-policy', policy)
    .header('referrer-policy', 'no-referrer')
    .header('x-robots-tag', 'noindex')
    .type('text/html; charset=utf-8')
    .serializer(String)
    .send(html);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
