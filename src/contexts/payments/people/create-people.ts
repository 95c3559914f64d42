import { forbidden, invalid, notFound } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/ids.ts';
import { readPersonal } from '../../../stream/index.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { KnownPerson, PaymentsCaller, People } from '../payments.ts';
import { type HostedPage, NotSent, type PaymentMethod } from '../provider/provider.ts';
import { rememberMethod } from './customer-method.ts';
import { identify } from './identify.ts';
import { makeMethodLink, readMethodLink } from './method-link.ts';
import { contactOf, openCustomerPage, openPage } from './open-page.ts';
import { askProvider, ensureProviderCustomer } from './provider-customer.ts';
import { refreshMethod } from './refresh-method.ts';

/** Customers and workers as payments knows them, and what they are charged and paid by. */
export function createPeople(deps: PaymentsDependencies): People {
  return {
    identify: (caller) => identify(deps, caller),
    customer: (id) => readPerson(deps, 'customer', id),
    worker: (id) => readPerson(deps, 'worker', id),
    names: (ids) => readNames(deps, ids),
    method: (person) => readMethod(deps, person),
    openPage: (caller, returnUrl) => openPage(deps, caller, returnUrl),
    attachMethod: (caller, methodRef) => attachMethod(deps, caller, methodRef),
    methodLink: (customerId, now) => makeMethodLink(deps, customerId, now),
    followLink: (token) => followLink(deps, token),
    refreshMethod: (customerRef) => refreshMethod(deps, customerRef),
  };
}

async function readPerson(
  deps: PaymentsDependencies,
  kind: PaymentsCaller['kind'],
  id: string,
): Promise<{ id: string; name: string | null }> {
  if (!isUuid(id)) throw notFound(kind, id);
  const known = await deps.db
    .selectFrom('payments.people')
    .select('person_id')
    .where('kind', '=', kind)
    .where('person_id', '=', id)
    .executeTakeFirst();
  const personal = (await readPersonal(deps.stream, [id])).get(id);
  if (personal && personal.kind !== kind) throw notFound(kind, id);
  if (!known && !personal) throw notFound(kind, id);
  return { id, name: (await readNames(deps, [id])).get(id) ?? null };
}

async function readNames(
  deps: PaymentsDependencies,
  ids: readonly string[],
): Promise<Map<string, string>> {
  const people = await readPersonal(deps.stream, ids.filter(isUuid));
  const names = new Map<string, string>();
  for (const [id, person] of people) {
    if (person.kind !== 'order' && person.data) names.set(id, person.data.name);
  }
  return names;
}

async function readMethod(
  deps: PaymentsDependencies,
  person: KnownPerson,
): Promise<PaymentMethod | null> {
  if (person.kind !== 'customer') return null;
  const row = await deps.db
    .selectFrom('payments.provider_customers')
    .select('method')
    .where('provider', '=', deps.provider.name)
    .where('subject_key', '=', person.subjectKey)
    .executeTakeFirst();
  return row?.method ?? null;
}

/** The charges that wait for it are let go by the next look at what is due. */
async function attachMethod(
  deps: PaymentsDependencies,
  caller: PaymentsCaller,
  methodRef: string,
): Promise<PaymentMethod> {
  if (caller.kind !== 'customer') {
    throw forbidden(
      'not_a_customer',
      'Only customers are charged: a worker has no payment method.',
    );
  }
  const { subjectKey } = await identify(deps, caller);
  const customerRef = await ensureProviderCustomer(deps, subjectKey, contactOf(caller));
  // A key per request: giving the first method again after a second has to have an effect.
  const idempotencyKey = `attach:${deps.ids.next()}`;
  const method = await askProvider(deps, async () => {
    try {
      return await deps.provider.attachMethod({ idempotencyKey, customerRef, methodRef });
    } catch (error) {
      if (error instanceof NotSent && error.reason === 'refused') return error;
      throw error;
    }
  });
  if (method instanceof NotSent) {
    throw invalid(
      `The payment provider does not take this method: ${method.message}`,
      [{ path: 'method', message: method.code ?? 'refused by the payment provider' }],
      'method_refused',
    );
  }
  await rememberMethod(deps, customerRef, method);
  return method;
}

async function followLink(deps: PaymentsDependencies, token: string): Promise<HostedPage> {
  const customerId = await readMethodLink(deps, token, deps.clock.now());
  const person = await deps.db
    .selectFrom('payments.people')
    .select('subject_key')
    .where('kind', '=', 'customer')
    .where('person_id', '=', customerId)
    .executeTakeFirst();
  if (!person) throw notFound('customer', customerId);
  const personal = (await readPersonal(deps.stream, [customerId])).get(customerId);
  const contact = personal?.kind === 'customer' ? contactOf(personal.data ?? {}) : {};
  return openCustomerPage(deps, person.subject_key, contact, deps.rules.returnUrl);
}
