import { listFlags } from '../../../cli/flags.ts';
import { weekFlag } from '../../../cli/payments-flags.ts';
import { RunCommand } from '../../../cli/payments-run-command.ts';

export default class PaymentsInvoicesRuns extends RunCommand {
  static override summary = 'List runs of invoices: planned, stopped by a gate, committed.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --period 2026-W48 --json',
  ];
  static override flags = { period: weekFlag, ...listFlags };

  async run() {
    const { flags } = await this.parse(PaymentsInvoicesRuns);
    return this.runs('invoices', flags);
  }
}
