import { Args } from '@oclif/core';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { carefulFlags } from '../../../cli/payments-flags.ts';

export default class PaymentsLedgerClose extends PaymentsCommand {
  static override summary = 'Close a month for ever: nothing is booked into it any more.';
  static override description =
    'Asks for a green proof of a time after the month, for an order stream that is read beyond it, and for earlier months to be closed. What still comes in is booked into the first open day.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 2026-11 --dry-run',
    '<%= config.bin %> <%= command.id %> 2026-11 --yes',
  ];
  static override args = {
    month: Args.string({ description: 'The month, such as 2026-11.', required: true }),
  };
  static override flags = carefulFlags;

  async run() {
    const { args, flags } = await this.parse(PaymentsLedgerClose);
    return this.withMoney(async (app) => {
      const { applied, declined, result } = await this.careful(
        flags,
        (dryRun) => app.payments.ledger.closeMonth(args.month, { dryRun }),
        ({ month }) => `Close ${month} for ever?`,
      );
      if (declined) return { applied, ...result };
      this.outcome(applied, `${result.month} is closed.`);
      this.next('payments ledger closed');
      return { applied, ...result };
    });
  }
}
