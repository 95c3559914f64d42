/**
 * `npm run build`: bundles `src/` into `dist/` and writes the manifest of the commands.
 * Why a bundle and not one file per module: docs/decisions/0004-start-up.md.
 */
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Plugin } from '@oclif/core';
import { build, type RolldownPlugin } from 'rolldown';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

/** Packages that every command would load from hundreds of files; all others stay packages. */
const BUNDLED = ['@oclif/core', 'kysely', 'pg', 'pino', 'temporal-polyfill', 'uuid', 'zod'];

/** Modules that are started as files of their own, by their path beside the module that starts them. */
const STARTED_BY_PATH = ['src/platform/postgres/embedded.ts'];

await bundle();
await writeManifest();

async function bundle(): Promise<void> {
  const { dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const names = Object.keys({ ...dependencies, ...optionalDependencies });
  const external = [...names.filter((name) => !BUNDLED.includes(name)), 'pg-native'];
  const commands = globSync('src/commands/**/*.ts', { cwd: root, exclude: ['**/*.test.ts'] });
  const entries = ['src/cli/main.ts', ...STARTED_BY_PATH, ...commands];
  rmSync(dist, { recursive: true, force: true });
  await build({
    input: Object.fromEntries(
      entries.map((path) => [relative('src', path).replace(/\.ts$/, ''), join(root, path)]),
    ),
    platform: 'node',
    external: [/^node:/, ...external.map((name) => new RegExp(`^${name}(/|$)`))],
    logLevel: 'warn',
    plugins: [keepOwnUrls()],
    // Schemas that nothing uses at run time are not built at every start.
    treeshake: { manualPureFunctions: ['z'] },
    output: {
      dir: dist,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: 'chunks/[name]-[hash].js',
    },
  });
}

/**
 * In a bundle `import.meta.url` is that of the chunk. Modules of ours that ask for it want what
 * lies beside them in `src/`: they get the place where it lies beside them in `dist/`.
 */
function keepOwnUrls(): RolldownPlugin {
  return {
    name: 'keep-own-urls',
    transform: {
      filter: { id: /\/src\/.*\.ts$/, code: /import\.meta\.url/ },
      handler: (code, id) => {
        const place = relative(join(root, 'src'), id).replace(/\.ts$/, '.js');
        return code.replaceAll('import.meta.url', `globalThis.__ownUrl__("${place}")`);
      },
    },
    renderChunk: (code, chunk) =>
      code.replaceAll(/globalThis\.__ownUrl__\("([^"]+)"\)/g, (_, place: string) => {
        const path = relative(dirname(chunk.fileName), place);
        return `new URL("${path}", import.meta.url).href`;
      }),
  };
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
