import { releaseCharges } from '../charges/release-charges.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import { lookAtMethod } from './customer-method.ts';

/**
 * Somebody's methods changed at the provider: looks, remembers, and lets what waits for a method be
 * charged.
 * @param customerRef the provider's id of the customer; those that are not ours are left alone
 */
export async function refreshMethod(
  deps: Omit<PaymentsDependencies, 'stream' | 'publicUrl'>,
  customerRef: string,
): Promise<void> {
  const known = await deps.db
    .selectFrom('payments.provider_customers')
    .select('subject_key')
    .where('provider', '=', deps.provider.name)
    .where('customer_ref', '=', customerRef)
    .executeTakeFirst();
  if (!known) return;
  const method = await lookAtMethod(deps, customerRef);
  if (method) await releaseCharges(deps, customerRef);
}
