import { spawn } from 'node:child_process';
import { access, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startEmbedded } from './embedded.ts';
import {
  endOf,
  expectNothingRuns,
  joinFromOutside,
  log,
  makeHome,
  postmasters,
  processesOf,
  query,
  restoreAtEnd,
  shareUsedHome,
  spawnUser,
  start,
} from './testing.ts';

const takeUsedHome = shareUsedHome();
describe('the embedded PostgreSQL after a crash', () => {
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
    const stranger =
      process.getuid?.() === 0
        ? spawn('sleep', ['60'], { uid: 65_534, gid: 65_534 })
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
});

describe('the embedded PostgreSQL when it cannot start', () => {
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
