import { createHash } from 'node:crypto';

/** One thing that a person can choose on a hosted page. */
export interface SandboxChoice {
  /** What the form sends. */
  value: string;
  title: string;
  effect: string;
}

/** A hosted page of the sandbox, as it is shown. */
export interface SandboxPage {
  token: string;
  /** A customer's payment method, or a worker's account. */
  kind: 'method' | 'account';
  state: 'open' | 'done' | 'expired';
  choices: SandboxChoice[];
  /** What was chosen; null before. */
  chosen: SandboxChoice | null;
  /** Where the person came from. */
  returnUrl: string;
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c1f23; --paper: #f4f5f7; --card: #fff; --line: #c9ced6;
  --soft: #5a6270; --accent: #1f5fbf; --on-accent: #fff; --notice: #fff3c4; --notice-ink: #4d3800; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9ecf0; --paper: #14171b; --card: #1e2228;
  --line: #4a525e; --soft: #a5adba; --accent: #8ab4ff; --on-accent: #0d1b33; --notice: #463807;
  --notice-ink: #ffeeb0; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 34rem; margin: 0 auto; padding: 1.5rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .75rem; }
h1 { margin: 0 0 1rem; font-size: 1.4rem; line-height: 1.25; }
.notice { margin: 0 0 1.5rem; padding: .75rem 1rem; border-radius: .5rem;
  background: var(--notice); color: var(--notice-ink); }
fieldset { margin: 0 0 1.5rem; padding: 0; border: 0; }
legend { padding: 0; margin-bottom: .5rem; font-weight: 600; }
label { display: flex; gap: .75rem; padding: .75rem; margin-bottom: .5rem; cursor: pointer;
  border: 1px solid var(--line); border-radius: .5rem; }
label:has(:checked) { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
label:focus-within, a:focus-visible, button:focus-visible { outline: 3px solid var(--accent);
  outline-offset: 2px; }
input { flex: none; width: 1.1rem; height: 1.1rem; margin: .2rem 0 0; accent-color: var(--accent); }
small { display: block; font-size: .9rem; color: var(--soft); }
button { padding: .75rem 1.25rem; font: inherit; font-weight: 600; cursor: pointer; border: 0;
  border-radius: .5rem; background: var(--accent); color: var(--on-accent); }
a { color: var(--accent); }
`;

/** Content security policy to send the page with: its own style, a form to itself, nothing else. */
export function sandboxPagePolicy(): string {
  const hash = createHash('sha256').update(STYLE).digest('base64');
  return [
    "default-src 'none'",
    `style-src 'sha256-${hash}'`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

const WORDS = {
  method: {
    title: 'Give a payment method',
    legend: 'Which test card?',
    button: 'Use this card',
    done: 'Your payment method is saved',
  },
  account: {
    title: 'Account for your payouts',
    legend: 'What is the account like?',
    button: 'Use this account',
    done: 'Your account is saved',
  },
} as const;

/**
 * A hosted page of the sandbox as HTML: one form that posts `choice` to the page's own address,
 * without scripts. Send it with {@link sandboxPagePolicy}.
 */
export function renderSandboxPage(page: SandboxPage): string {
  const words = WORDS[page.kind];
  const title = page.state === 'done' ? words.done : words.title;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} (sandbox)</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p class="notice"><strong>This is a sandbox: no money moves.</strong>
Do not enter real card or account numbers anywhere here; choose one of the examples.</p>
${bodyOf(page)}
</main>
</body>
</html>
`;
}

function bodyOf(page: SandboxPage): string {
  if (page.state === 'expired') {
    return `<p>This page has expired. Go back and open a new one.</p>\n${linkBack(page)}`;
  }
  if (page.state === 'done') {
    const { title = '', effect = '' } = page.chosen ?? {};
    return `<p role="status">${escapeHtml(title)}. ${escapeHtml(effect)}</p>\n${linkBack(page)}`;
  }
  const words = WORDS[page.kind];
  return `<form method="post">
<fieldset>
<legend>${words.legend}</legend>
${page.choices.map(renderChoice).join('\n')}
</fieldset>
<button type="submit">${words.button}</button>
</form>`;
}

function renderChoice({ value, title, effect }: SandboxChoice, index: number): string {
  const checked = index === 0 ? ' checked' : '';
  return `<label><input type="radio" name="choice" value="${escapeHtml(value)}" required${checked}>
<span>${escapeHtml(title)}<small>${escapeHtml(effect)}</small></span></label>`;
}

function linkBack({ returnUrl }: SandboxPage): string {
  // Whoever opened the page gave the address: only one that a browser follows without running it.
  if (!/^https?:\/\//i.test(returnUrl)) return '';
  return `<p><a href="${escapeHtml(returnUrl)}" rel="noreferrer">Go back</a></p>`;
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
