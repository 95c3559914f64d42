import { listFlags } from '../../../cli/flags.ts';
import { monthFlag } from '../../../cli/payments-flags.ts';
import { RunCommand } from '../../../cli/payments-run-command.ts';

export default class PaymentsPayoutsRuns extends RunCommand {
  static override summary = 'List runs of payouts: planned, stopped by a gate, committed.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --period 2026-11 --json',
  ];
  static override flags = { period: monthFlag, ...listFlags };

  async run() {
    const { flags } = await this.parse(PaymentsPayoutsRuns);
    return this.runs('payouts', flags);
  }
}
