/** `npm run docs`: writes the reference pages that are made from the code. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderCliReference } from './cli-reference.ts';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'docs/reference');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'cli.md'), await renderCliReference(root));
