import { randomBytes } from 'node:crypto';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { createScratchDatabase, dropScratchDatabase } from '../../../test/scratch-database.ts';
import { mainMigrations } from '../../main-migrations.ts';
import { openPool } from './database.ts';
import { assertMigrated, migrate, migrationStatus } from './migrations.ts';
import { GROUP_ROLES, platformMigrations, SERVICE_ROLES } from './roles.ts';
import { makeHome, query, start } from './testing.ts';

const ROLES = [...Object.values(SERVICE_ROLES), ...GROUP_ROLES];
const rolesOnly = [{ context: 'platform', migrations: platformMigrations }];

/** The same database as somebody else. */
function as(url: string, user: string, password = ''): string {
  const changed = new URL(url);
  changed.username = user;
  changed.password = password;
  return changed.href;
}

/** An owner as a hosted PostgreSQL gives one: may make roles and databases, is no superuser. */
async function makeOwner(serverUrl: string): Promise<{ name: string; password: string }> {
  const name = `owner_${randomBytes(4).toString('hex')}`;
  const password = randomBytes(8).toString('hex');
  await query(serverUrl, `create role ${name} login createrole createdb password '${password}'`);
  return { name, password };
}

/** Acts as each service role, as the processes do. */
async function actAsEach(url: string): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const role of Object.values(SERVICE_ROLES)) {
    const pool = openPool({ url, applicationName: 'test', role, max: 1 });
    const { rows } = await pool.query('select current_user, session_user', []);
    await pool.end();
    found.push(rows[0]);
  }
  return found;
}

/** A cluster of its own: roles belong to the whole server, and here there are none yet. */
async function freshServer(): Promise<string> {
  const server = await start(await makeHome());
  return server.url('postgres');
}

describe('on a new server', () => {
  test('two databases that migrate at the same moment both get their roles', async () => {
    const serverUrl = await freshServer();
    const owner = await makeOwner(serverUrl);
    const urls = new Map<string, string>();
    for (const name of ['one', 'two', 'three']) {
      await query(serverUrl, `create database ${name} owner ${owner.name}`);
      const url = new URL(serverUrl);
      url.pathname = `/${name}`;
      urls.set(name, as(url.href, owner.name, owner.password));
    }
    for (let round = 0; round < 5; round++) {
      await Promise.all([...urls.values()].map((url) => migrate(url, rolesOnly)));
      for (const url of urls.values()) {
        assertMigrated(await migrationStatus(url, rolesOnly));
        expect(await actAsEach(url)).toEqual(
          Object.values(SERVICE_ROLES).map((role) => ({
            current_user: role,
            session_user: owner.name,
          })),
        );
      }
      for (const url of urls.values()) await query(url, 'drop schema platform cascade');
      await query(serverUrl, `drop role ${ROLES.join(', ')}`);
    }

    // No superuser, a new cluster: the whole schema, with an extension.
    const [whole = ''] = urls.values();
    await migrate(whole, mainMigrations);
    expect(await query(whole, 'select count(*)::int as n from orders.orders')).toEqual([{ n: 0 }]);
    expect(await actAsEach(whole)).toHaveLength(3);
  });
});

describe('on a server where the roles were made by somebody else', () => {
  test('an owner without rights on them is told what is missing, and then may migrate', async () => {
    const serverUrl = inject('serverUrl');
    const owner = await makeOwner(serverUrl);
    const { name, url } = await createScratchDatabase(serverUrl, 'owned');
    onTestFinished(async () => {
      await dropScratchDatabase(serverUrl, name);
      await query(serverUrl, `drop role ${owner.name}`);
    });
    await query(serverUrl, `alter database ${name} owner to ${owner.name}`);
    const owned = as(url, owner.name, owner.password);
    const [server] = await query<{ version: number }>(
      serverUrl,
      `select current_setting('server_version_num')::int as version`,
    );
    // Before 16 whoever may make roles may hand all of them out.
    if (server && server.version >= 160_000) {
      await expect(migrate(owned, mainMigrations)).rejects.toThrow(
        expect.objectContaining({
          code: 'migration_failed',
          message: expect.stringContaining(`"grant steward_api to ${owner.name}"`),
        }),
      );
      const granted = Object.values(SERVICE_ROLES).join(', ');
      await query(serverUrl, `grant ${granted} to ${owner.name}`);
    }
    await migrate(owned, mainMigrations);
    expect(await actAsEach(owned)).toHaveLength(3);
    expect(await migrate(owned, mainMigrations)).toEqual([]);
  });
});
