import { Flags } from '@oclif/core';
import { listFlags } from '../../../cli/flags.ts';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { monthFlag, workerFlag } from '../../../cli/payments-flags.ts';
import {
  nextForPayout,
  PAYOUT_STATUSES,
  payoutColumns,
} from '../../../cli/payments-payout-view.ts';

export default class PaymentsPayoutsList extends PaymentsCommand {
  static override summary = 'List payouts to workers, newest first, with what they come to.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --period 2026-11',
    '<%= config.bin %> <%= command.id %> --status failed',
    '<%= config.bin %> <%= command.id %> --worker 019ab0c2-0000-7000-8000-000000000001 --json',
  ];
  static override flags = {
    worker: workerFlag,
    period: monthFlag,
    status: Flags.option({ summary: 'Only in this state.', options: PAYOUT_STATUSES })(),
    ...listFlags,
  };

  async run() {
    const { flags } = await this.parse(PaymentsPayoutsList);
    return this.withMoney(async (app) => {
      const filter = { workerId: flags.worker, period: flags.period, status: flags.status };
      const shown = await this.listMoney(
        app,
        flags,
        (page) => app.payments.payouts.list(filter, page),
        {
          noun: 'payout',
          person: (payout) => payout.workerId,
          columns: (names) => payoutColumns(app.config.currency, names, this.time(app)),
        },
      );
      const urgent = shown.data.find((payout) => payout.status !== 'paid') ?? shown.data[0];
      this.next(...(urgent ? nextForPayout(urgent) : ['payments payouts plan']));
      return shown;
    });
  }
}
