#!/usr/bin/env node
// Runs the sources as they are: Node strips the types, nothing has to be built.
import { join } from 'node:path';
import { main } from '../src/cli/main.ts';

await main({
  argv: process.argv.slice(2),
  root: join(import.meta.dirname, '..'),
  commands: './src/commands',
});
