import { Args } from '@oclif/core';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { carefulFlags, reasonFlag } from '../../../cli/payments-flags.ts';
import { invoiceFields } from '../../../cli/payments-invoice-view.ts';
import { formatMoney } from '../../../platform/money.ts';

export default class PaymentsInvoicesVoid extends PaymentsCommand {
  static override summary = 'Take an unpaid invoice back; its orders go onto the next one.';
  static override description =
    'A paid invoice is refunded instead, and one whose charge is under way is not taken back before the outcome is known.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 2026-W48-000123 --reason "wrong customer"',
    '<%= config.bin %> <%= command.id %> 2026-W48-000123 --reason "wrong customer" --dry-run',
  ];
  static override args = {
    invoice: Args.string({ description: 'Number or id of the invoice.', required: true }),
  };
  static override flags = { reason: reasonFlag, ...carefulFlags };

  async run() {
    const { args, flags } = await this.parse(PaymentsInvoicesVoid);
    const { reason } = flags;
    return this.withMoney(async (app) => {
      const {
        applied,
        declined,
        result: invoice,
      } = await this.careful(
        flags,
        (dryRun) => app.payments.invoices.void(args.invoice, { reason, dryRun }),
        ({ number, totalMinor: amountMinor, currency }) =>
          `Take invoice ${number} of ${formatMoney({ amountMinor, currency })} back?`,
      );
      if (declined) return { applied, invoice };
      const names = await this.names(app, [invoice.customerId]);
      this.fields(invoiceFields(invoice, names, this.time(app)));
      this.outcome(applied, 'Taken back.');
      this.next(`payments invoices show ${invoice.number}`);
      return { applied, invoice };
    });
  }
}
