import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Config, type Interfaces, Plugin } from '@oclif/core';
import type { StewardCommand } from './steward-command.ts';

type CommandClass = typeof StewardCommand & { execute(argv: string[], config: Config): unknown };

/** A command that was found by its file. */
export interface DirectCommand {
  id: string;
  file: string;
  argv: string[];
}

const HELP = new Set(['--help', '-h', 'help']);
const WORD = /^[a-z][a-z-]*$/;

/**
 * Finds the command by its file, `commands/orders/list.js` for `orders list`: then no manifest of
 * all commands has to be read. Undefined for help, and for whatever is not plainly a command.
 * @param folder of the command files, built or not
 */
export function findDirectCommand(
  argv: readonly string[],
  folder: string,
): DirectCommand | undefined {
  const end = argv.indexOf('--');
  if ((end === -1 ? argv : argv.slice(0, end)).some((arg) => HELP.has(arg))) return undefined;
  const [first = '', second = ''] = argv;
  if (!WORD.test(first)) return undefined;
  const places = [
    ...(WORD.test(second) ? [{ words: [first, second], path: join(first, second) }] : []),
    { words: [first], path: first },
    { words: [first], path: join(first, 'index') },
  ];
  for (const { words, path } of places) {
    const file = [`${path}.js`, `${path}.ts`].map((name) => join(folder, name)).find(existsSync);
    if (file) return { id: words.join(':'), file, argv: argv.slice(words.length) };
  }
  return undefined;
}

/** Runs it with a configuration of oclif that knows no other command. */
export async function runDirectCommand(
  { id, file, argv }: DirectCommand,
  root: string,
  pjson: Interfaces.PJSON,
): Promise<void> {
  const plugin = new Plugin({ root, pjson, isRoot: true });
  Object.assign(plugin, {
    ...{ name: pjson.name, version: pjson.version, root, pjson },
    ...{ isRoot: true, valid: true, type: 'core', moduleType: 'module' },
    ...{ hooks: {}, commands: [], commandIDs: [] },
  });
  const config = new Config({ root, pjson, plugins: new Map([[plugin.name, plugin]]) });
  const [module] = await Promise.all([import(pathToFileURL(file).href), config.load()]);
  const command: CommandClass = module.default;
  command.id = id;
  await command.execute(argv, config);
}
