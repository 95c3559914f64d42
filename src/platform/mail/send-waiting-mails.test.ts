import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { createTestDatabase } from '../../../test/database.ts';
import { createVirtualClock, type VirtualClock } from '../clock.ts';
import { createLog } from '../log.ts';
import type { Database } from '../postgres/database.ts';
import { MailDeliveryError } from './message.ts';
import { countMails, enqueueMails, listMails, type NewMail, retryMail } from './outbox.ts';
import { RETRY_DELAYS_MS, type RenderMail, sendWaitingMails } from './send-waiting-mails.ts';
import type { MailTables } from './tables.ts';
import { buildMail, createRecordingTransport } from './testing.ts';
import type { MailTransport } from './transport.ts';

const log = createLog({ level: 'silent', part: 'test' });
const render: RenderMail = async (mail) => ({
  to: { email: 'ada@example.org', name: 'Ada' },
  subject: `About ${mail.template}`,
  text: `Order ${String(mail.data.orderId)}`,
});

interface Outbox {
  db: Database<MailTables>;
  open(role?: string): Database<MailTables>;
  clock: VirtualClock;
  add(count: number, more?: Partial<NewMail>): Promise<string[]>;
  send(
    transport: MailTransport,
    more?: { limit?: number; render?: RenderMail; signal?: AbortSignal },
  ): ReturnType<typeof sendWaitingMails>;
}

async function outbox(): Promise<Outbox> {
  const { db, open } = await createTestDatabase<MailTables>();
  const clock = createVirtualClock(new Date('2026-11-23T18:00:00Z'));
  return {
    db,
    open,
    clock,
    add: async (count, more) => {
      const mails = Array.from({ length: count }, () => buildMail(more, clock));
      await db.transaction().execute((tx) => enqueueMails(tx, mails));
      return mails.map((mail) => mail.id);
    },
    send: (transport, more) =>
      sendWaitingMails({ db, clock, log, render, limit: 1_000, transport, ...more }),
  };
}

const failure = (kind: MailDeliveryError['failure']) => async () =>
  new MailDeliveryError(kind, `It went wrong (${kind}).`);
const nothing = { sent: 0, retrying: 0, failed: 0, unknown: 0, skipped: 0 };
const DUE = sql<Date>`now() - interval '6 minutes'`;

/** Holds up all that write to the outbox, and ends the first connections that wait for it. */
function breakWhoeverWrites(db: Database<MailTables>, locked: () => void): Promise<number> {
  return db.transaction().execute(async (tx) => {
    await sql`lock table mail.messages in exclusive mode`.execute(tx);
    locked();
    for (;;) {
      const { rows } = await sql`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(tx);
      if (rows.length > 0) return rows.length;
      await sleep(10);
    }
  });
}

describe.each([
  ['a transport that can be repeated', true],
  ['a transport that must not be repeated', false],
])('with %s', (_name, idempotent) => {
  test('what waits is sent once, in any number of runs', async () => {
    const { db, add, send } = await outbox();
    const ids = await add(30);
    const transport = createRecordingTransport(idempotent);
    expect(await send(transport)).toEqual({ ...nothing, sent: 30 });
    expect(await send(transport)).toEqual(nothing);
    expect(transport.delivered.toSorted()).toEqual(ids.toSorted());
    const [mail] = await listMails(db, { limit: 1 });
    expect(mail).toMatchObject({
      status: 'sent',
      attempts: 1,
      sentAt: new Date('2026-11-23T18:00:00Z'),
      providerId: `sg-${mail?.id}`,
      error: null,
    });
  });

  test('six processes at once send every mail once between them', async () => {
    const { db, open, clock, add } = await outbox();
    const ids = await add(300);
    const transport = createRecordingTransport(
      idempotent,
      () => new Promise((resolve) => setImmediate(() => resolve(undefined))),
    );
    const runs = await Promise.all(
      Array.from({ length: 6 }, () =>
        sendWaitingMails({
          db: open('steward_worker'),
          clock,
          log,
          render,
          transport,
          limit: 1_000,
        }),
      ),
    );
    expect(runs.reduce((sum, run) => sum + run.sent, 0)).toBe(300);
    expect(transport.delivered.toSorted()).toEqual(ids.toSorted());
    expect(await countMails(db)).toMatchObject({ sent: 300, waiting: 0, sending: 0 });
  });

  test('a mail that surely was not sent is tried again, later and later, then given up', async () => {
    const { db, clock, add, send } = await outbox();
    await add(1);
    const transport = createRecordingTransport(idempotent, failure('retryable'));
    for (const delayMs of RETRY_DELAYS_MS) {
      expect(await send(transport)).toEqual({ ...nothing, retrying: 1 });
      clock.advance(delayMs - 1);
      expect(await send(transport)).toEqual(nothing);
      clock.advance(1);
    }
    expect(await send(transport)).toEqual({ ...nothing, failed: 1 });
    clock.advance(30 * 86_400_000);
    expect(await send(transport)).toEqual(nothing);
    expect(transport.delivered).toHaveLength(6);
    expect(await listMails(db, { limit: 1 })).toMatchObject([
      { status: 'failed', attempts: 6, error: 'It went wrong (retryable).' },
    ]);
  });

  test('a mail that nobody can send, or nobody knows of, stays for a manager', async () => {
    const { db, clock, add, send } = await outbox();
    const [refused, doubtful] = await add(2);
    const bad = createRecordingTransport(idempotent, (mail) =>
      failure(mail.id === refused ? 'permanent' : 'unknown')(),
    );
    expect(await send(bad)).toEqual({ ...nothing, failed: 1, unknown: 1 });
    clock.advance(7 * 86_400_000);
    expect(await send(bad)).toEqual(nothing);
    await retryMail(db, doubtful ?? '', 'olga', clock.now());
    const good = createRecordingTransport(idempotent);
    expect(await send(good)).toEqual({ ...nothing, sent: 1 });
    expect(good.delivered).toEqual([doubtful]);
  });

  test('one bad mail stops no other', async () => {
    const { db, add, send } = await outbox();
    const [first] = await add(20);
    const transport = createRecordingTransport(idempotent, async (mail) =>
      mail.id === first ? failure('permanent')() : undefined,
    );
    expect(await send(transport)).toEqual({ ...nothing, sent: 19, failed: 1 });
    expect(await countMails(db)).toMatchObject({ sent: 19, failed: 1, sending: 0 });
  });

  test('a connection to the database that breaks after the delivery loses no result', async () => {
    const { db, open, add, send } = await outbox();
    await add(5);
    const broken: Promise<number>[] = [];
    const transport = createRecordingTransport(idempotent, async () => {
      if (broken.length > 0) return undefined;
      await new Promise<void>((locked) => {
        broken.push(breakWhoeverWrites(open(), locked));
      });
      return undefined;
    });
    expect(await send(transport)).toEqual({ ...nothing, sent: 5 });
    expect(await countMails(db)).toMatchObject({ sent: 5, sending: 0 });
    expect(transport.delivered).toHaveLength(5);
    expect(await broken[0]).toBeGreaterThan(0);
  });

  test('a run ends at its limit, or when it is told to', async () => {
    const { add, send } = await outbox();
    await add(20);
    const transport = createRecordingTransport(idempotent);
    expect(await send(transport, { limit: 7 })).toEqual({ ...nothing, sent: 7 });
    expect(await send(transport, { signal: AbortSignal.abort() })).toEqual(nothing);
    expect(await send(transport)).toEqual({ ...nothing, sent: 13 });
  });
});

describe('rendering', () => {
  test('a recipient who is no more gets nothing, and the reason is kept', async () => {
    const { db, add, send } = await outbox();
    await add(1);
    const transport = createRecordingTransport(false);
    const erased: RenderMail = async () => ({ skip: 'The customer was erased.' });
    expect(await send(transport, { render: erased })).toEqual({ ...nothing, skipped: 1 });
    expect(transport.delivered).toEqual([]);
    expect(await listMails(db, { limit: 1 })).toMatchObject([
      { status: 'skipped', error: 'The customer was erased.', sentAt: null },
    ]);
  });

  test('a renderer that breaks stops only its mail, and its words are not stored', async () => {
    const { db, clock, add, send } = await outbox();
    const [first] = await add(3);
    const transport = createRecordingTransport(true);
    const breaks: RenderMail = async (mail) => {
      if (mail.id === first) throw new Error('no template for Ada Lovelace');
      return render(mail);
    };
    expect(await send(transport, { render: breaks })).toEqual({ ...nothing, sent: 2, retrying: 1 });
    const [waiting] = await listMails(db, { status: 'waiting', limit: 1 });
    expect(waiting?.error).not.toContain('Ada');
    clock.advance(60_000);
    expect(await send(transport)).toEqual({ ...nothing, sent: 1 });
  });
});

describe('a process that is gone', () => {
  test('its mails are taken back after the lease, not before', async () => {
    const { db, add, send } = await outbox();
    await add(2);
    await db
      .updateTable('mail.messages')
      .set({
        status: 'sending',
        attempts: 1,
        sending_since: sql<Date>`now() - interval '4 minutes'`,
      })
      .execute();
    expect(await send(createRecordingTransport(true))).toEqual(nothing);
    await db.updateTable('mail.messages').set({ sending_since: DUE }).execute();
    expect(await send(createRecordingTransport(true))).toEqual({ ...nothing, sent: 2 });
  });

  test('one that was only slow still says what became of its mail', async () => {
    const { db, add, send } = await outbox();
    await add(1);
    const second = createRecordingTransport(false);
    const slow = createRecordingTransport(false, async () => {
      // While it is at work, its lease runs out and another process takes over.
      await db.updateTable('mail.messages').set({ sending_since: DUE }).execute();
      expect(await send(second)).toEqual({ ...nothing, unknown: 1 });
      return undefined;
    });
    expect(await send(slow)).toEqual({ ...nothing, sent: 1 });
    expect(second.delivered).toEqual([]);
    expect(await countMails(db)).toMatchObject({ sent: 1, unknown: 0 });
  });

  test('a late failure does not undo what another process has sent since', async () => {
    const { db, add, send } = await outbox();
    await add(1);
    const slow = createRecordingTransport(true, async () => {
      await db.updateTable('mail.messages').set({ sending_since: DUE }).execute();
      expect(await send(createRecordingTransport(true))).toEqual({ ...nothing, sent: 1 });
      return failure('retryable')();
    });
    await send(slow);
    expect(await countMails(db)).toMatchObject({ sent: 1, waiting: 0 });
  });

  test('a late failure does not touch a mail that another process has at hand', async () => {
    const { db, add, send } = await outbox();
    await add(1);
    const claimed = Promise.withResolvers<void>();
    const slowIsThrough = Promise.withResolvers<void>();
    const second = createRecordingTransport(true, async () => {
      claimed.resolve();
      await slowIsThrough.promise;
      return undefined;
    });
    const runs: Promise<unknown>[] = [];
    const slow = createRecordingTransport(true, async () => {
      await db.updateTable('mail.messages').set({ sending_since: DUE }).execute();
      runs.push(send(second));
      await claimed.promise;
      return failure('permanent')();
    });
    await send(slow);
    expect(await countMails(db)).toMatchObject({ sending: 1, failed: 0 });
    slowIsThrough.resolve();
    await Promise.all(runs);
    expect(await countMails(db)).toMatchObject({ sent: 1, failed: 0 });
  });
});
