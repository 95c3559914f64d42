import { isUuid } from '../../../platform/ids.ts';
import type { PaymentsDependencies } from '../dependencies.ts';
import type { ProviderCharge } from '../provider/provider.ts';
import { lockCharge } from './charge-store.ts';
import { findMismatch, recordTold } from './record-charge.ts';

type Deps = Omit<PaymentsDependencies, 'stream' | 'publicUrl'>;

/**
 * Something happened to a charge at the provider: asks how it stands now and writes that down, for
 * charges in any state. Charges that are not ours are left alone.
 * @param ref the provider's id
 */
export async function syncCharge(deps: Deps, ref: string): Promise<void> {
  const told = await deps.provider.getCharge(ref);
  if (told) await recordNews(deps, told);
}

async function recordNews(deps: Deps, told: ProviderCharge): Promise<void> {
  await deps.db.transaction().execute(async (tx) => {
    // Its own row first: a second object of the same attempt has one.
    const known = await tx
      .selectFrom('payments.charges')
      .select('id')
      .where('provider', '=', deps.provider.name)
      .where('provider_ref', '=', told.ref)
      .executeTakeFirst();
    const id = known?.id ?? (isUuid(told.chargeId) ? told.chargeId : undefined);
    const charge = id === undefined ? undefined : await lockCharge(tx, id);
    if (!charge || charge.provider !== deps.provider.name) {
      deps.log.warn({ providerRef: told.ref }, 'a charge at the provider is none of ours');
      return;
    }
    const mismatch = findMismatch(charge, known ? { ...told, chargeId: charge.id } : told);
    if (mismatch !== null) {
      deps.log.error({ chargeId: charge.id, providerRef: told.ref }, mismatch);
      return;
    }
    await recordTold(deps, tx, charge, told);
  });
}
