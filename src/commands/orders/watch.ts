import { Flags } from '@oclif/core';
import { EXIT } from '../../cli/exit-codes.ts';
import { interruption } from '../../cli/interruption.ts';
import { ORDER_STATUSES } from '../../cli/order-view.ts';
import { StewardCommand } from '../../cli/steward-command.ts';
import { watchOrders } from '../../cli/watch-orders.ts';

export default class OrdersWatch extends StewardCommand {
  static override summary = 'Follow orders as they change.';
  static override description =
    'On a terminal a live view, the last changed orders first; in a pipe a line per event; with --json a JSON object per line. Ctrl-C ends it.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --city Berlin --status assigned,supplied',
    '<%= config.bin %> <%= command.id %> --json | jq .type',
    '<%= config.bin %> <%= command.id %> --once',
  ];
  static override flags = {
    status: Flags.option({
      summary: 'Only these states; repeat the flag or use commas.',
      options: ORDER_STATUSES,
      multiple: true,
      delimiter: ',',
    })(),
    customer: Flags.string({ summary: "Only this customer's.", helpValue: '<id>' }),
    worker: Flags.string({ summary: "Only this worker's.", helpValue: '<id>' }),
    service: Flags.string({ summary: 'Only of this service.', helpValue: '<code>' }),
    city: Flags.string({ summary: 'Only in this city.' }),
    once: Flags.boolean({ summary: 'Show what there is now, and end.', default: false }),
  };

  async run() {
    const { flags } = await this.parse(OrdersWatch);
    const { status, service, city, once } = flags;
    const filter = { status, customerId: flags.customer, workerId: flags.worker, service, city };
    const { signal } = interruption;
    interruption.handleYourself();
    const json = this.jsonEnabled();
    await this.withApp((app) =>
      watchOrders(app, { filter, once, json, output: process.stdout, signal }),
    );
    if (signal.aborted) this.end(EXIT.interrupted);
  }
}
