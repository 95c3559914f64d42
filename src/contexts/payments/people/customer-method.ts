import type { PaymentsDependencies } from '../dependencies.ts';
import type { PaymentMethod } from '../provider/provider.ts';

type Deps = Pick<PaymentsDependencies, 'db' | 'provider' | 'clock'>;

/** What a charge goes to; null where the customer has given nothing yet. */
export async function readCustomerMethod(
  deps: Deps,
  customerId: string,
  options: { look: boolean },
): Promise<{ customerRef: string; methodRef: string } | null> {
  const row = await deps.db
    .selectFrom('payments.people as p')
    .innerJoin('payments.provider_customers as c', 'c.subject_key', 'p.subject_key')
    .select(['c.customer_ref as customerRef', 'c.method'])
    .where('p.kind', '=', 'customer')
    .where('p.person_id', '=', customerId)
    .where('c.provider', '=', deps.provider.name)
    .executeTakeFirst();
  if (!row?.customerRef) return null;
  const known = options.look ? null : row.method;
  const method = known ?? (await lookAtMethod(deps, row.customerRef));
  return method && { customerRef: row.customerRef, methodRef: method.ref };
}

/** Asks the provider what charges go to, and remembers the answer. */
export async function lookAtMethod(deps: Deps, customerRef: string): Promise<PaymentMethod | null> {
  const method = await deps.provider.currentMethod(customerRef);
  await rememberMethod(deps, customerRef, method);
  return method;
}

/** Keeps what was seen of a method: brand and last digits, never a number. */
export async function rememberMethod(
  deps: Deps,
  customerRef: string,
  method: PaymentMethod | null,
): Promise<void> {
  await deps.db
    .updateTable('payments.provider_customers')
    .set({
      method: method === null ? null : JSON.stringify(method),
      method_seen_at: deps.clock.now(),
    })
    .where('provider', '=', deps.provider.name)
    .where('customer_ref', '=', customerRef)
    .execute();
}
