import { Flags } from '@oclif/core';
import { listFlags } from '../../cli/flags.ts';
import { parseMoment } from '../../cli/moment.ts';
import { ORDER_STATUSES, orderColumns } from '../../cli/order-view.ts';
import { StewardCommand } from '../../cli/steward-command.ts';

export default class OrdersList extends StewardCommand {
  static override summary = 'List orders, newest first.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --status assigned,supplied',
    '<%= config.bin %> <%= command.id %> --from 2026-11-24 --to 2026-11-25 --service deep-clean',
    '<%= config.bin %> <%= command.id %> --limit 200 --json',
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
    from: Flags.string({ summary: 'Scheduled at this time or later.', helpValue: '<time>' }),
    to: Flags.string({ summary: 'Scheduled before this time.', helpValue: '<time>' }),
    ...listFlags,
  };

  async run() {
    const { flags } = await this.parse(OrdersList);
    return this.withApp(async (app) => {
      const moment = (text?: string) =>
        text === undefined ? undefined : parseMoment(text, app.config.timeZone);
      const filter = {
        status: flags.status,
        customerId: flags.customer,
        workerId: flags.worker,
        service: flags.service,
        from: await moment(flags.from),
        to: await moment(flags.to),
      };
      const viewer = await app.manager();
      return this.list(flags, (page) => app.orders.orders.list(viewer, filter, page), {
        noun: 'order',
        columns: orderColumns(this.time(app)),
      });
    });
  }
}
