import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { createTestDatabase } from '../../../test/database.ts';
import type { Config } from '../config.ts';
import type { Database } from '../postgres/database.ts';
import { countMails, enqueueMails } from './outbox.ts';
import type { MailTables } from './tables.ts';
import { buildMail } from './testing.ts';

const MAILS = 3;

/**
 * A process that sends, as a worker does. With HANG it stands still between the delivery of its
 * mails and the writing down, and says so.
 */
const SENDER = `
  const url = (path) => new URL(path, process.env.BASE).href;
  const { openDatabase } = await import(url('../postgres/database.ts'));
  const { createMailTransport, sendWaitingMails } = await import(url('./index.ts'));
  const { createLog } = await import(url('../log.ts'));
  const { systemClock } = await import(url('../clock.ts'));
  const { DATABASE, MAIL, HANG } = process.env;
  const db = openDatabase({ url: DATABASE, applicationName: 'sender', max: 4, role: 'steward_worker' });
  const real = createMailTransport(JSON.parse(MAIL));
  const deliver = async (message) => {
    const result = await real.deliver(message);
    if (HANG) {
      process.stdout.write('delivered\\n');
      await new Promise((resolve) => setTimeout(resolve, 600_000));
    }
    return result;
  };
  const result = await sendWaitingMails({
    db, clock: systemClock, limit: 100,
    transport: { ...real, deliver },
    log: createLog({ level: 'silent', part: 'sender' }),
    render: async () => ({ to: { email: 'ada@example.org' }, subject: 'Hello', text: 'Hello' }),
  });
  process.stdout.write(JSON.stringify(result));
  await db.destroy();
`;

interface SenderOptions {
  url: string;
  mail: Pick<Config['mail'], 'from' | 'transport'>;
  /** Ends the process with SIGKILL when so many mails were delivered and none written down. */
  killAfter?: number;
}

async function runSender(options: SenderOptions): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SENDER], {
    env: {
      BASE: import.meta.url,
      DATABASE: options.url,
      MAIL: JSON.stringify(options.mail),
      HANG: options.killAfter === undefined ? '' : '1',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    const delivered = output.split('delivered').length - 1;
    if (delivered === options.killAfter) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return output;
}

async function fill(db: Database<MailTables>): Promise<string[]> {
  const mails = Array.from({ length: MAILS }, () => buildMail());
  await db.transaction().execute((tx) => enqueueMails(tx, mails));
  return mails.map((mail) => mail.id);
}

const leaseRunsOut = (db: Database<MailTables>) =>
  db
    .updateTable('mail.messages')
    .set({ sending_since: sql<Date>`sending_since - interval '6 minutes'` })
    .where('status', '=', 'sending')
    .execute();

test('killed between delivery and record, mails into files are written again as the same', async () => {
  const { db, url } = await createTestDatabase<MailTables>();
  const folder = await mkdtemp(join(tmpdir(), 'mail-crash-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const mail: Pick<Config['mail'], 'from' | 'transport'> = {
    from: 'steward@example.org',
    transport: { kind: 'files', folder },
  };
  const files = (await fill(db)).map((id) => `${id}.eml`).toSorted();

  await runSender({ url, mail, killAfter: MAILS });
  expect(await readdir(folder)).toEqual(files);
  expect(await countMails(db)).toMatchObject({ sending: MAILS, sent: 0 });
  expect(JSON.parse(await runSender({ url, mail }))).toMatchObject({ sent: 0 });

  await leaseRunsOut(db);
  expect(JSON.parse(await runSender({ url, mail }))).toMatchObject({ sent: MAILS });
  expect(await readdir(folder)).toEqual(files);
  expect(await countMails(db)).toMatchObject({ sending: 0, sent: MAILS });
});

test('killed between delivery and record, mails through SendGrid are not sent again', async () => {
  const { db, url } = await createTestDatabase<MailTables>();
  const received: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push(JSON.parse(Buffer.concat(chunks).toString()).custom_args.mail_id);
    response.writeHead(202).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const mail: Pick<Config['mail'], 'from' | 'transport'> = {
    from: 'steward@example.org',
    transport: { kind: 'sendgrid', apiKey: 'key', apiBase: `http://127.0.0.1:${port}` },
  };
  const ids = (await fill(db)).toSorted();

  await runSender({ url, mail, killAfter: MAILS });
  expect(received.toSorted()).toEqual(ids);
  await leaseRunsOut(db);
  expect(JSON.parse(await runSender({ url, mail }))).toMatchObject({ sent: 0, unknown: MAILS });
  expect(received).toHaveLength(MAILS);
  expect(await countMails(db)).toMatchObject({ unknown: MAILS, sending: 0, sent: 0 });
});
