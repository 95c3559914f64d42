import type { PaymentsDependencies } from '../dependencies.ts';
import { recordTransfer } from './settle-payout.ts';

/**
 * Looks at a transfer that the provider has given a hint about, and books what it says: also that
 * one was taken back, which makes the money payable to the worker again.
 * @param ref the provider's id
 */
export async function syncTransfer(deps: PaymentsDependencies, ref: string): Promise<void> {
  const transfer = await deps.provider.getTransfer(ref);
  if (!transfer) return;
  await deps.db.transaction().execute((tx) => recordTransfer(deps, tx, transfer));
}
