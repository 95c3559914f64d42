import { invalid, notFound } from '../../../platform/errors.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { PaymentsCaller } from '../payments.ts';
import type { HostedPage } from '../provider/provider.ts';
import { identify } from './identify.ts';
import { askProvider, type Contact, ensureProviderCustomer } from './provider-customer.ts';

type Deps = Omit<PaymentsDependencies, 'stream' | 'publicUrl'>;

/** The provider's page for a customer's payment method, or a worker's account. */
export async function openPage(
  deps: Deps,
  caller: PaymentsCaller,
  returnUrl: string = deps.rules.returnUrl,
): Promise<HostedPage> {
  checkReturnUrl(returnUrl);
  const person = await identify(deps, caller);
  if (caller.kind === 'customer') {
    return openCustomerPage(deps, person.subjectKey, contactOf(caller), returnUrl);
  }
  // Who has not worked yet has nothing to be paid.
  if (person.id === null) throw notFound('worker', caller.subject);
  return openWorkerPage(deps, person.id, person.subjectKey, caller.email, returnUrl);
}

/** Of the token, or of the stream; empty where nothing is known. */
export function contactOf(about: { name?: string | null; email?: string | null }): Contact {
  return {
    ...(about.name && { name: about.name }),
    ...(about.email && { email: about.email }),
  };
}

/** @throws StewardError `provider_unavailable` */
export async function openCustomerPage(
  deps: Deps,
  subjectKey: string,
  contact: Contact,
  returnUrl: string,
): Promise<HostedPage> {
  const customerRef = await ensureProviderCustomer(deps, subjectKey, contact);
  // Each page is one of its own: an old one may be over.
  const idempotencyKey = `page:${deps.ids.next()}`;
  return askProvider(deps, () =>
    deps.provider.openMethodPage({ idempotencyKey, customerRef, returnUrl }),
  );
}

async function openWorkerPage(
  deps: Deps,
  workerId: string,
  personKey: string,
  email: string | undefined,
  returnUrl: string,
): Promise<HostedPage> {
  const { db, provider } = deps;
  const idempotencyKey = `account:${personKey}`;
  // Stored before the provider is asked. Who is paid by bank stays so until finance says otherwise.
  await db
    .insertInto('payments.payout_destinations')
    .values({
      worker_id: workerId,
      method: 'provider',
      provider: provider.name,
      account_key: idempotencyKey,
      updated_at: deps.clock.now(),
    })
    .onConflict((conflict) =>
      conflict
        .column('worker_id')
        // An account with another provider is of no use with this one.
        .doUpdateSet({ provider: provider.name, account_key: idempotencyKey, account_ref: null })
        .where((eb) =>
          eb.or([
            eb('payments.payout_destinations.account_ref', 'is', null),
            eb('payments.payout_destinations.provider', 'is distinct from', provider.name),
          ]),
        ),
    )
    .execute();
  const known = await readAccount(deps, workerId);
  const accountRef =
    known ?? (await makeAccount(deps, { workerId, personKey, idempotencyKey, email }));
  return askProvider(deps, () => provider.openAccountPage({ accountRef, returnUrl }));
}

async function makeAccount(
  deps: Deps,
  about: { workerId: string; personKey: string; idempotencyKey: string; email?: string },
): Promise<string> {
  const { idempotencyKey, personKey, email } = about;
  const { ref } = await askProvider(deps, () =>
    deps.provider.createAccount({ idempotencyKey, personKey, ...(email && { email }) }),
  );
  await deps.db
    .updateTable('payments.payout_destinations')
    .set({ account_ref: ref, updated_at: deps.clock.now() })
    .where('worker_id', '=', about.workerId)
    .where('account_ref', 'is', null)
    .execute();
  return (await readAccount(deps, about.workerId)) ?? ref;
}

async function readAccount(deps: Deps, workerId: string): Promise<string | null> {
  const row = await deps.db
    .selectFrom('payments.payout_destinations')
    .select('account_ref')
    .where('worker_id', '=', workerId)
    .where('provider', '=', deps.provider.name)
    .executeTakeFirst();
  return row?.account_ref ?? null;
}

function checkReturnUrl(returnUrl: string): void {
  const url = URL.canParse(returnUrl) ? new URL(returnUrl) : null;
  if (url && ['http:', 'https:'].includes(url.protocol)) return;
  throw invalid('The page cannot lead back there.', [
    { path: 'returnUrl', message: 'expected an address that begins with https://' },
  ]);
}
