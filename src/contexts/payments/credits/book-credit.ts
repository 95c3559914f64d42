import { businessDay } from '../../../platform/business-time.ts';
import type { Transaction } from '../../../platform/postgres/database.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import { firstOpenDay, postTransactions } from '../ledger/post-transactions.ts';
import type { PaymentsTables } from '../tables.ts';

/** Books a credit into the worker's payable, under the id that the credit's row is given. */
export async function bookCredit<Tables extends PaymentsTables>(
  deps: Pick<PaymentsDependencies, 'timeZone' | 'currency'>,
  tx: Transaction<Tables>,
  credit: {
    id: string;
    workerId: string;
    amountMinor: bigint;
    transactionId: string;
    at: Date;
  },
): Promise<void> {
  const today = businessDay(credit.at, deps.timeZone);
  const open = await firstOpenDay(tx);
  await postTransactions(tx, deps.currency, [
    {
      id: credit.transactionId,
      idempotencyKey: `credit:${credit.id}`,
      kind: 'credit',
      bookedOn: open !== null && open > today ? open : today,
      occurredAt: credit.at,
      subjectKind: 'credit',
      subjectId: credit.id,
      postings: [
        { code: 'credits', amountMinor: credit.amountMinor },
        { code: 'worker-payable', owner: credit.workerId, amountMinor: -credit.amountMinor },
      ],
    },
  ]);
}
