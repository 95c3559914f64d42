/**
 * `npm run build`: bundles `src/` into `dist/` and writes the manifest of the commands.
 * Why a bundle and not one file per module: docs/decisions/0004-start-up.md.
 */
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Plugin } from '@oclif/core';
import { build } from 'rolldown';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

/** Packages that every command would load from hundreds of files; all others stay packages. */
const BUNDLED = ['@oclif/core', 'kysely', 'pg', 'pino', 'temporal-polyfill', 'uuid', 'zod'];

await bundle();
await writeManifest();

async function bundle(): Promise<void> {
  const { dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const names = Object.keys({ ...dependencies, ...optionalDependencies });
  const external = [...names.filter((name) => !BUNDLED.includes(name)), 'pg-native'];
  const commands = globSync('src/commands/**/*.ts', { cwd: root, exclude: ['**/*.test.ts'] });
  const entries = ['src/cli/main.ts', ...commands];
  rmSync(dist, { recursive: true, force: true });
  await build({
    input: Object.fromEntries(
      entries.map((path) => [relative('src', path).replace(/\.ts$/, ''), join(root, path)]),
    ),
    platform: 'node',
    external: [/^node:/, ...external.map((name) => new RegExp(`^${name}(/|$)`))],
    logLevel: 'warn',
    output: {
      dir: dist,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: 'chunks/[name]-[hash].js',
    },
  });
}

/** What oclif reads instead of loading all commands. */
async function writeManifest(): Promise<void> {
  const plugin = new Plugin({
    root,
    type: 'core',
    ignoreManifest: true,
    errorOnManifestCreate: true,
    respectNoCacheDefault: true,
  });
  await plugin.load();
  writeFileSync(join(root, 'oclif.manifest.json'), `${JSON.stringify(plugin.manifest)}\n`);
}
