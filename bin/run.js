#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const [first, ...rest] = process.argv.slice(2);

if ((first === '--version' || first === '-v') && rest.length === 0) {
  // Nothing is loaded for this: docs/decisions/0004-start-up.md has the figures.
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  process.stdout.write(
    `steward/${version} ${process.platform}-${process.arch} node-${process.version}\n`,
  );
} else if (existsSync(join(root, 'dist/cli/main.js'))) {
  enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'steward'));
  const { main } = await import('../dist/cli/main.js');
  await main({ argv: process.argv.slice(2), root });
} else {
  // A checkout that nobody has built yet: slower to start, otherwise the same.
  await import('./dev.js');
}
