import { Args } from '@oclif/core';
import { chargeFields, nextForCharge } from '../../../cli/payments-charge-view.ts';
import { PaymentsCommand } from '../../../cli/payments-command.ts';

export default class PaymentsChargesAsk extends PaymentsCommand {
  static override summary = 'Ask the provider how a charge stands, and book what it says.';
  static override description =
    'For a charge that is unknown or takes long. Sends nothing: a customer is never charged by asking.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c',
  ];
  static override args = {
    charge: Args.string({ description: 'Id of the charge.', required: true }),
  };

  async run() {
    const { args } = await this.parse(PaymentsChargesAsk);
    return this.withMoney(async (app) => {
      const charge = await this.progress('Asking the provider', () =>
        app.payments.charges.ask(args.charge),
      );
      const names = await this.names(app, [charge.customerId]);
      this.fields(chargeFields(charge, names, this.time(app)));
      this.next(nextForCharge(charge));
      return charge;
    });
  }
}
