import { Flags } from '@oclif/core';
import { partFlag } from '../../cli/flags.ts';
import { nameOf, type PartName } from '../../cli/parts.ts';
import { StewardCommand } from '../../cli/steward-command.ts';
import type { Column } from '../../cli/table.ts';
import { formatMoment } from '../../platform/business-time.ts';
import { loadConfig } from '../../platform/config.ts';
import type { MailRecord } from '../../platform/mail/index.ts';

const STATUSES = [
  'waiting',
  'sending',
  'sent',
  'failed',
  'unknown',
  'skipped',
] as const satisfies readonly MailRecord['status'][];

type ListedMail = MailRecord & { part: PartName };

export default class MailList extends StewardCommand {
  static override summary = 'List mails about orders and about money, newest first.';
  static override description =
    'Neither address nor text is kept with them: both are made when a mail is sent.';
  static override examples = ['<%= config.bin %> <%= command.id %> --status failed'];
  static override flags = {
    status: Flags.option({ summary: 'Only these.', options: STATUSES })(),
    limit: Flags.integer({ summary: 'How many to show.', default: 30, min: 1, max: 10_000 }),
    part: partFlag,
  };

  async run() {
    const { flags } = await this.parse(MailList);
    return this.withParts(flags.part, async (apps) => {
      const { status, limit } = flags;
      const counts = Object.fromEntries(STATUSES.map((one) => [one, 0]));
      const found: ListedMail[] = [];
      for (const app of apps) {
        const own = await app.mails.counts();
        for (const one of STATUSES) counts[one] = (counts[one] ?? 0) + own[one];
        const list = await app.mails.list({ status, limit });
        found.push(...list.map((mail) => ({ part: nameOf(app), ...mail })));
      }
      const mails = found
        .toSorted((one, other) => other.createdAt.getTime() - one.createdAt.getTime())
        .slice(0, limit);
      const { timeZone } = loadConfig();
      const columns: Column<ListedMail>[] = [
        { header: 'mail', value: (mail) => mail.id },
        { header: 'status', value: (mail) => mail.status },
        { header: 'template', value: (mail) => mail.template },
        { header: 'to', value: (mail) => mail.recipientKind },
        { header: 'since', value: (mail) => formatMoment(mail.createdAt, timeZone) },
        { header: 'error', value: (mail) => mail.error },
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
