import { Args } from '@oclif/core';
import { chargeColumns } from '../../../cli/payments-charge-view.ts';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import {
  invoiceFields,
  invoiceLineColumns,
  nextForInvoice,
} from '../../../cli/payments-invoice-view.ts';
import { disputeColumns, refundColumns } from '../../../cli/payments-refund-view.ts';
import type { Column } from '../../../cli/table.ts';

/** The same for all rows. */
const STANDS_ABOVE: ReadonlySet<string> = new Set(['invoice', 'customer']);

export default class PaymentsInvoicesShow extends PaymentsCommand {
  static override summary = 'Show an invoice: its orders, charges, refunds and disputes.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 2026-W48-000123',
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c --json',
  ];
  static override args = {
    invoice: Args.string({ description: 'Number or id of the invoice.', required: true }),
  };

  async run() {
    const { args } = await this.parse(PaymentsInvoicesShow);
    return this.withMoney(async (app) => {
      const invoice = await app.payments.invoices.get(args.invoice);
      const { currency, customerId, refunds } = invoice;
      const time = this.time(app);
      const clawedBack = refunds.flatMap(({ clawBack }) => clawBack?.workerId ?? []);
      const names = await this.names(app, [customerId, ...clawedBack]);
      this.fields(invoiceFields(invoice, names, time));
      this.part('Orders', invoiceLineColumns(currency, time), invoice.lines);
      this.part('Charges', chargeColumns(currency, names, time), invoice.charges);
      this.part('Refunds', refundColumns(currency, names, time), refunds);
      this.part('Disputes', disputeColumns(currency, names, time), invoice.disputes);
      this.next(...nextForInvoice(invoice));
      return invoice;
    });
  }

  private part<Row>(title: string, columns: readonly Column<Row>[], rows: readonly Row[]): void {
    if (rows.length === 0) return;
    this.print('', this.styled('bold', title));
    this.table(
      columns.filter(({ header }) => !STANDS_ABOVE.has(header)),
      rows,
    );
  }
}
