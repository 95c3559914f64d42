import { existsSync, readFileSync } from 'node:fs';
import { createRequire, findPackageJSON } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { errorText } from './parameters.ts';

/** What a module gave, or a sentence that says why it gave nothing. */
type Loaded = { ok: true; exported: unknown } | { ok: false; message: string };

/** Whether the text names a file, and so cannot be a built-in or a package. */
export function isFilePath(use: string): boolean {
  return /^\.{1,2}[/\\]/.test(use) || isAbsolute(use);
}

/**
 * Imports a module and picks one export. The runtime keeps modules, so a changed file is read with
 * the next start.
 * @param use path relative to `folder`, absolute path, or name of a package visible from `folder`
 */
export async function loadExport(use: string, folder: string, name: string): Promise<Loaded> {
  const file = isFilePath(use) ? resolve(folder, use) : null;
  if (file !== null && !existsSync(file)) {
    return { ok: false, message: `There is no file ${file}.` };
  }
  const url = file === null ? await findUrl(use, folder) : pathToFileURL(file).href;
  if (url === null) {
    return { ok: false, message: `There is no package "${use}" that can be found from ${folder}.` };
  }
  let module: Record<string, unknown>;
  try {
    module = await import(/* @vite-ignore */ url);
  } catch (error) {
    return { ok: false, message: `The module "${use}" cannot be loaded: ${errorText(error)}.` };
  }
  if (name in module) return { ok: true, exported: module[name] };
  const found = Object.keys(module).join(', ') || 'nothing';
  const message = `The module "${use}" must export "${name}"; it exports ${found}.`;
  return { ok: false, message };
}

async function findUrl(use: string, folder: string): Promise<string | null> {
  const base = pathToFileURL(join(folder, 'rules.json'));
  try {
    const found = createRequire(base).resolve(use);
    return isAbsolute(found) ? pathToFileURL(found).href : found;
  } catch {
    return findModuleOnlyPackage(use, base);
  }
}

/**
 * `require.resolve` does not see packages whose only entry is under the condition `import`, and
 * `import.meta.resolve` cannot start from another folder, so the main entry is read by hand.
 */
async function findModuleOnlyPackage(use: string, base: URL): Promise<string | null> {
  try {
    const manifest = findPackageJSON(use, base);
    if (manifest === undefined) return null;
    const entry = mainEntry(JSON.parse(readFileSync(manifest, 'utf8')).exports);
    return entry === null ? null : pathToFileURL(resolve(manifest, '..', entry)).href;
  } catch {
    return null;
  }
}

function mainEntry(exported: unknown): string | null {
  if (typeof exported === 'string') return exported;
  if (exported === null || typeof exported !== 'object') return null;
  const conditions = new Map<string, unknown>(Object.entries(exported));
  return mainEntry(conditions.get('.') ?? conditions.get('import') ?? conditions.get('default'));
}
