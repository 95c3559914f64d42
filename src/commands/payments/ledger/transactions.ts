import { Flags } from '@oclif/core';
import { listFlags } from '../../../cli/flags.ts';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { dayFlags } from '../../../cli/payments-flags.ts';
import { subjectOf, transactionColumns } from '../../../cli/payments-ledger-view.ts';

export default class PaymentsLedgerTransactions extends PaymentsCommand {
  static override summary = 'List transactions of the ledger.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --kind credit --from 2026-11-01',
    '<%= config.bin %> <%= command.id %> --subject order/019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c',
    '<%= config.bin %> <%= command.id %> --limit 200 --json',
  ];
  static override flags = {
    subject: Flags.string({
      summary: 'About this: an id, a kind such as order, or both as kind/id.',
      helpValue: '<subject>',
    }),
    kind: Flags.string({
      summary: 'Only of this kind, such as charge, payout, reversal.',
      helpValue: '<kind>',
    }),
    ...dayFlags,
    ...listFlags,
  };

  async run() {
    const { flags } = await this.parse(PaymentsLedgerTransactions);
    return this.withMoney(async (app) => {
      const { kind, from, to } = flags;
      const filter = { ...subjectOf(flags.subject), kind, from, to };
      const shown = await this.list(
        flags,
        (page) => app.payments.ledger.transactions(filter, page),
        { noun: 'transaction', columns: transactionColumns(app.config.currency) },
      );
      const first = shown.data[0];
      if (first) this.next(`payments ledger show ${first.id}`);
      return shown;
    });
  }
}
