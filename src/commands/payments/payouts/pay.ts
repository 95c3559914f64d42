import { Flags } from '@oclif/core';
import { EXIT } from '../../../cli/exit-codes.ts';
import { listFlag } from '../../../cli/flags.ts';
import { interruption } from '../../../cli/interruption.ts';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { carefulFlags, monthFlag } from '../../../cli/payments-flags.ts';
import {
  payExitCode,
  payReportText,
  payResultColumns,
  sumText,
} from '../../../cli/payments-payout-view.ts';
import type { PayReport } from '../../../contexts/payments/index.ts';
import type { PaymentsApp } from '../../../payments-app.ts';

export default class PaymentsPayoutsPay extends PaymentsCommand {
  static override summary = 'Send committed payouts through the provider, each by itself.';
  static override description =
    'One failure keeps nobody else from being paid; nobody is paid twice, however often this runs. Exit codes: 0 all were paid or wait; 3 some failed or are in doubt; 1 all did. Bank payouts go by "payments payouts export".';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --period 2026-11 --dry-run',
    '<%= config.bin %> <%= command.id %> --period 2026-11',
    '<%= config.bin %> <%= command.id %> --only-failed --yes',
  ];
  static override flags = {
    period: monthFlag,
    'only-failed': Flags.boolean({
      summary: 'Send failed ones again, where their money is still payable.',
      default: false,
    }),
    id: listFlag('Only these payouts; repeat the flag or use commas.', '<id>'),
    ...carefulFlags,
  };

  async run() {
    const { flags } = await this.parse(PaymentsPayoutsPay);
    const { signal } = interruption;
    interruption.handleYourself();
    return this.withMoney(async (app) => {
      const { period, id: ids, 'only-failed': onlyFailed } = flags;
      const {
        applied,
        declined,
        result: report,
      } = await this.careful(
        flags,
        (dryRun) =>
          this.progress(dryRun ? 'Looking' : 'Paying', () =>
            app.payments.payouts.pay({ period, ids, onlyFailed, dryRun, signal }),
          ),
        ({ results }) => `Send ${sumText(results, app.config.currency, 'payout')}?`,
      );
      if (declined) return { applied, ...report };
      await this.showResults(app, report);
      if (applied) {
        this.print(payReportText(report));
        this.end(signal.aborted ? EXIT.interrupted : payExitCode(report));
      } else this.outcome(false, '');
      if (applied && report.failed > 0) this.next('payments payouts list --status failed');
      else this.next(applied ? 'payments payouts list' : `${this.typed('--dry-run')} --yes`);
      return { applied, ...report };
    });
  }

  private async showResults(app: PaymentsApp, { results }: PayReport): Promise<void> {
    const { currency } = app.config;
    const names = await this.names(
      app,
      results.map((one) => one.workerId),
    );
    if (results.length > 0) this.table(payResultColumns(currency, names), results);
    this.remark(`${sumText(results, currency, 'payout')}.`);
  }
}
