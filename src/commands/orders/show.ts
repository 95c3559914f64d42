import { Args } from '@oclif/core';
import { orderFields } from '../../cli/order-view.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class OrdersShow extends StewardCommand {
  static override summary = 'Show one order and what happened to it.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c',
  ];
  static override args = {
    order: Args.string({ description: 'Id of the order.', required: true }),
  };

  async run() {
    const { args } = await this.parse(OrdersShow);
    return this.withApp(async (app) => {
      const viewer = await app.manager();
      const view = await app.orders.orders.get(viewer, args.order);
      const timeline = await app.orders.orders.timeline(viewer, args.order);
      const time = this.time(app);
      this.fields(orderFields(view, time));
      this.print('', this.styled('bold', 'Timeline'));
      this.table(
        [
          { header: 'at', value: (entry) => time(entry.at) },
          { header: 'what', value: (entry) => entry.type },
          { header: 'by', value: (entry) => `${entry.actor.kind} ${entry.actor.id}` },
        ],
        timeline,
      );
      this.next(`orders why ${view.order.id}`);
      return { ...view, timeline };
    });
  }
}
