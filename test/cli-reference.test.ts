import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderCliReference } from '../scripts/cli-reference.ts';

test('the reference of the commands is up to date: "npm run docs" writes it', async () => {
  const root = join(import.meta.dirname, '..');
  const written = readFileSync(join(root, 'docs/reference/cli.md'), 'utf8');
  expect(written).toBe(await renderCliReference(root));
});
