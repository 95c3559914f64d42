import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { processEnvironment } from '../../src/platform/config.ts';

/** Longer than a drain of ours may take. */
const STOP_LIMIT_MS = 40_000;
const OUTPUT_LIMIT_BYTES = 64 * 1024 ** 2;

/** The checkout that is measured. */
export const root = join(import.meta.dirname, '..', '..');

const run = promisify(execFile);

/** What a program of ours sees of this process's environment: nothing that configures steward. */
export function childEnvironment(added: Record<string, string> = {}): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'LANG', 'XDG_CACHE_HOME']) {
    const value = processEnvironment()[name];
    if (value !== undefined) passed[name] = value;
  }
  return { ...passed, ...added };
}

/** The program on PATH; undefined if there is none. */
export function findProgram(name: string): string | undefined {
  const folders = (processEnvironment().PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** pgbench of the newest version: Debian keeps the programs of each version in its own folder. */
export function findPgbench(): string | undefined {
  const newest = globSync('/usr/lib/postgresql/*/bin/pgbench').toSorted((a, b) =>
    b.localeCompare(a, 'en', { numeric: true }),
  );
  return newest.find(isExecutable) ?? findProgram('pgbench');
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs a program to its end. @throws with the end of its output when it fails */
export async function runProgram(
  command: string,
  args: readonly string[],
  environment: Record<string, string> = childEnvironment(),
): Promise<string> {
  try {
    const options = { cwd: root, env: environment, maxBuffer: OUTPUT_LIMIT_BYTES };
    const { stdout } = await run(command, args, options);
    return stdout;
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    throw new Error(`${command} failed: ${output.slice(-2_000) || String(error)}`, {
      cause: error,
    });
  }
}

/**
 * A script of ours in a process of its own, whose last line of output is JSON.
 * @param flags of Node
 */
export async function runScript<T>(
  script: string,
  args: readonly string[],
  flags: readonly string[] = [],
): Promise<T> {
  const output = await runProgram(process.execPath, [...flags, join(root, script), ...args]);
  return JSON.parse(output.trimEnd().split('\n').at(-1) ?? '') as T;
}

/** A program that serves until it is stopped. */
export interface Server {
  pid: number;
  /** The first line that it wrote. */
  firstLine: string;
  stop(): Promise<void>;
}

/** Starts a program and waits for its first line of JSON. @throws when it ends before */
export async function startProgram(
  command: string,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<Server> {
  const options = { cwd: root, env: environment };
  const child = spawn(command, args, options);
  child.stdin.end();
  let output = '';
  const keep = (text: string) => {
    output = (output + text).slice(-4_000);
  };
  child.stderr.on('data', (piece: Buffer) => keep(piece.toString()));
  const ended = once(child, 'close').then(([code]) => {
    throw new Error(`${args.join(' ')} ended with code ${code} before it served: ${output}`);
  });
  // It is no news any more once the program has served.
  ended.catch(() => undefined);
  // Read on behind the first line, or a full pipe would hold the program up.
  const lines = createInterface(child.stdout).on('line', (line) => keep(`${line}\n`));
  const [firstLine] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  if (!isJson(firstLine)) await ended;
  return { pid: child.pid ?? 0, firstLine, stop: () => stopChild(child) };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const killing = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(killing);
}

/** The most memory that a process ever held, in MB; null where the system does not tell. */
export async function peakMemoryMb(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) / 1024;
}
