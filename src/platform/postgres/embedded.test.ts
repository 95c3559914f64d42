import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  access,
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type EmbeddedServer, startEmbedded } from './embedded.ts';
import { closedFolder } from './embedded-account.ts';

const log = { info: () => undefined, warn: () => undefined };
const asRoot = process.getuid?.() === 0;
const nobody = { name: 'nobody', uid: 65_534, gid: 65_534 };
const repository = join(import.meta.dirname, '../../..');

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

function spawnUser(home: string, options: { uid?: number; gid?: number; cwd?: string } = {}) {
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

async function joinFromOutside(
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

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** A home in a temporary folder that every user may enter; nothing may run in it at the end. */
async function makeHome(options: { closed?: boolean } = {}): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'steward embedded-')));
  await chmod(folder, options.closed ? 0o700 : 0o755);
  const home = join(folder, 'home');
  onTestFinished(async () => {
    for (const pid of await processesOf(home)) process.kill(pid, 'SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });
  return home;
}

/** A home with data, for one test after the other: making one takes seconds. */
let usedHome = '';
beforeAll(async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'steward embedded-')));
  await chmod(folder, 0o755);
  usedHome = join(folder, 'home');
  const server = await startEmbedded({ home: usedHome, databases: ['shop'], log });
  await server.stop();
}, 60_000);
afterAll(() => rm(dirname(usedHome), { recursive: true, force: true }));

async function takeUsedHome(): Promise<string> {
  expect(await processesOf(usedHome), 'left behind by another test').toEqual([]);
  return usedHome;
}

/** Puts a file of the used home back as it was when the test ends. */
async function restoreAtEnd(path: string): Promise<void> {
  const bytes = await readFile(path);
  const { uid, gid, mode } = await stat(path);
  onTestFinished(async () => {
    await rm(path, { force: true });
    await writeFile(path, bytes, { mode });
    await chown(path, uid, gid);
  });
}

/** Process ids of servers and watchers of this home, from the operating system's list. */
async function processesOf(home: string): Promise<number[]> {
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

async function postmasters(data: string): Promise<number[]> {
  const pid = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  return pid ? [Number.parseInt(pid, 10)] : [];
}

async function query<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function start(home: string, more: { settings?: Record<string, string> } = {}) {
  const server = await startEmbedded({ home, databases: ['shop'], log, ...more });
  onTestFinished(() => server.stop().catch(() => undefined));
  return server;
}

async function expectNothingRuns(home: string, server: Pick<EmbeddedServer, 'port'>) {
  expect(await processesOf(home)).toEqual([]);
  await expect(
    query(`postgres://steward@127.0.0.1:${server.port}/postgres`, 'SELECT 1'),
  ).rejects.toThrow('ECONNREFUSED');
}

describe('the embedded PostgreSQL', () => {
  test('a start gives a PostgreSQL 18 as the design wants it', async () => {
    const home = await takeUsedHome();
    const server = await startEmbedded({ home, databases: ['shop', 'pay "ments"'], log });
    onTestFinished(() => server.stop());
    expect(server.startedHere).toBe(true);
    const [facts] = await query(
      server.url('shop'),
      `SELECT current_setting('server_version_num')::int / 10000 AS major,
              current_setting('listen_addresses') AS listen, inet_server_addr()::text AS address,
              current_setting('unix_socket_directories') AS sockets,
              current_setting('data_checksums') AS checksums, current_setting('fsync') AS fsync,
              current_setting('synchronous_commit') AS commits,
              current_setting('data_directory') AS data,
              pg_encoding_to_char(encoding) AS encoding, datlocprovider AS provider, datlocale AS locale,
              (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
              (SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules) AS methods
         FROM pg_database WHERE datname = current_database()`,
    );
    expect(facts).toEqual({
      major: 18,
      listen: '127.0.0.1',
      address: '127.0.0.1/32',
      sockets: '',
      checksums: 'on',
      fsync: 'on',
      commits: 'on',
      data: join(home, 'postgres/data'),
      encoding: 'UTF8',
      provider: 'b',
      locale: 'C.UTF-8',
      superuser: true,
      methods: ['scram-sha-256'],
    });
    expect(await query(server.url('pay "ments"'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect((await stat(join(home, 'postgres/password'))).mode & 0o077).toBe(0);
    const wrong = new URL(server.url('shop'));
    wrong.password = 'guess';
    await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
    await server.stop();
    await expectNothingRuns(home, server);
    const names = await readdir(join(home, 'postgres'));
    expect(names.filter((name) => name.includes('new-'))).toEqual([]);
  });

  test('a second start shares the server, and only the last stop ends it', async () => {
    const home = await takeUsedHome();
    const one = await start(home);
    const two = await startEmbedded({ home, databases: ['later'], log });
    const three = await joinFromOutside(home);
    expect([two.startedHere, three.startedHere]).toEqual([false, false]);
    expect([two.port, three.port]).toEqual([one.port, one.port]);
    expect(await query(two.url('later'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await one.stop();
    await one.stop();
    expect(await query(two.url('shop'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await two.stop();
    expect(await query(three.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await three.stop();
    await expectNothingRuns(home, one);
  });

  test('ten processes that start at the same moment in a fresh home share one server', async () => {
    const home = await makeHome();
    const cwds = ['/', tmpdir(), repository];
    const users = await Promise.all(
      Array.from({ length: 10 }, (_, index) => joinFromOutside(home, { cwd: cwds[index % 3] })),
    );
    expect(users.filter((user) => user.startedHere)).toHaveLength(1);
    expect(new Set(users.map((user) => user.port)).size).toBe(1);
    const answers = await Promise.all(
      users.map((user) => query(user.url, 'SELECT current_database() AS name')),
    );
    expect(answers.flat()).toEqual(users.map(() => ({ name: 'shop' })));
    await Promise.all(users.map((user) => user.stop()));
    await expectNothingRuns(home, { port: users[0]?.port ?? 0 });
  });

  test('a server whose users were all killed is joined by the next, whose stop ends it', async () => {
    const home = await takeUsedHome();
    const killed = await joinFromOutside(home);
    const pids = await postmasters(join(home, 'postgres/data'));
    await killed.kill();
    const next = await start(home);
    expect(next.startedHere).toBe(false);
    expect(await postmasters(join(home, 'postgres/data'))).toEqual(pids);
    expect(await query(next.url('shop'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await next.stop();
    expect(await postmasters(join(home, 'postgres/data'))).toEqual([]);
    // What is left is the watcher of the killed process, which looks again in some seconds.
    for (const pid of await processesOf(home)) process.kill(pid, 'SIGKILL');
    while ((await processesOf(home)).length > 0) await sleep(5);
    await expectNothingRuns(home, next);
  });

  test('a killed user does not keep the server alive for the others', async () => {
    const home = await takeUsedHome();
    const killed = await joinFromOutside(home);
    const other = await start(home);
    await killed.kill();
    await other.stop();
    await expectNothingRuns(home, other);
  });

  test.skipIf(process.platform === 'win32')(
    'a server whose users were all killed ends by itself when nobody comes',
    async () => {
      const home = await takeUsedHome();
      const killed = await joinFromOutside(home);
      await killed.kill();
      expect(await query(killed.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      while ((await processesOf(home)).length > 0) await sleep(50);
      await expectNothingRuns(home, killed);
      const text = await readFile(join(home, 'postgres/server.log'), 'utf8');
      expect(text).toContain('database system is shut down');
    },
  );

  test.skipIf(process.platform === 'win32')(
    'Ctrl-C in the terminal of the process that started it does not reach the server',
    async () => {
      const home = await takeUsedHome();
      const user = await joinFromOutside(home);
      process.kill(-user.pid, 'SIGINT');
      await query(user.url, 'SELECT pg_sleep(0.2)');
      const text = await readFile(join(home, 'postgres/server.log'), 'utf8');
      const sinceStart = text.slice(text.lastIndexOf('ready to accept connections'));
      expect(sinceStart).not.toContain('shutdown request');
      await user.stop();
      await expectNothingRuns(home, user);
    },
  );

  test('what was committed is there after the server itself was killed', async () => {
    const home = await takeUsedHome();
    const before = await start(home);
    await query(before.url('shop'), 'CREATE TABLE kept AS SELECT 42 AS answer');
    for (const pid of await postmasters(join(home, 'postgres/data'))) process.kill(pid, 'SIGKILL');
    const after = await start(home);
    expect(after.startedHere).toBe(true);
    expect(await query(after.url('shop'), 'SELECT * FROM kept')).toEqual([{ answer: 42 }]);
    await before.stop();
    await after.stop();
    await expectNothingRuns(home, after);
  });

  test('a postmaster.pid of before a reboot, its id now used by others, does not hinder', async () => {
    const home = await takeUsedHome();
    const stranger = asRoot
      ? spawn('sleep', ['60'], { uid: nobody.uid, gid: nobody.gid })
      : spawn('sleep', ['60']);
    onTestFinished(() => {
      stranger.kill();
    });
    const data = join(home, 'postgres/data');
    const lines = [stranger.pid, data, 1, 5432, '', '127.0.0.1', '', 'ready   '];
    await writeFile(join(data, 'postmaster.pid'), `${lines.join('\n')}\n`);
    const server = await start(home);
    expect(server.startedHere).toBe(true);
    expect(await query(server.url('shop'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  });

  test('the port stays the same from start to start, unless it is taken meanwhile', async () => {
    const home = await takeUsedHome();
    const first = await start(home);
    await first.stop();
    const second = await start(home);
    expect(second.port).toBe(first.port);
    await second.stop();
    const squatter = createServer();
    await new Promise<void>((done) => squatter.listen(first.port, '127.0.0.1', done));
    onTestFinished(() => {
      squatter.close();
    });
    const third = await start(home);
    expect(third.port).not.toBe(first.port);
    expect(await query(third.url('shop'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('a start that was killed half way leaves nothing that hinders the next', async () => {
    const home = await makeHome();
    const control = join(home, 'postgres');
    const child = spawnUser(home);
    const begun = async () => {
      const names = await readdir(control).catch(() => []);
      return names.some((name) => name.startsWith('data-new-') && !name.endsWith('.password'));
    };
    while (!(await begun())) await sleep(2);
    const ended = endOf(child);
    child.kill('SIGKILL');
    await ended;
    await expect(access(join(control, 'data'))).rejects.toThrow('ENOENT');
    const server = await start(home);
    expect(server.startedHere).toBe(true);
    expect(await query(server.url('shop'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('a failure to start shows the end of the log and where it is', async () => {
    const home = await takeUsedHome();
    const failure = startEmbedded({ home, databases: [], log, settings: { work_mem: 'plenty' } });
    await expect(failure).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'embedded_postgres_failed',
      message: expect.stringMatching(/invalid value for parameter "work_mem": "plenty"/),
    });
    await expect(failure).rejects.toThrow(join(home, 'postgres/server.log'));
    expect(await processesOf(home)).toEqual([]);
  });

  test('data of another major version is refused and left alone', async () => {
    const home = await takeUsedHome();
    await restoreAtEnd(join(home, 'postgres/data/PG_VERSION'));
    await writeFile(join(home, 'postgres/data/PG_VERSION'), '17\n');
    await expect(startEmbedded({ home, databases: [], log })).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'embedded_postgres_other_version',
      message: expect.stringContaining('made by PostgreSQL 17'),
    });
    expect(await processesOf(home)).toEqual([]);
  });

  test('a lost password file is named instead of making a password that does not fit', async () => {
    const home = await takeUsedHome();
    await restoreAtEnd(join(home, 'postgres/password'));
    await rm(join(home, 'postgres/password'));
    await expect(startEmbedded({ home, databases: [], log })).rejects.toMatchObject({
      code: 'embedded_postgres_password_missing',
      message: expect.stringContaining(join(home, 'postgres/password')),
    });
  });
});

describe.skipIf(!asRoot)('as root', () => {
  test('a home that only root may enter gets its data elsewhere, and finds it again', async () => {
    const home = await makeHome({ closed: true });
    const first = await start(home);
    const base = (await readFile(join(home, 'postgres/location'), 'utf8')).trim();
    onTestFinished(() => rm(base, { recursive: true, force: true }));
    await query(first.url('shop'), 'CREATE TABLE kept AS SELECT 42 AS answer');
    expect((await stat(join(base, 'data'))).uid).not.toBe(0);
    expect((await stat(join(base, 'data'))).mode & 0o077).toBe(0);
    await first.stop();
    const second = await start(home);
    expect(await query(second.url('shop'), 'SELECT * FROM kept')).toEqual([{ answer: 42 }]);
    await second.stop();
    expect(await postmasters(join(base, 'data'))).toEqual([]);
    await rm(join(base, 'data'), { recursive: true });
    await expect(startEmbedded({ home, databases: [], log })).rejects.toMatchObject({
      code: 'embedded_postgres_data_missing',
      message: expect.stringContaining(base),
    });
  });

  test('data of a closed temporary home that was deleted is removed by a later start', async () => {
    const gone = await makeHome({ closed: true });
    const server = await start(gone);
    const base = (await readFile(join(gone, 'postgres/location'), 'utf8')).trim();
    await server.stop();
    await rm(gone, { recursive: true });
    const home = await makeHome({ closed: true });
    const other = await start(home);
    const otherBase = (await readFile(join(home, 'postgres/location'), 'utf8')).trim();
    onTestFinished(() => rm(otherBase, { recursive: true, force: true }));
    await other.stop();
    expect(existsSync(base)).toBe(false);
    expect(existsSync(join(otherBase, 'data'))).toBe(true);
  });

  test('a home that was closed after its data was made is named, not begun anew', async () => {
    const home = await takeUsedHome();
    await chmod(home, 0o700);
    onTestFinished(() => chmod(home, 0o755));
    await expect(startEmbedded({ home, databases: [], log })).rejects.toMatchObject({
      code: 'embedded_postgres_closed_folder',
      message: expect.stringContaining(`chmod o+x ${home}`),
    });
  });

  test('a plain user has the same server, and root may join and look after it', async (context) => {
    const closed =
      (await closedFolder(repository, nobody)) ?? (await closedFolder(process.execPath, nobody));
    if (closed) return context.skip(`plain users cannot read this checkout: ${closed} is closed`);
    const home = await makeHome();
    await mkdir(home);
    await chown(home, nobody.uid, nobody.gid);
    const user = await joinFromOutside(home, { uid: nobody.uid, gid: nobody.gid });
    expect(user.startedHere).toBe(true);
    const root = await start(home);
    expect([root.startedHere, root.port]).toEqual([false, user.port]);
    await user.stop();
    await root.stop();
    await expectNothingRuns(home, root);
    const again = await start(home);
    await again.stop();
    const back = await joinFromOutside(home, { uid: nobody.uid, gid: nobody.gid });
    expect(await query(back.url, 'SELECT current_user AS me')).toEqual([{ me: 'steward' }]);
    await back.stop();
    await expectNothingRuns(home, back);
  });
});
