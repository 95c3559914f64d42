import { Flags } from '@oclif/core';
import { EXIT } from '../../cli/exit-codes.ts';
import { interruption } from '../../cli/interruption.ts';
import { parseMoment } from '../../cli/moment.ts';
import { ProofCommand } from '../../cli/payments-proof-command.ts';

export default class PaymentsReconcile extends ProofCommand {
  static override summary = "Compare the ledger with the provider's own account of the money.";
  static override description =
    "Missing, extra, amount, timing; books the provider's fees. Without times: from a week ago until now. Exit code 1: red.";
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --from 2026-11-01 --to 2026-12-01',
  ];
  static override flags = {
    from: Flags.string({ summary: 'Movements of this time or later.', helpValue: '<time>' }),
    to: Flags.string({ summary: 'Movements before this time.', helpValue: '<time>' }),
    all: Flags.boolean({ summary: 'Show every violation.', default: false }),
  };

  async run() {
    const { flags } = await this.parse(PaymentsReconcile);
    const { signal } = interruption;
    return this.withMoney(async (app) => {
      const moment = (text?: string) =>
        text === undefined ? undefined : parseMoment(text, app.config.timeZone);
      const range = { from: await moment(flags.from), to: await moment(flags.to) };
      const report = await this.progress('Reconciling', () =>
        app.payments.proof.reconcile({ ...range, signal }),
      );
      this.showReport(report, flags.all);
      if (!report.green) this.end(EXIT.failed);
      this.next(report.green ? 'payments ledger' : 'payments proofs --kind reconcile');
      return report;
    });
  }
}
