import { Args } from '@oclif/core';
import { ORDER_STATUSES } from '../../cli/order-view.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class CustomersShow extends StewardCommand {
  static override summary = 'Show one customer and the number of orders by state.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c',
    '<%= config.bin %> <%= command.id %> alice',
  ];
  static override args = {
    customer: Args.string({ description: 'Id, or the subject of the tokens.', required: true }),
  };

  async run() {
    const { args } = await this.parse(CustomersShow);
    return this.withApp(async (app) => {
      const customer = await app.orders.customers.get(args.customer);
      const counts = ORDER_STATUSES.map((status) => `${customer.orders[status]} ${status}`);
      this.fields([
        ['customer', customer.id],
        ['name', customer.name],
        ['mail', customer.email],
        ['subject', customer.subject],
        ['since', this.time(app)(customer.createdAt)],
        ['orders', counts.join(', ')],
      ]);
      this.next(`orders list --customer ${customer.id}`);
      return customer;
    });
  }
}
