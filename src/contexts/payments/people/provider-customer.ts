import { createHash } from 'node:crypto';
import { unavailable } from '../../../platform/errors.ts';
import type { PaymentsDependencies } from '../dependencies.ts';

type Deps = Pick<PaymentsDependencies, 'db' | 'provider' | 'clock' | 'log'>;

/** Shown on the provider's own pages, where known. */
export interface Contact {
  name?: string;
  email?: string;
}

/**
 * The customer at the provider, made with the first need. The key stands in the database before the
 * provider is asked, so that a lost answer makes no second customer.
 * @throws StewardError `provider_unavailable`
 */
export async function ensureProviderCustomer(
  deps: Deps,
  subjectKey: string,
  contact: Contact,
): Promise<string> {
  const { db, provider } = deps;
  const idempotencyKey = `customer:${subjectKey}`;
  await db
    .insertInto('payments.provider_customers')
    .values({
      provider: provider.name,
      subject_key: subjectKey,
      idempotency_key: `${provider.name}:${idempotencyKey}`,
      created_at: deps.clock.now(),
    })
    .onConflict((conflict) => conflict.columns(['provider', 'subject_key']).doNothing())
    .execute();
  const known = await readRef(deps, subjectKey);
  if (known !== null) return known;
  const { ref } = await askProvider(deps, () =>
    provider.createCustomer({
      // The same key with another name would be refused: a person may change it before we know.
      idempotencyKey: `${idempotencyKey}:${digest(contact)}`,
      personKey: subjectKey,
      ...contact,
    }),
  );
  await db
    .updateTable('payments.provider_customers')
    .set({ customer_ref: ref })
    .where('provider', '=', provider.name)
    .where('subject_key', '=', subjectKey)
    .where('customer_ref', 'is', null)
    .execute();
  // Whoever wrote first holds: everybody goes on with the same one.
  return (await readRef(deps, subjectKey)) ?? ref;
}

async function readRef(deps: Deps, subjectKey: string): Promise<string | null> {
  const row = await deps.db
    .selectFrom('payments.provider_customers')
    .select('customer_ref')
    .where('provider', '=', deps.provider.name)
    .where('subject_key', '=', subjectKey)
    .executeTakeFirst();
  return row?.customer_ref ?? null;
}

function digest(contact: Contact): string {
  const text = JSON.stringify([contact.name ?? null, contact.email ?? null]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** Calls that move no money may simply be made again: whatever went wrong, the answer is "later". */
export async function askProvider<T>(deps: Pick<Deps, 'log'>, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    deps.log.warn({ err: error }, 'the payment provider does not answer');
    throw unavailable(
      'provider_unavailable',
      'The payment provider does not answer at the moment. Please try again.',
      error,
    );
  }
}
