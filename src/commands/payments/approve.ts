import { Args } from '@oclif/core';
import { dryRunFlag } from '../../cli/flags.ts';
import { PaymentsCommand } from '../../cli/payments-command.ts';
import { creditFields } from '../../cli/payments-credit-view.ts';

export default class PaymentsApprove extends PaymentsCommand {
  static override summary = 'Approve a credit that another finance manager has asked for.';
  static override description =
    'Books it at once. Whoever asked cannot approve: that ends with exit code 4.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c',
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c --dry-run',
  ];
  static override args = {
    credit: Args.string({ description: 'Id of the credit.', required: true }),
  };

  static override flags = { 'dry-run': dryRunFlag };

  async run() {
    const { args, flags } = await this.parse(PaymentsApprove);
    const { 'dry-run': dryRun } = flags;
    return this.withMoney(async (app) => {
      const credit = await app.payments.credits.approve(args.credit, { dryRun });
      const names = await this.names(app, [credit.workerId]);
      this.fields(creditFields(credit, names, this.time(app)));
      this.remark(dryRun ? 'Only tried: nothing was changed.' : 'Approved and booked.');
      this.next(
        dryRun ? `payments approve ${credit.id}` : 'payments credits list --status requested',
      );
      return { applied: !dryRun, ...credit };
    });
  }
}
