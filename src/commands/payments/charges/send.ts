import { Flags } from '@oclif/core';
import { EXIT } from '../../../cli/exit-codes.ts';
import { interruption } from '../../../cli/interruption.ts';
import { collectPages } from '../../../cli/pages.ts';
import { chargeColumns, chargeReportText, isDue } from '../../../cli/payments-charge-view.ts';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { carefulFlags } from '../../../cli/payments-flags.ts';
import { sumText } from '../../../cli/payments-payout-view.ts';
import type { PaymentsApp } from '../../../payments-app.ts';

/** Charges looked at for --dry-run. */
const LOOKED_AT = 10_000;

export default class PaymentsChargesSend extends PaymentsCommand {
  static override summary =
    'Send the charges and refunds that are due, and ask after those in doubt.';
  static override description =
    'The same as a job does every minute. Can be interrupted and repeated at any time: nothing is sent twice. Exit code 3: some failed or are in doubt.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --dry-run',
    '<%= config.bin %> <%= command.id %> --yes',
  ];
  static override flags = {
    limit: Flags.integer({ summary: 'No more charges than this.', min: 1, helpValue: '<n>' }),
    ...carefulFlags,
  };

  async run() {
    const { flags } = await this.parse(PaymentsChargesSend);
    const { signal } = interruption;
    interruption.handleYourself();
    return this.withMoney(async (app) => {
      if (flags['dry-run']) return { applied: false, due: await this.showDue(app) };
      if (!(await this.confirmed('Send what is due now?', flags.yes))) return { applied: false };
      const { limit } = flags;
      const charges = await this.progress('Charging', () =>
        app.payments.charges.chargeDue({ signal, limit }),
      );
      const refunds = await this.progress('Refunding', () =>
        app.payments.refunds.refundDue({ signal }),
      );
      this.print(chargeReportText(charges));
      const { sent, succeeded, failed, unknown } = refunds;
      this.print(
        `Refunds: ${sent} sent, ${succeeded} succeeded, ${failed} failed, ${unknown} in doubt`,
      );
      if (charges.failed + charges.unknown + failed + unknown > 0) this.end(EXIT.partly);
      if (signal.aborted) this.end(EXIT.interrupted);
      if (charges.unknown > 0) this.next('payments charges list --status unknown');
      else this.next('payments charges list');
      return { applied: true, charges, refunds };
    });
  }

  private async showDue(app: PaymentsApp) {
    const now = app.clock.now();
    const all = await Promise.all(
      (['planned', 'unknown', 'processing'] as const).map((status) =>
        collectPages((page) => app.payments.charges.list({ status }, page), LOOKED_AT),
      ),
    );
    const due = all.flatMap((page) => page.data).filter((charge) => isDue(charge, now));
    const names = await this.names(
      app,
      due.map((charge) => charge.customerId),
    );
    const { currency } = app.config;
    if (due.length > 0) this.table(chargeColumns(currency, names, this.time(app)), due);
    this.remark(`Due now: ${sumText(due, currency, 'charge')}. Nothing was sent.`);
    return due;
  }
}
