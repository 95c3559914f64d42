import { Args } from '@oclif/core';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { personText } from '../../../cli/payments-view.ts';

export default class PaymentsPayoutsRelease extends PaymentsCommand {
  static override summary = 'Release a hold: the worker is paid again.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-0000-7000-8000-000000000001',
  ];
  static override args = {
    worker: Args.string({ description: 'Id of the worker.', required: true }),
  };

  async run() {
    const { args } = await this.parse(PaymentsPayoutsRelease);
    return this.withMoney(async (app) => {
      await app.payments.payouts.release(args.worker);
      const names = await this.names(app, [args.worker]);
      this.remark(`${personText(names, args.worker)} is released.`);
      this.next('payments payouts holds', 'payments payouts plan');
      return { workerId: args.worker, held: false };
    });
  }
}
