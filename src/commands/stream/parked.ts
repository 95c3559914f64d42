import { Flags } from '@oclif/core';
import { listFlags } from '../../cli/flags.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class StreamParked extends StewardCommand {
  static override summary = 'List orders that a consumer could not digest.';
  static override examples = ['<%= config.bin %> <%= command.id %> --consumer orders.mail'];
  static override flags = {
    consumer: Flags.string({ summary: 'Only of this consumer.', helpValue: '<name>' }),
    ...listFlags,
  };

  async run() {
    const { flags } = await this.parse(StreamParked);
    return this.withApp(async (app) => {
      const time = this.time(app);
      const shown = await this.list(
        flags,
        (page) => app.stream.parked({ ...page, consumer: flags.consumer }),
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
