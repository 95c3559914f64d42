import { execFile, spawn } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { EmbeddedLog } from './embedded-place.ts';

const run = promisify(execFile);

/**
 * Time for the next start to join a server whose users were all killed, before it is stopped.
 * Long enough for whatever restarts a killed process.
 */
const graceSeconds = 5;

/** A Node program; its arguments are the module of `startEmbedded` and the home. */
const joinAndLeave = `
const { startEmbedded } = await import(process.argv[1]);
const log = { info() {}, warn() {} };
const server = await startEmbedded({ home: process.argv[2], databases: [], log });
await server.stop();
`;

/** One user's end of the pipe by which the watcher notices that all users are gone. */
export interface Lifeline {
  /** Lets go; to be called when other users remain. */
  close(): void;
  /** Lets go as the last one, after the server was stopped: the watcher goes home. */
  end(): Promise<void>;
}

/**
 * Holds the named pipe `<control>/alive` open. The first user of a server also starts the watcher,
 * a sleeping shell that reads the pipe: a line means that the last user stopped the server, the end
 * of the file means that all users were killed. Then it has a process join the server and let go of
 * it at once, which stops it if nobody else has come. It costs about a megabyte and never wakes up.
 * Undefined where there are no named pipes (Windows): there a server whose users were killed goes
 * on until the next start joins it.
 */
export async function openLifeline(
  control: string,
  options: { home: string; first: boolean; log: EmbeddedLog },
): Promise<Lifeline | undefined> {
  if (process.platform === 'win32') return undefined;
  const path = join(control, 'alive');
  let writer: number | undefined;
  try {
    if (!(await isPipe(path))) await run('mkfifo', ['-m', '600', path]);
    // For reading too, so that opening does not wait for a reader.
    writer = openSync(path, 'r+');
    if (options.first) startWatcher(options.home, path);
  } catch (error) {
    if (writer !== undefined) closeSync(writer);
    options.log.warn({ err: error }, 'no watcher: kill -9 would leave the embedded PostgreSQL');
    return undefined;
  }
  const fd = writer;
  return {
    close: () => closeSync(fd),
    async end() {
      writeSync(fd, '\n');
      closeSync(fd);
      // Nothing of ours is left when a stop returns; the watcher needs about a millisecond.
      for (let tries = 0; tries < 100 && hasReader(path); tries++) await sleep(2);
    },
  };
}

function startWatcher(home: string, path: string): void {
  const module = new URL(`./embedded${extname(import.meta.url)}`, import.meta.url);
  const stdin = openSync(path, 'r');
  try {
    const watcher = spawn(
      '/bin/sh',
      [
        '-c',
        // A home that is gone must not be made anew.
        `read -r line || { sleep ${graceSeconds}; test -p "$1" && shift && exec "$@"; }`,
        'steward-postgres-watcher',
        path,
        process.execPath,
        ...['--input-type=module', '-e', joinAndLeave, module.href, resolve(home)],
      ],
      { cwd: '/', detached: true, stdio: [stdin, 'ignore', 'ignore'] },
    );
    // Without a shell there is no watcher; the server is none the worse.
    watcher.on('error', () => undefined);
    watcher.unref();
  } finally {
    closeSync(stdin);
  }
}

async function isPipe(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFIFO() ?? false;
}

/** Opening a pipe for writing only, without waiting, fails when nobody reads it. */
function hasReader(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch {
    return false;
  }
}
