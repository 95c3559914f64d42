import { Flags } from '@oclif/core';
import { listFlags } from '../../../cli/flags.ts';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { customerFlag, weekFlag } from '../../../cli/payments-flags.ts';
import { INVOICE_STATUSES, invoiceColumns } from '../../../cli/payments-invoice-view.ts';

export default class PaymentsInvoicesList extends PaymentsCommand {
  static override summary = 'List invoices, newest first, with what they come to.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --status past_due',
    '<%= config.bin %> <%= command.id %> --period 2026-W48 --needs-method --json',
  ];
  static override flags = {
    customer: customerFlag,
    period: weekFlag,
    status: Flags.option({ summary: 'Only in this state.', options: INVOICE_STATUSES })(),
    'needs-method': Flags.boolean({
      summary: 'Only those that wait for a payment method; with --no-, only the others.',
      allowNo: true,
    }),
    ...listFlags,
  };

  async run() {
    const { flags } = await this.parse(PaymentsInvoicesList);
    return this.withMoney(async (app) => {
      const { customer: customerId, period, status, 'needs-method': needsMethod } = flags;
      const filter = { customerId, period, status, needsMethod };
      const fetch = (page: { limit: number; cursor?: string }) =>
        app.payments.invoices.list(filter, page);
      const shown = await this.listMoney(app, flags, fetch, {
        noun: 'invoice',
        person: (invoice) => invoice.customerId,
        columns: (names) => invoiceColumns(app.config.currency, names, this.time(app)),
      });
      const first = shown.data[0];
      this.next(first ? `payments invoices show ${first.number}` : 'payments invoices plan');
      return shown;
    });
  }
}
