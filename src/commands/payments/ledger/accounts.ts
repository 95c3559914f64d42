import { Flags } from '@oclif/core';
import { listFlags } from '../../../cli/flags.ts';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { onFlag } from '../../../cli/payments-flags.ts';
import { accountColumns, ownerIds } from '../../../cli/payments-ledger-view.ts';

export default class PaymentsLedgerAccounts extends PaymentsCommand {
  static override summary = 'List accounts with their balances.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --code customer-receivable',
    '<%= config.bin %> <%= command.id %> --owner 019ab0c2-0000-7000-8000-000000000001 --on 2026-11-30',
  ];
  static override flags = {
    code: Flags.string({ summary: 'Only of this code.', helpValue: '<code>' }),
    owner: Flags.string({
      summary: 'Only of this customer, worker or provider.',
      helpValue: '<id>',
    }),
    on: onFlag,
    ...listFlags,
  };

  async run() {
    const { flags } = await this.parse(PaymentsLedgerAccounts);
    return this.withMoney(async (app) => {
      const filter = { code: flags.code, owner: flags.owner, on: flags.on };
      const names = new Map<string, string>();
      let read = 0;
      const fetch = async (page: { limit: number; cursor?: string }) => {
        const answer = await app.payments.ledger.accounts(filter, page);
        // What follows is only counted: names are for what is shown.
        const shown = read < flags.limit ? ownerIds(answer.data) : [];
        for (const [id, name] of await this.names(app, shown)) names.set(id, name);
        read += answer.data.length;
        return answer;
      };
      const shown = await this.list(flags, fetch, {
        noun: 'account',
        columns: accountColumns(app.config.currency, names),
      });
      const first = shown.data[0];
      const owner = first?.owner ? ` --owner ${first.owner}` : '';
      if (first) this.next(`payments statement --account ${first.code}${owner}`);
      return shown;
    });
  }
}
