import { execFile, spawn } from 'node:child_process';
import { open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { unavailable } from '../errors.ts';
import type { Account } from './embedded-account.ts';

const run = promisify(execFile);
const onWindows = process.platform === 'win32';
const pollMs = 5;
/** Recovery after a crash replays at most max_wal_size (1 GB): minutes on a slow disk. */
const startTimeoutMs = 300_000;
/** A fast shutdown writes one checkpoint; after that the immediate one, which recovers at start. */
const fastStopTimeoutMs = 60_000;
const immediateStopTimeoutMs = 10_000;

/** A server that runs on a data folder. */
export interface RunningServer {
  pid: number;
  port: number;
  /** What the server says about itself: `starting`, `ready`, `stopping`. */
  status: string;
}

/** How a start ended: with a server that takes connections, or with what it wrote to its log. */
type LaunchOutcome = { server: RunningServer } | { server?: undefined; output: string };

/**
 * The server on this data folder; undefined if there is none. A `postmaster.pid` that a crash of
 * the machine left behind does not count, even if its process id is somebody else's by now.
 */
export async function runningServer(data: string): Promise<RunningServer | undefined> {
  const lines = (await readPidFile(data)).split('\n');
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0 || !(await isServerOf(pid, data))) return undefined;
  return { pid, port: Number(lines[3]), status: (lines[7] ?? '').trim() };
}

/**
 * Removes a `postmaster.pid` whose process id is alive again as somebody else: PostgreSQL would
 * refuse to start. Every other leftover file is PostgreSQL's own business, because it names the
 * shared memory by which a new server notices processes of a killed one. Call it only when
 * `runningServer` found none.
 */
export async function removeMisleadingPidFile(data: string): Promise<void> {
  const pid = Number.parseInt(await readPidFile(data), 10);
  if (pid > 0 && isAlive(pid)) await rm(pidFile(data), { force: true });
}

/** The command line tells servers apart; /proc/…/cwd would need more rights in containers. */
async function isServerOf(pid: number, data: string): Promise<boolean> {
  if (process.platform === 'linux') {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const [program = '', ...args] = line.split('\0');
    if (basename(program) !== 'postgres') return false;
    const [owner, user] = await Promise.all([stat(data), stat(`/proc/${pid}`)]).catch(() => []);
    if (!owner || !user || owner.uid !== user.uid) return false;
    const folder = args[args.indexOf('-D') + 1] ?? '';
    if (folder === data) return true;
    // Only a server that is at home in another folder is not ours: ours may have been moved.
    return Number.parseInt(await readPidFile(folder), 10) !== pid;
  }
  if (onWindows) return isAlive(pid);
  const listed = await run('ps', ['-p', String(pid), '-o', 'stat=,command=']).catch(
    () => undefined,
  );
  return listed !== undefined && /^[^Z]\S*\s.*postgres/.test(listed.stdout);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts the server on `data` and waits until it takes connections. It gets a session of its own,
 * so that Ctrl-C in our terminal does not reach it, and its output goes to `log`, so that it does
 * not depend on us. Never throws for a server that fails: its last output is returned.
 */
export async function launchServer(options: {
  postgres: string;
  pgCtl: string;
  data: string;
  log: string;
  account: Account | undefined;
  onSlow: () => void;
}): Promise<LaunchOutcome> {
  const { data, log } = options;
  const logSize = (await stat(log).catch(() => undefined))?.size ?? 0;
  const begin = performance.now();
  const ended = await spawnServer(options);
  let told = false;
  for (;;) {
    // Asked before the file is read: what a server wrote before its end is then seen.
    const failure = ended();
    const server = await runningServer(data);
    if (server?.status === 'ready') return { server };
    const waitedMs = performance.now() - begin;
    if (failure !== undefined || waitedMs > startTimeoutMs) {
      if (server) await stopServer(server, data);
      return { output: `${await readFrom(log, logSize)}${failure ?? ''}` };
    }
    if (!told && waitedMs > 3_000) {
      told = true;
      options.onSlow();
    }
    await sleep(pollMs);
  }
}

/** Returns a function that says how the process ended; undefined while it runs. */
async function spawnServer(options: {
  postgres: string;
  pgCtl: string;
  data: string;
  log: string;
  account: Account | undefined;
}): Promise<() => string | undefined> {
  const log = await open(options.log, 'a', 0o600);
  try {
    // pg_ctl gives up an administrator's rights on Windows, which the server itself refuses.
    const [program, args] = onWindows
      ? [options.pgCtl, ['start', '-W', '-D', options.data, '-l', options.log]]
      : [options.postgres, ['-D', options.data]];
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      windowsHide: true,
      ...spawnIdentity(options.account, options.data),
    });
    let end: string | undefined;
    child.on('error', (error) => {
      end = `${program} cannot be run: ${error.message}\n`;
    });
    child.on('exit', (code, signal) => {
      if (onWindows && code === 0) return;
      end = `${basename(program)} ended with ${signal ?? `exit code ${code}`}\n`;
    });
    child.unref();
    return () => end;
  } finally {
    await log.close();
  }
}

/**
 * User, folder and environment for PostgreSQL's programs: a folder that the user can enter, and
 * nothing of our environment, which holds secrets and may hold PG… variables (Windows programs do
 * not run without theirs).
 */
export function spawnIdentity(account: Account | undefined, data: string) {
  return {
    cwd: dirname(data),
    env: onWindows ? undefined : { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    // The system call takes signed numbers here, unlike chown.
    ...(account ? { uid: account.uid | 0, gid: account.gid | 0 } : {}),
  };
}

/**
 * Fast shutdown: open transactions are rolled back and everything is written to disk. Returns when
 * the server has ended; if it does not, it is ended as by a crash, which loses nothing either.
 * @throws StewardError unavailable `embedded_postgres_not_stopped`.
 */
export async function stopServer(server: RunningServer, data: string): Promise<void> {
  for (const [signal, timeoutMs] of [
    ['SIGINT', fastStopTimeoutMs],
    ['SIGQUIT', immediateStopTimeoutMs],
  ] as const) {
    await signalServer(server.pid, signal, data);
    const begin = performance.now();
    while (performance.now() - begin < timeoutMs) {
      if (!(await isServerOf(server.pid, data))) return;
      await sleep(pollMs);
    }
  }
  throw unavailable(
    'embedded_postgres_not_stopped',
    `The embedded PostgreSQL on ${data} (process ${server.pid}) does not end.`,
  );
}

async function signalServer(pid: number, signal: 'SIGINT' | 'SIGQUIT', data: string) {
  try {
    if (!onWindows) process.kill(pid, signal);
    // Windows knows no signals (Node would end the process at once); PostgreSQL brings its own.
    else await run(await findPgCtl(data), ['kill', signal.slice(3), String(pid)]);
  } catch (error) {
    if (!(await isServerOf(pid, data))) return;
    throw unavailable(
      'embedded_postgres_not_stopped',
      `The embedded PostgreSQL on ${data} (process ${pid}) cannot be signalled; it belongs to another user.`,
      error,
    );
  }
}

async function findPgCtl(data: string): Promise<string> {
  const names = await readdir(dirname(data));
  const folder = names.find((name) => /^binaries-\d/.test(name)) ?? '';
  return join(dirname(data), folder, 'bin', 'pg_ctl.exe');
}

const pidFile = (data: string) => join(data, 'postmaster.pid');
const readPidFile = (data: string) => readFile(pidFile(data), 'utf8').catch(() => '');

async function readFrom(path: string, offset: number): Promise<string> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  return bytes.subarray(offset).toString('utf8');
}
