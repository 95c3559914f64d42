import { Flags } from '@oclif/core';
import { EXIT } from '../../cli/exit-codes.ts';
import { interruption } from '../../cli/interruption.ts';
import { ProofCommand } from '../../cli/payments-proof-command.ts';

export default class PaymentsProve extends ProofCommand {
  static override summary = 'Check that the money is right; a red proof stops the next run.';
  static override description =
    'The trial balance is zero, every ended order is booked once and invoiced at most once, every worker is paid at most once, and more. The result is kept. Exit code 1: red.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --full --json',
  ];
  static override flags = {
    full: Flags.boolean({
      summary: 'Compare every ended order with the stream, not only the new ones.',
      default: false,
    }),
    all: Flags.boolean({ summary: 'Show every violation.', default: false }),
  };

  async run() {
    const { flags } = await this.parse(PaymentsProve);
    const { signal } = interruption;
    return this.withMoney(async (app) => {
      const report = await this.progress('Proving', () =>
        app.payments.proof.prove({ full: flags.full, signal }),
      );
      this.showReport(report, flags.all);
      if (!report.green) this.end(EXIT.failed);
      this.next(report.green ? 'payments reconcile' : 'payments proofs');
      return report;
    });
  }
}
