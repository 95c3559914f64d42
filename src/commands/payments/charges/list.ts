import { Flags } from '@oclif/core';
import { listFlags } from '../../../cli/flags.ts';
import {
  CHARGE_STATUSES,
  chargeColumns,
  nextForCharge,
} from '../../../cli/payments-charge-view.ts';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { customerFlag } from '../../../cli/payments-flags.ts';

export default class PaymentsChargesList extends PaymentsCommand {
  static override summary = 'List attempts to charge invoices, newest first.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --status unknown',
    '<%= config.bin %> <%= command.id %> --invoice 2026-W48-000123',
    '<%= config.bin %> <%= command.id %> --limit 200 --json',
  ];
  static override flags = {
    status: Flags.option({ summary: 'Only in this state.', options: CHARGE_STATUSES })(),
    invoice: Flags.string({ summary: 'Only of this invoice.', helpValue: '<number>' }),
    customer: customerFlag,
    ...listFlags,
  };

  async run() {
    const { flags } = await this.parse(PaymentsChargesList);
    return this.withMoney(async (app) => {
      const filter = { status: flags.status, invoice: flags.invoice, customerId: flags.customer };
      const shown = await this.listMoney(
        app,
        flags,
        (page) => app.payments.charges.list(filter, page),
        {
          noun: 'charge',
          person: (charge) => charge.customerId,
          columns: (names) => chargeColumns(app.config.currency, names, this.time(app)),
        },
      );
      const doubtful = shown.data.find((charge) => charge.status === 'unknown');
      const first = doubtful ?? shown.data[0];
      if (first) this.next(doubtful ? nextForCharge(first) : `payments charges show ${first.id}`);
      return shown;
    });
  }
}
