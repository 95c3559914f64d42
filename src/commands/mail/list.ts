import { Flags } from '@oclif/core';
import { StewardCommand } from '../../cli/steward-command.ts';
import type { MailRecord } from '../../platform/mail/index.ts';

const STATUSES = [
  'waiting',
  'sending',
  'sent',
  'failed',
  'unknown',
  'skipped',
] as const satisfies readonly MailRecord['status'][];

export default class MailList extends StewardCommand {
  static override summary = 'List mails about orders, newest first.';
  static override description =
    'Neither address nor text is kept with them: both are made when a mail is sent.';
  static override examples = ['<%= config.bin %> <%= command.id %> --status failed'];
  static override flags = {
    status: Flags.option({ summary: 'Only these.', options: STATUSES })(),
    limit: Flags.integer({ summary: 'How many to show.', default: 30, min: 1, max: 10_000 }),
  };

  async run() {
    const { flags } = await this.parse(MailList);
    return this.withApp(async (app) => {
      const [mails, counts] = await Promise.all([app.mails.list(flags), app.mails.counts()]);
      const time = this.time(app);
      const columns = [
        { header: 'mail', value: (mail: MailRecord) => mail.id },
        { header: 'status', value: (mail: MailRecord) => mail.status },
        { header: 'template', value: (mail: MailRecord) => mail.template },
        { header: 'to', value: (mail: MailRecord) => mail.recipientKind },
        { header: 'since', value: (mail: MailRecord) => time(mail.createdAt) },
        { header: 'error', value: (mail: MailRecord) => mail.error },
      ];
      if (mails.length > 0) this.table(columns, mails);
      const all = STATUSES.map((status) => `${counts[status]} ${status}`).join(', ');
      this.remark(`${mails.length} shown; there are ${all}.`);
      const broken = mails.find((mail) => mail.status === 'failed' || mail.status === 'unknown');
      if (broken) this.next(`mail resend ${broken.id}`);
      return { data: mails, counts };
    });
  }
}
