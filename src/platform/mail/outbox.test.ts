import { describe, expect, test } from 'vitest';
import { createTestDatabase } from '../../../test/database.ts';
import type { Database } from '../postgres/database.ts';
import { countMails, enqueueMails, listMails, type NewMail, retryMail } from './outbox.ts';
import type { MailTables } from './tables.ts';
import { buildMail } from './testing.ts';

const NOW = new Date('2026-11-23T18:00:00Z');

function enqueue(db: Database<MailTables>, mails: readonly NewMail[]): Promise<number> {
  return db.transaction().execute((tx) => enqueueMails(tx, mails));
}

describe('putting mails into the outbox', () => {
  test('a mail is there if and only if its event is committed', async () => {
    const { db } = await createTestDatabase<MailTables>();
    const mail = buildMail({ data: { orderId: 'o-1', priceMinor: 10_000, copy: null } });
    const rolledBack = db.transaction().execute(async (tx) => {
      await enqueueMails(tx, [mail]);
      throw new Error('the event is not committed');
    });
    await expect(rolledBack).rejects.toThrow('not committed');
    expect(await listMails(db, { limit: 10 })).toEqual([]);
    expect(await enqueue(db, [mail])).toBe(1);
    expect(await listMails(db, { limit: 10 })).toEqual([
      {
        ...mail,
        status: 'waiting',
        attempts: 0,
        nextAttemptAt: mail.createdAt,
        sentAt: null,
        providerId: null,
        error: null,
      },
    ]);
  });

  test('the same event, told any number of times, makes one mail', async () => {
    const { db } = await createTestDatabase<MailTables>();
    const eventKey = 'event-1:order-placed:customer';
    const same = () => buildMail({ eventKey });
    expect(await enqueue(db, [same(), same(), buildMail()])).toBe(2);
    const again = await Promise.all(Array.from({ length: 10 }, () => enqueue(db, [same()])));
    expect(again).toEqual(Array.from({ length: 10 }, () => 0));
    expect((await countMails(db)).waiting).toBe(2);
  });

  test('no mails are no statement', async () => {
    const { db } = await createTestDatabase<MailTables>();
    expect(await enqueue(db, [])).toBe(0);
  });

  test.each(['Ada Lovelace', 'ada@example.org', '1 Main Street', 'x'.repeat(101)])(
    'text such as "%s" in the data is refused',
    async (text) => {
      const { db } = await createTestDatabase<MailTables>();
      const mail = buildMail({ data: { orderId: 'o-1', note: text } });
      const refused = await enqueue(db, [buildMail(), mail]).catch((error: unknown) => error);
      expect(refused).toMatchObject({ kind: 'invalid', code: 'mail_data_not_codes' });
      expect(String(refused)).toContain('"note"');
      expect(String(refused)).not.toContain(text);
      expect((await countMails(db)).waiting).toBe(0);
    },
  );
});

describe('what managers see and do', () => {
  test('mails are listed newest first, by status, and counted', async () => {
    const { db } = await createTestDatabase<MailTables>();
    const at = (minute: number) => new Date(NOW.getTime() + minute * 60_000);
    const mails = [0, 1, 2, 3].map((minute) => buildMail({ createdAt: at(minute) }));
    await enqueue(db, mails);
    const failed = mails[2]?.id ?? '';
    await db
      .updateTable('mail.messages')
      .set({ status: 'failed' })
      .where('id', '=', failed)
      .execute();
    const all = await listMails(db, { limit: 3 });
    expect(all.map((mail) => mail.id)).toEqual([mails[3]?.id, failed, mails[1]?.id]);
    const some = await listMails(db, { status: 'failed', limit: 10 });
    expect(some.map((mail) => mail.id)).toEqual([failed]);
    expect(await countMails(db)).toEqual({
      waiting: 3,
      sending: 0,
      sent: 0,
      failed: 1,
      unknown: 0,
      skipped: 0,
    });
  });

  test('only a mail that failed, or may have been sent, can be tried again', async () => {
    const { db } = await createTestDatabase<MailTables>();
    const mail = buildMail();
    await enqueue(db, [mail]);
    await expect(retryMail(db, mail.id, 'olga', NOW)).rejects.toMatchObject({
      kind: 'conflict',
      code: 'mail_not_retryable',
      data: { status: 'waiting' },
    });
    for (const status of ['failed', 'unknown'] as const) {
      await db.updateTable('mail.messages').set({ status, error: 'why' }).execute();
      await retryMail(db, mail.id, 'olga', NOW);
      const row = await db.selectFrom('mail.messages').selectAll().executeTakeFirstOrThrow();
      expect(row).toMatchObject({
        status: 'waiting',
        error: null,
        next_attempt_at: NOW,
        retried_by: 'olga',
        retried_at: NOW,
      });
    }
    for (const id of [buildMail().id, 'no-uuid']) {
      await expect(retryMail(db, id, 'olga', NOW)).rejects.toMatchObject({
        kind: 'not_found',
        code: 'mail_not_found',
      });
    }
  });
});

describe('rights', () => {
  test('workers write mails, ops retries them, and neither deletes nor forges one', async () => {
    const { open } = await createTestDatabase<MailTables>();
    const worker = open('steward_worker');
    const ops = open('steward_ops');
    const mail = buildMail();
    expect(await enqueue(worker, [mail])).toBe(1);
    await worker.updateTable('mail.messages').set({ status: 'failed' }).execute();
    await retryMail(ops, mail.id, 'olga', NOW);
    expect((await countMails(ops)).waiting).toBe(1);
    const denied = { code: '42501' };
    await expect(enqueue(ops, [buildMail()])).rejects.toMatchObject(denied);
    await expect(
      ops.updateTable('mail.messages').set({ recipient_kind: 'worker' }).execute(),
    ).rejects.toMatchObject(denied);
    await expect(worker.deleteFrom('mail.messages').execute()).rejects.toMatchObject(denied);
    for (const role of ['steward_api', 'steward_finance', 'steward_quality']) {
      await expect(listMails(open(role), { limit: 1 })).rejects.toMatchObject(denied);
    }
  });
});
