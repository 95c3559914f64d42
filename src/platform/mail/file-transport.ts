import { join } from 'node:path';
import { writeFileAtomically } from '../atomic-file.ts';
import { isUuid } from '../ids.ts';
import { MailDeliveryError, type MailMessage, safeMessage } from './message.ts';
import type { MailTransport } from './transport.ts';

/**
 * Mail as `.eml` files that any mail program opens: `<id>.eml`, so that a mail delivered twice is
 * one file, and files sort by time because ids do.
 */
export function createFileTransport(options: { folder: string; from: string }): MailTransport {
  return {
    kind: 'files',
    idempotent: true,
    deliver: async (message) => {
      if (!isUuid(message.id)) {
        throw new MailDeliveryError('permanent', 'The id of a mail is not a UUID.');
      }
      const eml = await compose(safeMessage(message), options.from);
      try {
        const path = join(options.folder, `${message.id}.eml`);
        await writeFileAtomically(path, eml, { durable: false });
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
        throw new MailDeliveryError(
          'retryable',
          `The mail folder cannot be written to (${code}): expected a folder that steward owns.`,
        );
      }
      return {};
    },
    close: async () => undefined,
  };
}

async function compose(message: MailMessage, from: string): Promise<Buffer> {
  // Loaded late: a command that sends no mail does not pay for it.
  const { default: MailComposer } = await import('nodemailer/lib/mail-composer');
  const composer = new MailComposer({
    from: { name: 'steward', address: from },
    to: { name: message.to.name ?? '', address: message.to.email },
    subject: message.subject,
    text: message.text,
    html: message.html,
    date: message.writtenAt,
    messageId: `<${message.id}@${from.split('@')[1] ?? 'localhost'}>`,
    // The content is text and nothing else: never a path or an address to fetch from.
    disableFileAccess: true,
    disableUrlAccess: true,
    newline: 'windows',
  });
  return composer.compile().build();
}
