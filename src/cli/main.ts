import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { Config, flush, type Interfaces, run } from '@oclif/core';
import { findDirectCommand, runDirectCommand } from './direct-command.ts';
import { type ErrorReport, Interrupted, renderError, reportError } from './error-report.ts';
import { EXIT } from './exit-codes.ts';
import { interruption } from './interruption.ts';
import { toJsonText } from './json.ts';

export interface MainOptions {
  argv: readonly string[];
  /** Folder of package.json. */
  root: string;
  /** Folder of the command files, where it is not the built one. */
  commands?: string;
}

/** Runs one command line and ends the process with the exit code of the CLI contract. */
export async function main(options: MainOptions): Promise<void> {
  const argv = [...options.argv];
  // A reader that went away (`| head`) is no error of ours.
  process.stdout.on('error', endQuietlyOnClosedPipe);
  process.stderr.on('error', endQuietlyOnClosedPipe);
  interruption.listen();
  let config: Config | undefined;
  try {
    const pjson = readPackage(options.root);
    const folder = join(options.root, options.commands ?? 'dist/commands');
    const direct = findDirectCommand(argv, folder);
    if (direct) {
      await runDirectCommand(direct, options.root, pjson);
    } else {
      config = await Config.load(loadOptions(options, pjson));
      await run(argv, config);
    }
  } catch (error) {
    const cause = interruption.signal.aborted ? new Interrupted() : error;
    if (!isPlainExit(cause)) {
      const report = reportError(cause, commandNames(config));
      await print(report, argv);
      process.exitCode = report.exitCode;
    }
  }
  await flush().catch(() => undefined);
  // Commands close what they open; a stray timer of a library must not keep the shell waiting.
  process.exit(process.exitCode ?? EXIT.done);
}

function readPackage(root: string): Interfaces.PJSON {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
}

function loadOptions(options: MainOptions, pjson: Interfaces.PJSON): Interfaces.LoadOptions {
  const { oclif } = pjson;
  return {
    root: options.root,
    pjson: {
      ...pjson,
      oclif: {
        ...oclif,
        commands: options.commands ?? oclif.commands,
        // Reading the plugins' manifests costs as much as our own: only where they can matter.
        plugins: needsPlugins(options.argv) ? oclif.plugins : [],
      },
    },
    // The manifest is made by the build and may be older than the sources.
    ignoreManifest: options.commands !== undefined,
  };
}

/** For shell completion itself, and for the list of all commands. */
function needsPlugins([first]: readonly string[]): boolean {
  return first === undefined || first === 'autocomplete' || first === 'help' || /^-/.test(first);
}

function commandNames(config: Config | undefined): string[] {
  if (!config) return [];
  const visible = config.commands.filter((command) => !command.hidden);
  return visible.map((command) => command.id.replaceAll(':', ' '));
}

/** `this.exit(0)` and the like: an end, not an error. */
function isPlainExit(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIT') return false;
  if ('oclif' in error && typeof error.oclif === 'object' && error.oclif && 'exit' in error.oclif) {
    process.exitCode = Number(error.oclif.exit);
  }
  return true;
}

async function print(report: ErrorReport, argv: readonly string[]): Promise<void> {
  if (wantsJson(argv)) process.stdout.write(`${toJsonText({ error: report.error })}\n`);
  else if (report.error.kind === 'interrupted') process.stderr.write('\nInterrupted.\n');
  else {
    const mark = styleText('red', 'Error:', { stream: process.stderr });
    process.stderr.write(`${mark} ${renderError(report)}\n`);
  }
  if (report.stack && (await debugging())) process.stderr.write(`${report.stack}\n`);
  else if (report.stack) process.stderr.write('LOG_LEVEL=debug shows where it happened.\n');
}

function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}

/** Loaded only when something broke: reading the environment brings the whole configuration. */
async function debugging(): Promise<boolean> {
  const { processEnvironment } = await import('../platform/config.ts');
  const environment = processEnvironment();
  return Boolean(environment.DEBUG) || /^(debug|trace)$/.test(environment.LOG_LEVEL ?? '');
}

function endQuietlyOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') void interruption.end(EXIT.done);
  else throw error;
}
