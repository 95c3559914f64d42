import { EXIT } from '../../../cli/exit-codes.ts';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { onFlag } from '../../../cli/payments-flags.ts';
import { trialColumns, trialLines } from '../../../cli/payments-ledger-view.ts';
import { formatMoney } from '../../../platform/money.ts';

export default class PaymentsLedgerTrialBalance extends PaymentsCommand {
  static override summary = 'Show the sums of all accounts; they come to zero.';
  static override description =
    'Debits are positive, credits negative. Exit code 1 if they do not come to zero.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --on 2026-11-30 --json',
  ];
  static override flags = { on: onFlag };

  async run() {
    const { flags } = await this.parse(PaymentsLedgerTrialBalance);
    return this.withMoney(async (app) => {
      const { currency } = app.config;
      const { rows, sumMinor } = await app.payments.ledger.trialBalance(flags.on);
      this.table(trialColumns(currency, this.width()), trialLines(rows));
      if (sumMinor !== 0n) {
        const sum = formatMoney({ amountMinor: sumMinor, currency });
        this.print(this.styled('red', `Out of balance by ${sum}.`));
        this.end(EXIT.failed);
        this.next('payments prove --full');
      } else {
        this.print(this.styled('green', 'Balanced.'));
        this.next('payments ledger accounts --code worker-payable');
      }
      return { on: flags.on ?? null, currency, rows, sumMinor };
    });
  }
}
