import type { Config } from '../config.ts';
import type { MailTransport } from './transport.ts';

/** The transport that the configuration names. Nothing is opened or loaded before the first mail. */
export function createMailTransport(
  config: Pick<Config['mail'], 'from' | 'transport'>,
): MailTransport {
  const { transport, from } = config;
  let opening: Promise<MailTransport> | undefined;
  const open = async () => {
    // Loaded here: commands that send no mail start without Node's HTTP client and file promises.
    if (transport.kind === 'files') {
      const { createFileTransport } = await import('./file-transport.ts');
      return createFileTransport({ folder: transport.folder, from });
    }
    const { createSendGridTransport } = await import('./sendgrid-transport.ts');
    return createSendGridTransport({ apiKey: transport.apiKey, apiBase: transport.apiBase, from });
  };
  return {
    kind: transport.kind,
    // A file has the mail's id for its name; SendGrid has no such key.
    idempotent: transport.kind === 'files',
    deliver: async (message) => {
      opening ??= open();
      return (await opening).deliver(message);
    },
    close: async () => {
      await (await opening)?.close();
    },
  };
}
