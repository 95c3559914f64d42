import { Flags } from '@oclif/core';
import { dryRunFlag } from '../../../cli/flags.ts';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { bankRowColumns, sumText } from '../../../cli/payments-payout-view.ts';
import type { BankRow } from '../../../contexts/payments/index.ts';

export default class PaymentsPayoutsExport extends PaymentsCommand {
  static override summary = 'Take planned bank payouts into a file for the bank.';
  static override description =
    'From now on they are "exported" under the name of the file. With --name of an earlier file, that file is written again and nothing else changes: pay it once. Fill in "Status" when the bank has paid, and give the file to "payments payouts mark".';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --to payouts.xlsx',
    '<%= config.bin %> <%= command.id %> --to again.xlsx --name payouts-2026-11-30-1',
    '<%= config.bin %> <%= command.id %> --to payouts.xlsx --dry-run',
  ];
  static override flags = {
    to: Flags.string({ summary: 'File to write.', helpValue: '<file.xlsx>', required: true }),
    name: Flags.string({
      summary: 'Name of the bank file; of an earlier one to have it again.',
      helpValue: '<name>',
    }),
    'dry-run': dryRunFlag,
  };

  async run() {
    const { flags } = await this.parse(PaymentsPayoutsExport);
    const { to, 'dry-run': dryRun } = flags;
    return this.withMoney(async (app) => {
      const { currency } = app.config;
      const { name, rows } = await app.payments.payouts.export({ name: flags.name, dryRun });
      const names = await this.names(
        app,
        rows.map((row) => row.workerId),
      );
      this.table(bankRowColumns(currency, names), rows);
      const sum = sumText(rows, currency, 'payout');
      if (dryRun) this.remark(`${name}: ${sum}. Only tried: nothing was changed or written.`);
      else {
        await this.write(to, { name, rows, currency });
        this.remark(`${name}: ${sum}, written to ${to}.`);
        this.next(`payments payouts mark --file ${to}`);
      }
      return { applied: !dryRun, name, file: dryRun ? null : to, rows };
    });
  }

  private async write(to: string, file: { name: string; rows: BankRow[]; currency: string }) {
    const [{ openBankFiles }, { writeWorkbook }] = await Promise.all([
      import('../../../contexts/payments/index.ts'),
      import('../../../sheets/index.ts'),
    ]);
    try {
      const { bankFileSheet } = await openBankFiles();
      await writeWorkbook(to, [bankFileSheet(file.rows, file.currency)]);
    } catch (error) {
      // They are in the file by now, whether it could be written or not.
      this.next(`payments payouts export --name ${file.name} --to <file.xlsx>`);
      throw error;
    }
  }
}
