import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createMailTransport } from './create-transport.ts';
import type { MailMessage } from './message.ts';

const ID = '0197a000-0000-7000-8000-000000000001';
const message: MailMessage = {
  id: ID,
  to: { email: 'ada@example.org', name: 'Ada Lovelace' },
  subject: 'Your order is placed',
  text: 'Hello Ada,\n\nall is well.\n',
  writtenAt: new Date('2026-11-23T18:00:00Z'),
};

async function fileTransport() {
  const home = await mkdtemp(join(tmpdir(), 'mail-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const folder = join(home, 'mail');
  const transport = createMailTransport({
    from: 'steward@example.org',
    transport: { kind: 'files', folder },
  });
  return { transport, folder, home };
}

/** Header lines unfolded, and the body. */
function parse(eml: string): { headers: string[]; body: string } {
  const [head = '', ...rest] = eml.split('\r\n\r\n');
  return { headers: head.replace(/\r\n[ \t]+/g, ' ').split('\r\n'), body: rest.join('\r\n\r\n') };
}

describe('mail into files', () => {
  test('a mail becomes one file that a mail program opens, for nobody else to read', async () => {
    const { transport, folder } = await fileTransport();
    await transport.deliver(message);
    expect(await readdir(folder)).toEqual([`${ID}.eml`]);
    const path = join(folder, `${ID}.eml`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const { headers, body } = parse(await readFile(path, 'utf8'));
    expect(headers).toContain('From: steward <steward@example.org>');
    expect(headers).toContain('To: Ada Lovelace <ada@example.org>');
    expect(headers).toContain('Subject: Your order is placed');
    expect(headers).toContain(`Message-ID: <${ID}@example.org>`);
    expect(headers).toContain('Date: Mon, 23 Nov 2026 18:00:00 +0000');
    expect(body).toContain('all is well.');
  });

  test('a mail delivered twice, even at once, is one file', async () => {
    const { transport, folder } = await fileTransport();
    await Promise.all([transport.deliver(message), transport.deliver(message)]);
    await transport.deliver(message);
    expect(await readdir(folder)).toEqual([`${ID}.eml`]);
  });

  test('a mail with HTML has both parts', async () => {
    const { transport, folder } = await fileTransport();
    await transport.deliver({ ...message, html: '<p>all is <b>well</b></p>' });
    const eml = await readFile(join(folder, `${ID}.eml`), 'utf8');
    expect(eml).toContain('multipart/alternative');
    expect(eml).toContain('<p>all is <b>well</b></p>');
  });

  test('line ends in names and subjects add no header', async () => {
    const { transport, folder } = await fileTransport();
    await transport.deliver({
      ...message,
      to: { email: 'ada@example.org', name: 'Ada\r\nBcc: eve@example.net\r\n' },
      subject: 'Hello\nBcc: eve@example.net\u2028X: y',
    });
    const { headers } = parse(await readFile(join(folder, `${ID}.eml`), 'utf8'));
    expect(headers.filter((line) => /^(bcc|x):/i.test(line))).toEqual([]);
    expect(headers).toContain('Subject: Hello Bcc: eve@example.net X: y');
  });

  test('whatever a name is, the mail goes to one address only', async () => {
    const { transport, folder } = await fileTransport();
    const awkward = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.constantFrom('"Eve" <eve@example.net>,', 'a, eve@example.net', '<eve@example.net>', '=?'),
    );
    await fc.assert(
      fc.asyncProperty(awkward, awkward, async (name, subject) => {
        await transport.deliver({ ...message, to: { email: 'ada@example.org', name }, subject });
        const { headers } = parse(await readFile(join(folder, `${ID}.eml`), 'utf8'));
        expect(headers.every((line) => /^[A-Za-z-]+: /.test(line))).toBe(true);
        const to = headers.filter((line) => line.startsWith('To: '));
        expect(to).toHaveLength(1);
        // What stands in quotes or is encoded is a name; outside of it there is one address.
        const outside = (to[0] ?? '').replace(/"(?:\\.|[^"\\])*"/g, '').match(/\S+@\S+/g);
        expect(outside).toEqual([expect.stringMatching(/^<?ada@example\.org>?$/)]);
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    'not an address',
    'ada@example.org, eve@example.net',
    'ada@example.org\r\nBcc: eve@example.net',
    'Ada <ada@example.org>',
    'ada@@example.org',
    '',
  ])('"%s" is no address: the mail will never be sent', async (email) => {
    const { transport, folder } = await fileTransport();
    await expect(transport.deliver({ ...message, to: { email } })).rejects.toMatchObject({
      name: 'MailDeliveryError',
      failure: 'permanent',
    });
    await expect(readdir(folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('an id that would leave the folder is refused', async () => {
    const { transport } = await fileTransport();
    await expect(transport.deliver({ ...message, id: '../outside' })).rejects.toMatchObject({
      failure: 'permanent',
    });
  });

  test('a folder that cannot be written to is a reason to try again', async () => {
    const { transport, folder } = await fileTransport();
    await writeFile(folder, 'in the way');
    await expect(transport.deliver(message)).rejects.toMatchObject({ failure: 'retryable' });
  });
});
