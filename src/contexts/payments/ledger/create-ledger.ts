import type { PaymentsDependencies } from '../dependencies.ts';
import type { Ledger } from '../payments.ts';
import { accountStatement } from './account-statement.ts';
import { balanceOf, listAccounts, trialBalance } from './balances.ts';
import { closeMonth } from './close-month.ts';
import { statementRange } from './days.ts';
import { listTransactions, readTransaction } from './read-transactions.ts';
import { reverseTransaction } from './reverse-transaction.ts';

/** The ledger as people see it; see {@link postTransactions} for how it is written. */
export function createLedger(deps: PaymentsDependencies): Ledger {
  const { db, currency } = deps;
  return {
    trialBalance: (on) => trialBalance(db, on),
    accounts: (filter, page) => listAccounts(db, filter, page),
    balance: ({ code, owner }, on) => balanceOf(db, { code, owner, currency }, on),
    statement: async ({ code, owner }, range, page) =>
      accountStatement(db, { code, owner, currency }, statementRange(deps, range), page),
    transaction: (id) => readTransaction(db, id),
    transactions: (filter, page) => listTransactions(db, filter, page),
    reverse: (id, options) => reverseTransaction(deps, id, options),
    closeMonth: (month, options) => closeMonth(deps, month, options),
    async closedMonths() {
      const rows = await db
        .selectFrom('ledger.closed_months')
        .select(['month', 'closed_by as closedBy', 'closed_at as closedAt'])
        .orderBy('month', 'desc')
        .execute();
      return rows.map((row) => ({ ...row, month: row.month.slice(0, 7) }));
    },
  };
}
