import { commitArgs, commitFlags } from '../../../cli/payments-flags.ts';
import { RunCommand } from '../../../cli/payments-run-command.ts';

export default class PaymentsPayoutsCommit extends RunCommand {
  static override summary = 'Make the payouts of a plan, all of them or none.';
  static override description =
    'Computes the plan anew and refuses if anything differs by one cent. The amounts leave what is payable to the workers; nothing is sent yet: "payments payouts pay" sends what goes through the provider, "export" writes the bank file. Committing what is committed changes nothing.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 3f9c1d2ab047',
    '<%= config.bin %> <%= command.id %> 3f9c1d2ab047 --despite "the proof is red for a known order" --yes',
    '<%= config.bin %> <%= command.id %> 3f9c1d2ab047 --dry-run',
  ];
  static override args = commitArgs;
  static override flags = commitFlags;

  async run() {
    const { args, flags } = await this.parse(PaymentsPayoutsCommit);
    return this.commit('payouts', args.hash, flags, (run) => [
      `payments payouts pay --period ${run.period}`,
      'payments payouts export --to payouts.xlsx',
    ]);
  }
}
