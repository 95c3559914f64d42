import type { Config } from '../config.ts';
import { createFileTransport } from './file-transport.ts';
import { createSendGridTransport } from './sendgrid-transport.ts';
import type { MailTransport } from './transport.ts';

/** The transport that the configuration names. Nothing is opened or loaded before the first mail. */
export function createMailTransport(config: Config['mail']): MailTransport {
  return config.transport.kind === 'files'
    ? createFileTransport({ folder: config.transport.folder, from: config.from })
    : createSendGridTransport({
        apiKey: config.transport.apiKey,
        apiBase: config.transport.apiBase,
        from: config.from,
      });
}
