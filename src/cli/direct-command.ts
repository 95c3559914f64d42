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
const MOST_WORDS = 3;

/**
 * Finds the command by its file, `commands/orders/list.js` for `orders list`: then no manifest of
 * all commands has to be read. Up to three words, as in `payments invoices plan`. Undefined for help, and for whatever is not plainly a command.
 * @param folder of the command files, built or not
 */
export function findDirectCommand(
  argv: readonly string[],
  folder: string,
): DirectCommand | undefined {
  const end = argv.indexOf('--');
  if ((end === -1 ? argv : argv.slice(0, end)).some((arg) => HELP.has(arg))) return undefined;
  const words = argv.slice(0, MOST_WORDS);
  const plain = words.findIndex((word) => !WORD.test(word));
  const candidates = plain === -1 ? words : words.slice(0, plain);
  const places = candidates.toReversed().flatMap((_, dropped) => {
    const taken = candidates.slice(0, candidates.length - dropped);
    const path = join(...taken);
    return [
      { words: taken, path },
      { words: taken, path: join(path, 'index') },
    ];
  });
  for (const { words, path } of places) {
    const file = [`${path}.js`, `${path}.ts`].map((name) => join(folder, name)).find(existsSync);
    if (file) return { id: words.join(':'), file, argv: argv.slice(words.length) };
  }
  return undefined;
}

/**
 * Runs it with a configuration of oclif that knows no other command and reads nothing: what a
 * command asks of it is its names, its folders, and that there are no hooks.
 */
export async function runDirectCommand(
  { id, file, argv }: DirectCommand,
  root: string,
  pjson: Interfaces.PJSON,
): Promise<void> {
  const { name, version, oclif } = pjson;
  const plugin = new Plugin({ root, pjson, isRoot: true });
  Object.assign(plugin, { name, version, root, pjson, isRoot: true, valid: true, hooks: {} });
  const config = new Config({ root, pjson });
  Object.assign(config, {
    ...{ root, pjson, name, version, valid: true, rootPlugin: plugin },
    ...{ bin: oclif.bin, dirname: oclif.dirname, topicSeparator: ' ' },
    plugins: new Map([[name, plugin]]),
  });
  const module = await import(pathToFileURL(file).href);
  const command: CommandClass = module.default;
  command.id = id;
  await command.execute(argv, config);
}
