import { Args } from '@oclif/core';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { nextForPayout, payoutFields } from '../../../cli/payments-payout-view.ts';

export default class PaymentsPayoutsShow extends PaymentsCommand {
  static override summary = 'Show one payout.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c',
  ];
  static override args = {
    payout: Args.string({ description: 'Id of the payout.', required: true }),
  };

  async run() {
    const { args } = await this.parse(PaymentsPayoutsShow);
    return this.withMoney(async (app) => {
      const payout = await app.payments.payouts.get(args.payout);
      const names = await this.names(app, [payout.workerId]);
      this.fields(payoutFields(payout, names, this.time(app)));
      this.next(...nextForPayout(payout));
      return payout;
    });
  }
}
