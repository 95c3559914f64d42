import { Args } from '@oclif/core';
import { PaymentsCommand } from '../../cli/payments-command.ts';
import { creditFields } from '../../cli/payments-credit-view.ts';

export default class PaymentsApprove extends PaymentsCommand {
  static override summary = 'Approve a credit that another finance manager has asked for.';
  static override description =
    'Books it at once. Whoever asked cannot approve: that ends with exit code 4.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c',
  ];
  static override args = {
    credit: Args.string({ description: 'Id of the credit.', required: true }),
  };

  async run() {
    const { args } = await this.parse(PaymentsApprove);
    return this.withMoney(async (app) => {
      const credit = await app.payments.credits.approve(args.credit);
      const names = await this.names(app, [credit.workerId]);
      this.fields(creditFields(credit, names, this.time(app)));
      this.remark('Approved and booked.');
      this.next('payments credits list --status requested');
      return credit;
    });
  }
}
