import { Flags } from '@oclif/core';
import { listFlags } from '../../cli/flags.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class SuppliesList extends StewardCommand {
  static override summary = 'List what is to be put together, most urgent first.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --status issued --limit 100',
  ];
  static override flags = {
    status: Flags.option({
      summary: 'Which pick lists.',
      options: ['requested', 'issued', 'withdrawn'] as const,
      default: 'requested' as const,
    })(),
    ...listFlags,
  };

  async run() {
    const { flags } = await this.parse(SuppliesList);
    return this.withApp(async (app) => {
      const time = this.time(app);
      const shown = await this.list(flags, (page) => app.orders.supplies.list(flags.status, page), {
        noun: 'pick list',
        columns: [
          { header: 'order', value: (list) => list.orderId },
          { header: 'needed', value: (list) => time(list.neededAt) },
          { header: 'cookie', value: (list) => list.cookie },
          { header: 'service', value: (list) => list.service.code },
          { header: 'worker', value: (list) => list.worker.name },
          {
            header: 'items',
            value: (list) => list.items.map((one) => `${one.quantity} × ${one.item}`).join(', '),
          },
        ],
      });
      const first = shown.data[0];
      if (first && flags.status === 'requested') this.next(`supplies issue ${first.orderId}`);
      return shown;
    });
  }
}
