import { Args } from '@oclif/core';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { carefulFlags, reasonFlag } from '../../../cli/payments-flags.ts';
import {
  movedMinor,
  postingColumns,
  transactionFields,
} from '../../../cli/payments-ledger-view.ts';
import { formatMoney } from '../../../platform/money.ts';

export default class PaymentsLedgerReverse extends PaymentsCommand {
  static override summary = 'Undo a mistake: book the exact opposite of a transaction.';
  static override description =
    'Allowed for credits, and for orders that stand on no invoice; other movements are undone where they were made: refund, void, mark. Nothing is ever changed or deleted, and a reversal stands for ever.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c --reason "credited twice" --dry-run',
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c --reason "credited twice"',
  ];
  static override args = {
    transaction: Args.string({ description: 'Id of the transaction.', required: true }),
  };
  static override flags = { reason: reasonFlag, ...carefulFlags };

  async run() {
    const { args, flags } = await this.parse(PaymentsLedgerReverse);
    return this.withMoney(async (app) => {
      const { currency } = app.config;
      const {
        applied,
        declined,
        result: reversal,
      } = await this.careful(
        flags,
        (dryRun) => app.payments.ledger.reverse(args.transaction, { reason: flags.reason, dryRun }),
        (expected) => {
          const amount = formatMoney({ amountMinor: movedMinor(expected), currency });
          return `Reverse ${amount} about ${expected.subjectKind} ${expected.subjectId}, for ever?`;
        },
      );
      if (declined) return { applied, reversal };
      this.fields(transactionFields(reversal, this.time(app)));
      this.table(postingColumns(currency, new Map()), reversal.postings);
      this.outcome(applied, 'Reversed.');
      this.next(`payments ledger show ${args.transaction}`);
      return { applied, reversal };
    });
  }
}
