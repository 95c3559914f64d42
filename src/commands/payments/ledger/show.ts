import { Args } from '@oclif/core';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import {
  nextForTransaction,
  ownerIds,
  postingColumns,
  transactionFields,
} from '../../../cli/payments-ledger-view.ts';

export default class PaymentsLedgerShow extends PaymentsCommand {
  static override summary = 'Show a transaction of the ledger with its postings.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 019ab0c2-7c1e-7d2a-9a55-0d2f6f0a1b2c',
  ];
  static override args = {
    transaction: Args.string({ description: 'Id of the transaction.', required: true }),
  };

  async run() {
    const { args } = await this.parse(PaymentsLedgerShow);
    return this.withMoney(async (app) => {
      const transaction = await app.payments.ledger.transaction(args.transaction);
      const owners = transaction.postings.map((posting) => posting.account);
      const names = await this.names(app, ownerIds(owners));
      this.fields(transactionFields(transaction, this.time(app)));
      this.print('', this.styled('bold', 'Postings'));
      this.table(postingColumns(app.config.currency, names), transaction.postings);
      this.next(...nextForTransaction(transaction));
      return transaction;
    });
  }
}
