import { Flags } from '@oclif/core';
import { listFlags } from '../../../cli/flags.ts';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { DISPUTE_STATUSES, disputeColumns } from '../../../cli/payments-refund-view.ts';

export default class PaymentsDisputesList extends PaymentsCommand {
  static override summary = "List payments that customers' banks took back, newest first.";
  static override description =
    "Evidence is given in the provider's own pages; the outcome is booked here by itself.";
  static override examples = [
    '<%= config.bin %> <%= command.id %> --status open',
    '<%= config.bin %> <%= command.id %> --json',
  ];
  static override flags = {
    status: Flags.option({ summary: 'Only in this state.', options: DISPUTE_STATUSES })(),
    ...listFlags,
  };

  async run() {
    const { flags } = await this.parse(PaymentsDisputesList);
    return this.withMoney(async (app) => {
      const { status } = flags;
      const shown = await this.listMoney(
        app,
        flags,
        (page) => app.payments.refunds.disputes({ status }, page),
        {
          noun: 'dispute',
          columns: (names) => disputeColumns(app.config.currency, names, this.time(app)),
        },
      );
      const lost = shown.data.find((one) => one.status === 'lost' && one.clawBack === null);
      const first = lost ?? shown.data[0];
      if (lost) this.next(`payments claw-back ${lost.id} --worker <id> --amount <amount>`);
      else if (first) this.next(`payments explain ${first.id}`);
      return shown;
    });
  }
}
