import { Args, Flags } from '@oclif/core';
import { dryRunFlag, yesFlag } from '../../cli/flags.ts';
import { orderFields } from '../../cli/order-view.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class OrdersCancel extends StewardCommand {
  static override summary = 'Cancel an order that has not ended yet.';
  static override description =
    'Shows the order and asks before it cancels. Customer and worker get a mail.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c --reason "flooded street"',
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c --yes --json',
  ];
  static override args = {
    order: Args.string({ description: 'Id of the order.', required: true }),
  };
  static override flags = {
    reason: Flags.string({ summary: 'Why; the customer reads it.', helpValue: '<text>' }),
    yes: yesFlag,
    'dry-run': dryRunFlag,
  };

  async run() {
    const { args, flags } = await this.parse(OrdersCancel);
    return this.withApp(async (app) => {
      const manager = await app.manager();
      const before = await app.orders.orders.get(manager, args.order);
      this.fields(orderFields(before, this.time(app)));
      if (flags['dry-run']) {
        const possible = CANCELLABLE.has(before.order.status);
        this.remark(possible ? 'Would be cancelled.' : 'Has ended: would be refused.');
        return { wouldCancel: possible, view: before };
      }
      if (!(await this.confirmed('Cancel this order?', flags.yes))) return { cancelled: false };
      const { view } = await app.orders.orders.cancel(manager, args.order, flags.reason);
      this.remark('Cancelled.');
      this.next(`orders show ${args.order}`);
      return { cancelled: true, view };
    });
  }
}

const CANCELLABLE: ReadonlySet<string> = new Set(['assigned', 'supplied', 'started']);
