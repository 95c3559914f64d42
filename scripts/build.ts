/**
 * `npm run build`: bundles `src/` into `dist/` and writes the manifest of the commands.
 * Why a bundle and not one file per module: docs/decisions/0004-start-up.md.
 */
import { globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Plugin } from '@oclif/core';
import { build, type RolldownPlugin } from 'rolldown';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
/** Built beside it and put in its place at once: a build that fails leaves the former one. */
const next = join(root, 'dist.new');

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
  rmSync(next, { recursive: true, force: true });
  await build({
    input: Object.fromEntries(
      entries.map((path) => [relative('src', path).replace(/\.ts$/, ''), join(root, path)]),
    ),
    platform: 'node',
    external: [/^node:/, ...external.map((name) => new RegExp(`^${name}(/|$)`))],
    logLevel: 'warn',
    checks: { ineffectiveDynamicImport: false },
    plugins: [keepOwnUrls(), requireLate()],
    // Schemas that nothing uses at run time are not built at every start.
    treeshake: { manualPureFunctions: ['z'] },
    output: {
      dir: next,
      // Node links and evaluates CommonJS sooner than ES modules.
      format: 'cjs',
      // Less to read; names stay, so that stacks can be read too.
      minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
      entryFileNames: '[name].js',
      chunkFileNames: 'chunks/[name]-[hash].js',
    },
  });
  writeFileSync(join(next, 'package.json'), '{"type":"commonjs"}\n');
  rmSync(dist, { recursive: true, force: true });
  renameSync(next, dist);
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
        return `require("node:url").pathToFileURL(require("node:path").join(__dirname, "${path}")).href`;
      }),
  };
}

/**
 * oclif's modules require all they might need when they are loaded: prompts, child processes, glob
 * patterns. Here each of them is required where it is used, as its compiler's `name_1.what` tells.
 */
function requireLate(): RolldownPlugin {
  const statement =
    /^(?:const|let|var) (\w+_\d+) = ((?:__import(?:Default|Star)\()?require\("[^"]+"\)\)?);$/gm;
  return {
    name: 'require-late',
    transform: {
      filter: { id: /node_modules\/@oclif\/core\/lib\/.*\.js$/ },
      handler: (code) => {
        const late = new Map<string, string>();
        const rest = code.replaceAll(statement, (_, name: string, expression: string) => {
          late.set(name, expression);
          return '';
        });
        return rest.replaceAll(/\b\w+_\d+\b/g, (name) => {
          const expression = late.get(name);
          return expression === undefined ? name : `(${expression})`;
        });
      },
    },
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
