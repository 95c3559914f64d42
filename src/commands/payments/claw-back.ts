import { Args, Flags } from '@oclif/core';
import { PaymentsCommand } from '../../cli/payments-command.ts';
import { carefulFlags } from '../../cli/payments-flags.ts';
import { disputeFields } from '../../cli/payments-refund-view.ts';
import { personText } from '../../cli/payments-view.ts';
import { formatMoney, parseAmount } from '../../platform/money.ts';

export default class PaymentsClawBack extends PaymentsCommand {
  static override summary = 'Take the amount of a lost dispute, or a part, back from a worker.';
  static override description =
    'It is kept from the next payout. For a refund, say so with "payments refund --claw-back-worker".';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c --worker 019ab0c2-0000-7000-8000-000000000001 --amount 24',
  ];
  static override args = {
    dispute: Args.string({ description: 'Id of the dispute.', required: true }),
  };
  static override flags = {
    worker: Flags.string({ summary: 'Who bears it.', helpValue: '<id>', required: true }),
    amount: Flags.string({
      summary: 'In major units, such as 24.00.',
      helpValue: '<amount>',
      required: true,
    }),
    ...carefulFlags,
  };

  async run() {
    const { args, flags } = await this.parse(PaymentsClawBack);
    return this.withMoney(async (app) => {
      const { currency } = app.config;
      const amountMinor = parseAmount(flags.amount, currency);
      const names = await this.names(app, [flags.worker]);
      const what = `${formatMoney({ amountMinor, currency })} from ${personText(names, flags.worker)}`;
      if (flags['dry-run']) {
        this.remark(`Would claw back ${what}; nothing was changed.`);
        return { applied: false, dispute: null };
      }
      if (!(await this.confirmed(`Claw back ${what}?`, flags.yes))) {
        return { applied: false, dispute: null };
      }
      const clawBack = { workerId: flags.worker, amountMinor };
      const dispute = await app.payments.refunds.clawBackDispute(args.dispute, clawBack);
      this.fields(disputeFields(dispute, names, this.time(app)));
      this.remark('Clawed back.');
      this.next(`payments statement --worker ${flags.worker}`);
      return { applied: true, dispute };
    });
  }
}
