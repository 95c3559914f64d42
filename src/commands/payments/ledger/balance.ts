import { Args } from '@oclif/core';
import { PaymentsCommand } from '../../../cli/payments-command.ts';
import { onFlag } from '../../../cli/payments-flags.ts';
import { ownerIds } from '../../../cli/payments-ledger-view.ts';
import { formatMoney } from '../../../platform/money.ts';

export default class PaymentsLedgerBalance extends PaymentsCommand {
  static override summary = 'Show the balance of one account.';
  static override description =
    'Debit minus credit: what customers owe is positive, what workers are owed is negative.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> revenue',
    '<%= config.bin %> <%= command.id %> worker-payable 019ab0c2-0000-7000-8000-000000000001 --on 2026-11-30',
  ];
  static override args = {
    code: Args.string({ description: 'Code of the account.', required: true }),
    owner: Args.string({ description: 'Customer, worker or provider, where it has owners.' }),
  };
  static override flags = { on: onFlag };

  async run() {
    const { args, flags } = await this.parse(PaymentsLedgerBalance);
    return this.withMoney(async (app) => {
      const { currency } = app.config;
      const account = { code: args.code, owner: args.owner ?? '' };
      const { ledger } = app.payments;
      // An account that is not in the chart is a slip of the hand, not an empty one.
      await ledger.accounts({ code: args.code }, { limit: 1 });
      const balanceMinor = await ledger.balance(account, flags.on);
      const names = await this.names(app, ownerIds([account]));
      this.fields([
        ['account', account.code],
        ['owner', account.owner],
        ['name', names.get(account.owner)],
        ['on', flags.on],
        ['balance', formatMoney({ amountMinor: balanceMinor, currency })],
      ]);
      this.next(
        `payments statement --account ${account.code}${account.owner && ` --owner ${account.owner}`}`,
      );
      return { ...account, currency, on: flags.on ?? null, balanceMinor };
    });
  }
}
