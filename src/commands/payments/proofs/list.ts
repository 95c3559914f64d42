import { Flags } from '@oclif/core';
import { listFlags } from '../../../cli/flags.ts';
import { ProofCommand } from '../../../cli/payments-proof-command.ts';
import { proofColumns } from '../../../cli/payments-proof-view.ts';

export default class PaymentsProofsList extends ProofCommand {
  static override summary = 'List proofs and reconciliations as they were kept, newest first.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --kind reconcile --json',
  ];
  static override flags = {
    kind: Flags.option({
      summary: 'Only these.',
      options: ['prove', 'reconcile'] as const,
    })(),
    ...listFlags,
  };

  async run() {
    const { flags } = await this.parse(PaymentsProofsList);
    return this.withMoney(async (app) => {
      const shown = await this.list(flags, (page) => app.payments.proof.list(flags.kind, page), {
        noun: 'proof',
        columns: proofColumns(this.time(app)),
      });
      const [last] = shown.data;
      if (last && !last.green) this.showReport(last, false);
      this.next(last ? `payments ${last.kind}` : 'payments prove');
      return shown;
    });
  }
}
