import { Args } from '@oclif/core';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class SuppliesIssue extends StewardCommand {
  static override summary = 'Say that the supplies of an order were handed out.';
  static override description =
    'Once per order. A cookie that is late does not matter. The worker may check in from now on.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c',
  ];
  static override args = {
    order: Args.string({ description: 'Id of the order.', required: true }),
  };

  async run() {
    const { args } = await this.parse(SuppliesIssue);
    return this.withApp(async (app) => {
      const { id } = await app.manager();
      const { view } = await app.orders.supplies.issue({ kind: 'supplies', id }, args.order);
      this.print(`Issued for ${view.worker.name}, ${view.order.service.name}.`);
      this.next('supplies list');
      return view;
    });
  }
}
