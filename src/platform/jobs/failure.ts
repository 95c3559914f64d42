import { StewardError } from '../errors.ts';

const MAX_CHARACTERS = 300;

/**
 * What may be kept about a failure: kind and place, no personal data and no values. Messages of
 * databases and providers quote what they were given, so quotes and addresses are cut out of them;
 * a statement that PostgreSQL refused is named by its SQLSTATE and constraint only.
 */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return 'something that is not an error was thrown';
  if (error instanceof StewardError)
    return shorten(`${error.code}: ${withoutValues(error.message)}`);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code)) {
    const constraint = 'constraint' in error ? error.constraint : undefined;
    return `PostgreSQL ${code}${typeof constraint === 'string' ? ` (${constraint})` : ''}`;
  }
  const name = code === undefined ? error.name : `${error.name} ${code}`;
  return shorten(`${name}: ${withoutValues(error.message)}`);
}

function withoutValues(message: string): string {
  return message
    .replaceAll(/"[^"\n]*"|'[^'\n]*'|«[^»\n]*»|“[^”\n]*”/g, '"…"')
    .replaceAll(/([a-z]+:\/\/)[^\s/]*@/gi, '$1')
    .replaceAll(/\S+@\S+/g, '…@…')
    .replaceAll(/\+?\d[\d ().-]{7,}\d/g, '…');
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length <= MAX_CHARACTERS ? line : `${line.slice(0, MAX_CHARACTERS - 1)}…`;
}
