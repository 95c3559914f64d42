import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { createScratchDatabase, dropScratchDatabase } from '../../test/scratch-database.ts';
import { mainMigrations } from '../main-migrations.ts';
import { type Database, openDatabase } from '../platform/postgres/database.ts';
import { type EmbeddedServer, startEmbedded } from '../platform/postgres/embedded.ts';
import { migrate } from '../platform/postgres/migrations.ts';
import { rebaseAfterMigrate, rebaseAfterRestore } from './index.ts';
import { createBooks } from './test-books.ts';
import {
  createRecorder,
  createSeen,
  createTestStream,
  RECORDER,
  type RecorderTables,
  readSeen,
} from './test-recorder.ts';
import { buildLife, GOOD_LIFE, type NewEvent, writeEvents } from './testing.ts';

const run = promisify(execFile);
const silent = { info: () => undefined, warn: () => undefined };

/** Another cluster, young: its transaction ids are lower than those in the log. */
let home: string;
let cluster: EmbeddedServer;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'steward-restore-'));
  cluster = await startEmbedded({ home, databases: ['roles'], log: silent });
  await migrate(cluster.url('roles'), mainMigrations);
});
afterAll(async () => {
  await cluster.stop();
  rmSync(home, { recursive: true, force: true });
});

async function openRestored(prepare: (url: string) => Promise<void>) {
  const { name, url } = await createScratchDatabase(cluster.url('postgres'), 'restored');
  await prepare(url);
  const db = openDatabase<RecorderTables>({ url, applicationName: 'test', max: 5 });
  onTestFinished(async () => {
    await db.destroy();
    await dropScratchDatabase(cluster.url('postgres'), name);
  });
  return { db, url };
}

/** Old clusters have used up many transaction ids. */
async function growOld(db: Database<RecorderTables>): Promise<void> {
  await db.connection().execute(async (session) => {
    for (let i = 0; i < 2_000; i += 1) await sql`select pg_current_xact_id()`.execute(session);
  });
}

const TABLES = [
  'stream.epochs',
  'stream.order_events',
  'stream_consumers.cursors',
  'stream_consumers.parked_events',
  'stream_consumers.parked_orders',
  'recorder.seen',
];

/** What a restore does to the rows, where no pg_dump fits the server. */
async function copyRows(from: Database<RecorderTables>, url: string): Promise<void> {
  await migrate(url, mainMigrations);
  const to = openDatabase<RecorderTables>({ url, applicationName: 'test restore', max: 1 });
  await createSeen(to);
  await to.transaction().execute(async (tx) => {
    await sql`delete from stream.epochs`.execute(tx);
    for (const name of TABLES) {
      const table = sql.table(name);
      const { rows } = await sql<{ row: string }>`
        select to_jsonb(t)::text as row from ${table} t`.execute(from);
      await sql`insert into ${table} overriding system value
        select r.* from unnest(${rows.map(({ row }) => row)}::jsonb[]) as j(row),
          jsonb_populate_record(null::${table}, j.row) r`.execute(tx);
    }
    await sql`select
      setval(pg_get_serial_sequence('stream.order_events', 'position'),
        (select max(position) from stream.order_events)),
      setval(pg_get_serial_sequence('recorder.seen', 'number'),
        (select max(number) from recorder.seen))`.execute(tx);
  });
  await to.destroy();
}

async function dumpAndRestore(from: string, to: string): Promise<void> {
  const { stdout } = await run('pg_dump', ['--no-owner', `--dbname=${from}`], {
    maxBuffer: 100_000_000,
  });
  const restore = run('psql', ['--quiet', '--set=ON_ERROR_STOP=1', `--dbname=${to}`]);
  restore.child.stdin?.end(stdout);
  await restore;
}

/** Why pg_dump cannot be used here, or undefined. */
async function whyNoDump(): Promise<string | undefined> {
  try {
    const [dump, server] = await Promise.all([
      run('pg_dump', ['--version']),
      run('psql', [inject('serverUrl'), '-Atc', 'show server_version_num']),
    ]);
    const major = Number(/(\d+)\./.exec(dump.stdout)?.[1]);
    const serverMajor = Math.floor(Number(server.stdout) / 10_000);
    if (major >= serverMajor) return undefined;
    return `pg_dump is of version ${major}, the server of version ${serverMajor}`;
  } catch {
    return 'pg_dump or psql is not on PATH';
  }
}

describe.each(['pg_dump and psql', 'copied rows'])('a restore by %s', (how) => {
  test('the log goes on in another cluster: nothing twice, nothing lost', async (context) => {
    const reason = how === 'copied rows' ? undefined : await whyNoDump();
    if (reason) context.skip(`the restore by pg_dump is not tested: ${reason}`);
    const { log, books: own, logSide } = await createBooks('two');
    await createSeen(log);
    await growOld(log);
    const write = async (db: Database<RecorderTables>, life = GOOD_LIFE): Promise<NewEvent[]> => {
      const events = buildLife(life);
      for (const event of events) await writeEvents(db, [event]);
      return events;
    };
    const read = await write(log);
    const inMain = createTestStream(log, log, createRecorder());
    await inMain.consume(RECORDER);
    const unread = await write(log);

    const { db, url } = await openRestored((target) =>
      how === 'copied rows' ? copyRows(log, target) : dumpAndRestore(logSide.url, target),
    );
    // What happened after the dump is lost with the old cluster. A consumer whose books are in a
    // database of its own has seen it all the same.
    const lost = await write(log);
    await createTestStream(log, own, createRecorder()).consume(RECORDER);

    // Somebody went on working before the log was mended.
    const early = await write(db);
    const restored = createTestStream(db, db, createRecorder());
    const elsewhere = createTestStream(db, own, createRecorder());
    for (const stream of [restored, elsewhere]) {
      await expect(stream.consume(RECORDER)).rejects.toMatchObject({ code: 'stream_restored' });
      expect((await stream.status()).log).toBe('restored');
    }

    expect(await rebaseAfterRestore(db)).toEqual({ epoch: 2, eventsMoved: early.length });
    expect(await rebaseAfterRestore(db)).toBeNull();
    const later = await write(db);
    await restored.consume(RECORDER);
    await elsewhere.consume(RECORDER);
    const last = await write(db);
    await restored.consume(RECORDER);
    await elsewhere.consume(RECORDER);

    const ids = (...lives: NewEvent[][]) => lives.flat().map((event) => event.eventId);
    const seenIds = async (place: Database<RecorderTables>) =>
      (await readSeen(place)).map((row) => row.event_id);
    expect(await seenIds(db)).toEqual(ids(read, unread, early, later, last));
    expect(await seenIds(own)).toEqual(ids(read, unread, lost, early, later, last));
    expect((await restored.status()).consumers[0]).toMatchObject({ eventsBehind: 0 });
    await migrate(url, mainMigrations, async (client) => {
      expect(await rebaseAfterMigrate(client)).toBeNull();
    });
  });
});

test('a log that stays where it is is left alone', async () => {
  const { log } = await createBooks('one');
  await writeEvents(log, buildLife());
  expect(await rebaseAfterRestore(log)).toBeNull();
});

test('the log stays insert-only, also for its owner', async () => {
  const { log } = await createBooks('one');
  await writeEvents(log, buildLife());
  for (const change of [
    "update stream.order_events set xid = '0'",
    'delete from stream.order_events',
  ]) {
    await expect(sql.raw(change).execute(log)).rejects.toThrow('insert-only');
  }
});

test('a log that lost events which a consumer has read is not read on in silence', async () => {
  const { log, books } = await createBooks('two');
  const life = buildLife();
  for (const event of life) await writeEvents(log, [event]);
  const stream = createTestStream(log, books, createRecorder());
  await stream.consume(RECORDER);
  // As after a failover to a standby that was behind.
  await sql`alter table stream.order_events disable trigger insert_only`.execute(log);
  await sql`delete from stream.order_events where version > 3`.execute(log);
  await expect(stream.consume(RECORDER)).rejects.toMatchObject({
    code: 'stream_rewound',
    kind: 'conflict',
  });
  await stream.replay(RECORDER, { by: 'anna' });
  expect(await stream.consume(RECORDER)).toMatchObject({ outcome: 'done', applied: 3 });
});
