import { Args } from '@oclif/core';
import { PaymentsCommand } from '../../cli/payments-command.ts';
import { creditFields } from '../../cli/payments-credit-view.ts';
import { reasonFlag } from '../../cli/payments-flags.ts';

export default class PaymentsReject extends PaymentsCommand {
  static override summary = 'Reject a credit that waits for approval; nothing is booked.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c --reason "no receipt"',
  ];
  static override args = {
    credit: Args.string({ description: 'Id of the credit.', required: true }),
  };
  static override flags = { reason: reasonFlag };

  async run() {
    const { args, flags } = await this.parse(PaymentsReject);
    return this.withMoney(async (app) => {
      const credit = await app.payments.credits.reject(args.credit, flags.reason);
      const names = await this.names(app, [credit.workerId]);
      this.fields(creditFields(credit, names, this.time(app)));
      this.remark('Rejected.');
      this.next('payments credits list --status requested');
      return credit;
    });
  }
}
