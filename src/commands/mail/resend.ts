import { Args } from '@oclif/core';
import { partFlag, yesFlag } from '../../cli/flags.ts';
import type { AnyApp } from '../../cli/parts.ts';
import { StewardCommand } from '../../cli/steward-command.ts';
import { StewardError } from '../../platform/errors.ts';

export default class MailResend extends StewardCommand {
  static override summary = 'Send a mail again that failed, or of which nobody knows.';
  static override description =
    'A mail of status "unknown" may have arrived: the recipient may then get it twice. That is why this asks.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c',
  ];
  static override args = { mail: Args.string({ description: 'Id of the mail.', required: true }) };
  static override flags = { yes: yesFlag, part: partFlag };

  async run() {
    const { args, flags } = await this.parse(MailResend);
    return this.withParts(flags.part, async (apps) => {
      if (!(await this.confirmed('Send this mail again?', flags.yes))) return { resent: false };
      await retryWhereItIs(apps, args.mail);
      this.print('It waits in the outbox and goes out within seconds where a worker runs.');
      this.next('mail list');
      return { id: args.mail, resent: true };
    });
  }
}

/** Each part has an outbox of its own. */
async function retryWhereItIs([app, ...others]: readonly AnyApp[], id: string): Promise<void> {
  try {
    await app?.mails.retry(id);
  } catch (error) {
    const elsewhere = error instanceof StewardError && error.code === 'mail_not_found';
    if (!elsewhere || others.length === 0) throw error;
    await retryWhereItIs(others, id);
  }
}
