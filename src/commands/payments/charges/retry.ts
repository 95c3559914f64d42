import { Args } from '@oclif/core';
import { canRetry, chargeFields } from '../../../cli/payments-charge-view.ts';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { carefulFlags } from '../../../cli/payments-flags.ts';
import { invoiceFields } from '../../../cli/payments-invoice-view.ts';
import { formatMoney } from '../../../platform/money.ts';

export default class PaymentsChargesRetry extends PaymentsCommand {
  static override summary = 'Make a new attempt at an unpaid invoice due now, before its turn.';
  static override description =
    'The attempt is sent by a job within a minute, or by "payments charges send". While a charge is under way, or its outcome is unknown, there is no other.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 2026-W48-000123',
    '<%= config.bin %> <%= command.id %> 2026-W48-000123 --yes --json',
  ];
  static override args = {
    invoice: Args.string({ description: 'Number or id of the invoice.', required: true }),
  };
  static override flags = carefulFlags;

  async run() {
    const { args, flags } = await this.parse(PaymentsChargesRetry);
    return this.withMoney(async (app) => {
      const invoice = await app.payments.invoices.get(args.invoice);
      const { number, currency, totalMinor: amountMinor } = invoice;
      const names = await this.names(app, [invoice.customerId]);
      const time = this.time(app);
      if (flags['dry-run']) {
        this.fields(invoiceFields(invoice, names, time));
        const possible = canRetry(invoice);
        this.remark(possible ? 'Would be due now; nothing was changed.' : 'Would be refused.');
        return { applied: false, possible, invoice };
      }
      const question = `Charge ${formatMoney({ amountMinor, currency })} for ${number} again?`;
      if (!(await this.confirmed(question, flags.yes))) return { applied: false, invoice };
      const charge = await app.payments.charges.retry(number);
      this.fields(chargeFields(charge, names, time));
      this.remark('Due now.');
      this.next('payments charges send', `payments charges show ${charge.id}`);
      return { applied: true, charge };
    });
  }
}
