#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
/**
 * V8 sizes its heap by the machine: gigabytes for a server that keeps some 40 MB alive. These can
 * only be given at the start, so `start` begins again as the same process, with them.
 */
const HEAP = ['--max-semi-space-size=16', '--max-old-space-size=768'];
const needsBounds = () =>
  process.execve !== undefined &&
  process.platform !== 'win32' &&
  !process.execArgv.concat(process.env.NODE_OPTIONS ?? '').some((arg) => /space-size/.test(arg));
const [first, ...rest] = process.argv.slice(2);

if ((first === '--version' || first === '-v') && rest.length === 0) {
  // Nothing is loaded for this: docs/decisions/0004-start-up.md has the figures.
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  process.stdout.write(
    `steward/${version} ${process.platform}-${process.arch} node-${process.version}\n`,
  );
} else if (first === 'start' && needsBounds()) {
  process.execve(process.execPath, [process.execPath, ...HEAP, ...process.argv.slice(1)]);
} else if (existsSync(join(root, 'dist/cli/main.js'))) {
  enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'steward'));
  const { main } = await import('../dist/cli/main.js');
  await main({ argv: process.argv.slice(2), root });
} else {
  // A checkout that nobody has built yet: slower to start, otherwise the same.
  await import('./dev.js');
}
