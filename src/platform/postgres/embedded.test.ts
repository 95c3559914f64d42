import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startEmbedded } from './embedded.ts';
import {
  expectNothingRuns,
  joinFromOutside,
  log,
  makeHome,
  query,
  shareUsedHome,
  start,
} from './testing.ts';

const takeUsedHome = shareUsedHome();
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
    const cwds = ['/', tmpdir(), import.meta.dirname];
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
});
