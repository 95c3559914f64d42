import { businessDay } from '../../../platform/business-time.ts';
import type { Transaction } from '../../../platform/postgres/database.ts';
import { firstOpenDay } from '../ledger/post-transactions.ts';
import type { PaymentsTables } from '../tables.ts';

/** The day that something of this moment is booked on: its own, or the first that is open. */
export async function bookingDay<Tables extends PaymentsTables>(
  tx: Transaction<Tables>,
  at: Date,
  timeZone: string,
): Promise<string> {
  const day = businessDay(at, timeZone);
  const open = await firstOpenDay(tx);
  return open !== null && open > day ? open : day;
}
