import type { Config } from '../config.ts';
import { createFileTransport } from './file-transport.ts';
import type { MailTransport } from './transport.ts';

/** The transport that the configuration names. Nothing is opened or loaded before the first mail. */
export function createMailTransport(config: Config['mail']): MailTransport {
  const { transport, from } = config;
  if (transport.kind === 'files') return createFileTransport({ folder: transport.folder, from });
  let opening: Promise<MailTransport> | undefined;
  const open = async () => {
    // Loaded here: commands that send no mail start without Node's HTTP client.
    const { createSendGridTransport } = await import('./sendgrid-transport.ts');
    return createSendGridTransport({ apiKey: transport.apiKey, apiBase: transport.apiBase, from });
  };
  return {
    kind: 'sendgrid',
    idempotent: false,
    deliver: async (message) => {
      opening ??= open();
      return (await opening).deliver(message);
    },
    close: async () => {
      await (await opening)?.close();
    },
  };
}
