import { sql } from 'kysely';
import type { Executor, Transaction } from '../../../platform/postgres/database.ts';
import type { PaymentMethod } from '../provider/provider.ts';
import { newRef, once, refused, type Sandbox, tell } from './sandbox.ts';
import { testMethod, toPaymentMethod } from './test-methods.ts';

/** See {@link PaymentProvider.createCustomer}. Names and mail are not kept: nothing needs them. */
export function makeCustomer<Tables>(
  box: Sandbox<Tables>,
  { idempotencyKey, personKey }: { idempotencyKey: string; personKey: string },
): Promise<{ ref: string }> {
  return once(box, 'customer', { idempotencyKey, personKey }, async (tx) => {
    const ref = newRef(box, 'cus');
    await sql`
      insert into sandbox.customers (ref, person_key, created_at)
      values (${ref}, ${personKey}, ${box.clock.now()})`.execute(tx);
    return { ref };
  });
}

/** See {@link PaymentProvider.attachMethod}. */
export function attachMethod<Tables>(
  box: Sandbox<Tables>,
  request: { idempotencyKey: string; customerRef: string; methodRef: string },
): Promise<PaymentMethod> {
  return once(box, 'attach', request, (tx) =>
    giveMethod(box, tx, request.customerRef, request.methodRef),
  );
}

/** The customer gives a test card, by its name; the one given last is charged. */
export async function giveMethod<Tables>(
  box: Sandbox<Tables>,
  tx: Transaction<Tables>,
  customerRef: string,
  card: string,
): Promise<PaymentMethod> {
  if (!testMethod(card)) {
    throw refused(
      'resource_missing',
      `There is no test card "${card}" in the sandbox: expected one such as pm_card_visa.`,
    );
  }
  await checkCustomer(tx, customerRef);
  const ref = newRef(box, 'pm');
  await sql`
    insert into sandbox.methods (ref, customer_ref, card, created_at)
    values (${ref}, ${customerRef}, ${card}, ${box.clock.now()})`.execute(tx);
  await tell(box, tx, { type: 'method.attached', about: 'method', objectRef: customerRef });
  return toPaymentMethod({ ref, card });
}

/** @throws NotSent `refused` for a customer that is none */
export async function checkCustomer<Tables>(
  db: Executor<Tables>,
  customerRef: string,
): Promise<void> {
  const { rows } = await sql`
    select from sandbox.customers where ref = ${customerRef}`.execute(db);
  if (rows.length === 0) {
    throw refused('resource_missing', `There is no customer "${customerRef}".`);
  }
}

/** See {@link PaymentProvider.currentMethod}. */
export async function currentMethod<Tables>(
  db: Executor<Tables>,
  customerRef: string,
): Promise<PaymentMethod | null> {
  const { rows } = await sql<{ ref: string; card: string }>`
    select ref, card from sandbox.methods where customer_ref = ${customerRef}
    order by number desc limit 1`.execute(db);
  return rows.map(toPaymentMethod)[0] ?? null;
}
