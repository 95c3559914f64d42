import { Flags } from '@oclif/core';
import { listFlags } from '../../../cli/flags.ts';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { customerFlag } from '../../../cli/payments-flags.ts';
import { REFUND_STATUSES, refundColumns } from '../../../cli/payments-refund-view.ts';

export default class PaymentsRefundsList extends PaymentsCommand {
  static override summary = 'List refunds, newest first, with what they come to.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --invoice 2026-W48-000123',
    '<%= config.bin %> <%= command.id %> --status failed --json',
  ];
  static override flags = {
    status: Flags.option({ summary: 'Only in this state.', options: REFUND_STATUSES })(),
    customer: customerFlag,
    invoice: Flags.string({ summary: 'Only of this invoice.', helpValue: '<number>' }),
    ...listFlags,
  };

  async run() {
    const { flags } = await this.parse(PaymentsRefundsList);
    return this.withMoney(async (app) => {
      const filter = { status: flags.status, customerId: flags.customer, invoice: flags.invoice };
      const shown = await this.listMoney(
        app,
        flags,
        (page) => app.payments.refunds.list(filter, page),
        {
          noun: 'refund',
          columns: (names) => refundColumns(app.config.currency, names, this.time(app)),
        },
      );
      const first = shown.data[0];
      if (first) this.next(`payments explain ${first.id}`);
      return shown;
    });
  }
}
