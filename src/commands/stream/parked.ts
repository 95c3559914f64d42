import { Flags } from '@oclif/core';
import { listFlags, partFlag } from '../../cli/flags.ts';
import { chainPages } from '../../cli/pages.ts';
import { partOf } from '../../cli/parts.ts';
import { StewardCommand } from '../../cli/steward-command.ts';
import { formatMoment } from '../../platform/business-time.ts';
import { loadConfig } from '../../platform/config.ts';

export default class StreamParked extends StewardCommand {
  static override summary = 'List orders that a consumer could not digest.';
  static override examples = ['<%= config.bin %> <%= command.id %> --consumer orders.mail'];
  static override flags = {
    consumer: Flags.string({ summary: 'Only of this consumer.', helpValue: '<name>' }),
    part: partFlag,
    ...listFlags,
  };

  async run() {
    const { flags } = await this.parse(StreamParked);
    const part = flags.consumer === undefined ? flags.part : partOf(flags.consumer);
    return this.withParts(part, async (apps) => {
      const { timeZone } = loadConfig();
      const time = (moment: Date) => formatMoment(moment, timeZone);
      const shown = await this.list(
        flags,
        chainPages(
          apps.map((app) => (page) => app.stream.parked({ ...page, consumer: flags.consumer })),
        ),
        {
          noun: 'parked order',
          columns: [
            { header: 'order', value: (one) => one.orderId },
            { header: 'consumer', value: (one) => one.consumer },
            { header: 'attempts', value: (one) => one.attempts, align: 'right' },
            { header: 'waiting', value: (one) => one.waitingEvents, align: 'right' },
            { header: 'since', value: (one) => time(one.parkedAt) },
            { header: 'error', value: (one) => one.error },
          ],
        },
      );
      const [first] = shown.data;
      if (first) this.next(`stream retry ${first.consumer} ${first.orderId}`);
      return shown;
    });
  }
}
