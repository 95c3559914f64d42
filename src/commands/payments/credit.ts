import { Args, Flags } from '@oclif/core';
import { UsageError } from '../../cli/error-report.ts';
import { PaymentsCommand } from '../../cli/payments-command.ts';
import { creditFields } from '../../cli/payments-credit-view.ts';
import { carefulFlags, reasonFlag } from '../../cli/payments-flags.ts';
import { personText } from '../../cli/payments-view.ts';
import { formatMoney, parseAmount } from '../../platform/money.ts';

export default class PaymentsCredit extends PaymentsCommand {
  static override summary = 'Credit an amount to a worker, paid with the next payout.';
  static override description =
    'Who, to whom, how much and for what is kept for ever. Over the limit a second finance manager must approve. A negative amount takes an earlier credit back.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-0000-7000-8000-000000000001 25.50 --reason "taxi for order 7"',
    '<%= config.bin %> <%= command.id %> 019ab0c2-0000-7000-8000-000000000001 --amount -25.50 --reason "credited twice"',
    '<%= config.bin %> <%= command.id %> 019ab0c2-0000-7000-8000-000000000001 700 --reason "bonus" --key bonus-2026-11 --yes',
  ];
  static override args = {
    worker: Args.string({ description: 'Id of the worker.', required: true }),
    amount: Args.string({ description: 'In major units, such as 25.50.' }),
  };
  static override flags = {
    amount: Flags.string({ summary: 'The same; for negative ones.', helpValue: '<amount>' }),
    reason: reasonFlag,
    key: Flags.string({ summary: 'The same key credits once.', helpValue: '<text>' }),
    ...carefulFlags,
  };

  async run() {
    const { args, flags } = await this.parse(PaymentsCredit);
    const amount = flags.amount ?? args.amount;
    if (amount === undefined || (flags.amount !== undefined && args.amount !== undefined)) {
      throw new UsageError('one_amount', 'Say one amount, such as 25.50 or --amount -25.50.');
    }
    return this.withMoney(async (app) => {
      const { reason, key: idempotencyKey } = flags;
      const amountMinor = parseAmount(amount, app.config.currency);
      const names = await this.names(app, [args.worker]);
      const request = { workerId: args.worker, amountMinor, reason, idempotencyKey };
      const {
        applied,
        declined,
        result: credit,
      } = await this.careful(
        flags,
        (dryRun) => app.payments.credits.credit({ ...request, dryRun }),
        ({ currency, needsApproval }) =>
          `${needsApproval ? 'Ask for the approval of' : 'Book'} ${formatMoney({ amountMinor, currency })} for ${personText(names, args.worker)}?`,
      );
      if (declined) return { applied, credit };
      // What was only tried has no id.
      this.fields(creditFields(credit, names, this.time(app)).slice(applied ? 0 : 1));
      const waits = credit.status === 'requested';
      this.outcome(applied, waits ? 'Waits for a second finance manager.' : 'Credited.');
      if (applied) this.next(waits ? `payments approve ${credit.id}` : 'payments credits');
      return { applied, credit };
    });
  }
}
