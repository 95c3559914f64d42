import type { Transaction } from '../../../platform/postgres/database.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import { postTransactions } from '../ledger/post-transactions.ts';
import { bookingDay } from '../payouts/booking-day.ts';
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
  await postTransactions(tx, deps.currency, [
    {
      id: credit.transactionId,
      idempotencyKey: `credit:${credit.id}`,
      kind: 'credit',
      bookedOn: await bookingDay(tx, credit.at, deps.timeZone),
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
