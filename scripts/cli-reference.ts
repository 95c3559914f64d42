import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Config } from '@oclif/core';

const INTRODUCTION = `# Commands

Made by \`npm run docs\` from the commands themselves; do not edit.

Every command takes \`--help\` and \`--json\`. With \`--json\` stdout holds data only, errors too:
\`{"error": {"kind", "code", "message", "issues", "data"}}\`. Remarks, progress and the next sensible
command go to stderr. Nothing is asked where there is no terminal: \`--yes\` answers. \`NO_COLOR\` is
obeyed. \`steward autocomplete\` explains how to switch on completion in the shell.

Times are given as \`2026-11-24\`, \`2026-11-24T10:00\` (business time zone) or with an offset, spans of
time as \`90s\`, \`30m\`, \`8h\`, \`7d\`.

| exit code | means |
|---|---|
| 0 | done |
| 1 | failed: not found, not reachable, or something unexpected |
| 2 | usage: what was typed or configured is not acceptable |
| 3 | a part of it was refused |
| 4 | not allowed |
| 5 | conflict with the present state |
| 130 | interrupted |
`;

/** The reference of all commands, as Markdown. */
export async function renderCliReference(root: string): Promise<string> {
  const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const config = await Config.load({
    root,
    pjson: { ...pjson, oclif: { ...pjson.oclif, commands: './src/commands', plugins: [] } },
    ignoreManifest: true,
  });
  const commands = config.commands
    .filter((command) => !command.hidden)
    .sort((one, other) => (one.id < other.id ? -1 : 1));
  const contents = commands.map((command) => {
    const name = nameOf(command);
    return `- [steward ${name}](#steward-${name.replaceAll(' ', '-')}): ${command.summary}`;
  });
  return [INTRODUCTION, ...contents, '', ...commands.map(renderCommand)].join('\n');
}

function nameOf(command: Command.Loadable): string {
  return command.id.replaceAll(':', ' ');
}

function renderCommand(command: Command.Loadable): string {
  const name = nameOf(command);
  const args = Object.values(command.args).filter((arg) => !arg.hidden);
  const flags = Object.values(command.flags).filter((flag) => !flag.hidden && flag.name !== 'json');
  const usage = args.map((arg) => (arg.required ? ` <${arg.name}>` : ` [${arg.name}]`)).join('');
  const rows = [
    ...args.map((arg) => `| \`${arg.name}\` | ${cell(arg.description)} |`),
    ...flags.map((flag) => `| \`${flagText(flag)}\` | ${flagMeaning(flag)} |`),
  ];
  const examples = (command.examples ?? []).map((example) => {
    const text = typeof example === 'string' ? example : example.command;
    return text.replaceAll('<%= config.bin %>', 'steward').replaceAll('<%= command.id %>', name);
  });
  return [
    `## steward ${name}`,
    '',
    `\`steward ${name}${usage}\``,
    '',
    command.summary,
    ...(command.description ? ['', command.description] : []),
    ...(rows.length > 0 ? ['', '| | |', '|---|---|', ...rows] : []),
    ...(examples.length > 0 ? ['', '```sh', ...examples, '```'] : []),
    '',
  ].join('\n');
}

type Flag = Command.Loadable['flags'][string];

function flagText(flag: Flag): string {
  const short = flag.char ? `-${flag.char}, ` : '';
  if (flag.type === 'boolean') return `${short}--${flag.allowNo ? '[no-]' : ''}${flag.name}`;
  return `${short}--${flag.name} ${flag.helpValue ?? `<${flag.name}>`}`;
}

function flagMeaning(flag: Flag): string {
  const notes = [
    flag.required ? 'needed' : undefined,
    flag.type === 'option' && flag.options ? `one of ${flag.options.join(', ')}` : undefined,
    flag.type === 'option' && flag.multiple ? 'more than one possible' : undefined,
    typeof flag.default === 'string' || typeof flag.default === 'number'
      ? `default ${flag.default}`
      : undefined,
  ].filter(Boolean);
  return cell(`${flag.summary ?? ''}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`);
}

function cell(text: string | undefined): string {
  return (text ?? '').replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
