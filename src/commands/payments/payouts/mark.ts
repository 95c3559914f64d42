import { Args, Flags } from '@oclif/core';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { carefulFlags } from '../../../cli/payments-flags.ts';
import {
  faultyFile,
  type Marks,
  marksOf,
  payoutColumns,
  sumText,
} from '../../../cli/payments-payout-view.ts';
import type { PaymentsApp } from '../../../payments-app.ts';

export default class PaymentsPayoutsMark extends PaymentsCommand {
  static override summary = 'Write down what the bank said of exported payouts.';
  static override description =
    'By ids, or by the bank file with "paid" or "failed" filled in under "Status". Everything is marked or nothing. The money of a failed payout returns to what is payable to the worker. Exit code 2: the file has faults, each named by its cell.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --file payouts.xlsx --dry-run',
    '<%= config.bin %> <%= command.id %> --file payouts.xlsx',
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c --paid',
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c --failed --reason "account closed"',
  ];
  static override args = {
    payout: Args.string({ description: 'Ids of exported payouts.', multiple: true }),
  };
  static override flags = {
    file: Flags.string({
      summary: 'Bank file with what the bank said.',
      helpValue: '<file.xlsx>',
      exclusive: ['paid', 'failed'],
    }),
    paid: Flags.boolean({ summary: 'The bank has paid them.', exclusive: ['failed'] }),
    failed: Flags.boolean({ summary: 'The bank has not paid them.', dependsOn: ['reason'] }),
    reason: Flags.string({ summary: 'Why not, in the words of the bank.', helpValue: '<text>' }),
    ...carefulFlags,
  };

  async run() {
    const { args, flags } = await this.parse(PaymentsPayoutsMark);
    const asked = marksOf(args.payout ?? [], flags);
    return this.withMoney(async (app) => {
      const { currency } = app.config;
      const marks = flags.file === undefined ? asked : await this.readFile(app, flags.file);
      if (marks.length === 0) return { applied: false, payouts: [] };
      const {
        applied,
        declined,
        result: payouts,
      } = await this.careful(
        flags,
        (dryRun) => app.payments.payouts.mark(marks, { dryRun }),
        (expected) => `Mark ${sumText(expected, currency, 'payout')}?`,
      );
      if (declined) return { applied, payouts };
      const names = await this.names(
        app,
        payouts.map((payout) => payout.workerId),
      );
      this.table(payoutColumns(currency, names, this.time(app)), payouts);
      this.outcome(applied, `Marked ${sumText(payouts, currency, 'payout')}.`);
      this.next('payments payouts list --status exported');
      return { applied, payouts };
    });
  }

  private async readFile(app: PaymentsApp, file: string): Promise<Marks> {
    const { openBankFiles } = await import('../../../contexts/payments/index.ts');
    const { readBankFile } = await openBankFiles();
    const { currency } = app.config;
    const reading = await this.progress(`Reading ${file}`, () =>
      readBankFile(app.payments.payouts, file, currency),
    );
    const { faults, marks, unmarked, known } = reading;
    if (faults.length > 0) throw faultyFile(file, faults);
    this.remark(
      `${file}: ${marks.length} to mark, ${known} marked already, ${unmarked} without a status.`,
    );
    return marks;
  }
}
