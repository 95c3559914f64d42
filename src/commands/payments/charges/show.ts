import { Args } from '@oclif/core';
import { chargeFields, nextForCharge, stepColumns } from '../../../cli/payments-charge-view.ts';
import { PaymentsCommand } from '../../../cli/payments-command.ts';

export default class PaymentsChargesShow extends PaymentsCommand {
  static override summary = 'Show a charge and every step it took.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c',
  ];
  static override args = {
    charge: Args.string({ description: 'Id of the charge.', required: true }),
  };

  async run() {
    const { args } = await this.parse(PaymentsChargesShow);
    return this.withMoney(async (app) => {
      const charge = await app.payments.charges.get(args.charge);
      const names = await this.names(app, [charge.customerId]);
      const time = this.time(app);
      this.fields(chargeFields(charge, names, time));
      this.print('', this.styled('bold', 'Steps'));
      this.table(stepColumns(time), charge.steps);
      this.next(nextForCharge(charge));
      return charge;
    });
  }
}
