import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmod,
  chown,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { type EmbeddedServer, startEmbedded } from './embedded.ts';

export const log = { info: () => undefined, warn: () => undefined };

/** A steward process as another terminal would run it: starts, waits, stops on a line. */
const userProgram = `
import { createInterface } from 'node:readline';
const { startEmbedded } = await import(process.argv[1]);
process.on('SIGINT', () => {});
const log = { info() {}, warn() {} };
const server = await startEmbedded({ home: process.argv[2], databases: ['shop'], log });
const { port, startedHere } = server;
console.log(JSON.stringify({ port, startedHere, url: server.url('shop') }));
createInterface({ input: process.stdin }).on('line', async () => {
  await server.stop();
  console.log(JSON.stringify({ stopped: true }));
  process.exit(0);
});
`;

interface Joined {
  port: number;
  startedHere: boolean;
  url: string;
}

interface OtherProcess extends Joined {
  pid: number;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export function spawnUser(
  home: string,
  options: { uid?: number; gid?: number; cwd?: string } = {},
) {
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      userProgram,
      new URL('./embedded.ts', import.meta.url).href,
      home,
    ],
    { stdio: ['pipe', 'pipe', 'pipe'], detached: true, cwd: '/', ...options },
  );
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

export async function joinFromOutside(
  home: string,
  options: { uid?: number; gid?: number; cwd?: string } = {},
): Promise<OtherProcess> {
  const child = spawnUser(home, options);
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done) throw new Error(`The process ended without a server: ${errors}`);
  const joined: Joined = JSON.parse(first.value);
  return {
    ...joined,
    pid: child.pid ?? 0,
    async stop() {
      child.stdin.write('stop\n');
      await lines.next();
    },
    async kill() {
      const ended = endOf(child);
      child.kill('SIGKILL');
      await ended;
    },
  };
}

export function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** A home in a temporary folder that every user may enter; nothing may run in it at the end. */
export async function makeHome(options: { closed?: boolean } = {}): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'steward embedded-')));
  await chmod(folder, options.closed ? 0o700 : 0o755);
  const home = join(folder, 'home');
  onTestFinished(async () => {
    for (const pid of await processesOf(home)) process.kill(pid, 'SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });
  return home;
}

/**
 * A home with data for the tests of a file, one after the other, because making one takes seconds.
 * Call it once, outside the tests; the result is called in each.
 */
export function shareUsedHome(): () => Promise<string> {
  let home = '';
  beforeAll(async () => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'steward embedded-')));
    await chmod(folder, 0o755);
    home = join(folder, 'home');
    const server = await startEmbedded({ home, databases: ['shop'], log });
    await server.stop();
  }, 60_000);
  afterAll(() => rm(dirname(home), { recursive: true, force: true }));
  return async () => {
    expect(await processesOf(home), 'left behind by another test').toEqual([]);
    return home;
  };
}

/** Puts a file of the used home back as it was when the test ends. */
export async function restoreAtEnd(path: string): Promise<void> {
  const bytes = await readFile(path);
  const { uid, gid, mode } = await stat(path);
  onTestFinished(async () => {
    await rm(path, { force: true });
    await writeFile(path, bytes, { mode });
    await chown(path, uid, gid);
  });
}

/** Process ids of servers and watchers of this home, from the operating system's list. */
export async function processesOf(home: string): Promise<number[]> {
  if (process.platform === 'linux') {
    const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const lines = await Promise.all(
      ids.map(async (id) => ({
        id: Number(id),
        args: (await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')).split('\0'),
      })),
    );
    return lines
      .filter(({ args }) => args.some((arg) => arg.startsWith(join(home, 'postgres'))))
      .map(({ id }) => id);
  }
  const listed = execFileSync('ps', ['-ax', '-o', 'pid=,command='], { encoding: 'utf8' });
  return listed
    .split('\n')
    .filter((line) => line.includes(join(home, 'postgres')))
    .map((line) => Number.parseInt(line, 10));
}

export async function postmasters(data: string): Promise<number[]> {
  const pid = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  return pid ? [Number.parseInt(pid, 10)] : [];
}

export async function query<Row extends pg.QueryResultRow>(
  url: string,
  sql: string,
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

export async function start(home: string, more: { settings?: Record<string, string> } = {}) {
  const server = await startEmbedded({ home, databases: ['shop'], log, ...more });
  onTestFinished(() => server.stop().catch(() => undefined));
  return server;
}

export async function expectNothingRuns(home: string, server: Pick<EmbeddedServer, 'port'>) {
  expect(await processesOf(home)).toEqual([]);
  await expect(
    query(`postgres://steward@127.0.0.1:${server.port}/postgres`, 'SELECT 1'),
  ).rejects.toThrow('ECONNREFUSED');
}
