import { Args } from '@oclif/core';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { reasonFlag } from '../../../cli/payments-flags.ts';
import { personText } from '../../../cli/payments-view.ts';

export default class PaymentsPayoutsHold extends PaymentsCommand {
  static override summary = 'Hold a worker: nothing is paid out until the hold is released.';
  static override description =
    'What is payable stays payable and is paid with the first run after the release.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-0000-7000-8000-000000000001 --reason "account under review"',
  ];
  static override args = {
    worker: Args.string({ description: 'Id of the worker.', required: true }),
  };
  static override flags = { reason: reasonFlag };

  async run() {
    const { args, flags } = await this.parse(PaymentsPayoutsHold);
    return this.withMoney(async (app) => {
      await app.payments.payouts.hold(args.worker, flags.reason);
      const names = await this.names(app, [args.worker]);
      this.remark(`${personText(names, args.worker)} is held.`);
      this.next('payments payouts holds', `payments payouts release ${args.worker}`);
      return { workerId: args.worker, held: true, reason: flags.reason };
    });
  }
}
