import { commitArgs, commitFlags } from '../../../cli/payments-flags.ts';
import { RunCommand } from '../../../cli/payments-run-command.ts';

export default class PaymentsInvoicesCommit extends RunCommand {
  static override summary = 'Make the invoices of a plan, all of them or none.';
  static override description =
    'Computes the plan anew and refuses if anything differs by one cent. Customers get their mail; charges are due at once and sent by a job within a minute, or by "payments charges send". Committing what is committed changes nothing.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 3f9c1d2ab047',
    '<%= config.bin %> <%= command.id %> 3f9c1d2ab047 --despite "the proof is red for a known order" --yes',
    '<%= config.bin %> <%= command.id %> 3f9c1d2ab047 --dry-run',
  ];
  static override args = commitArgs;
  static override flags = commitFlags;

  async run() {
    const { args, flags } = await this.parse(PaymentsInvoicesCommit);
    return this.commit('invoices', args.hash, flags, (run) => [
      `payments invoices list --period ${run.period}`,
      'payments charges send',
    ]);
  }
}
