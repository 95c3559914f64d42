import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startEmbedded } from './embedded.ts';
import { closedFolder } from './embedded-account.ts';
import {
  expectNothingRuns,
  joinFromOutside,
  log,
  makeHome,
  postmasters,
  query,
  shareUsedHome,
  start,
} from './testing.ts';

const asRoot = process.getuid?.() === 0;
const nobody = { name: 'nobody', uid: 65_534, gid: 65_534 };
const repository = join(import.meta.dirname, '../../..');
const takeUsedHome = shareUsedHome();
describe.skipIf(!asRoot)(
  'as root (skipped for other users, who cannot run a server as nobody)',
  () => {
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
  },
);
