import { isUuid } from '../../../platform/ids.ts';
import type { Transaction } from '../../../platform/postgres/database.ts';
import { syncCharge } from '../charges/sync-charge.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import type { ProviderRefund } from '../provider/provider.ts';
import { findRefundMismatch, recordRefund } from './record-refund.ts';
import { lockChargeRow, lockRefund } from './refund-store.ts';
import { surplusKey } from './surplus-key.ts';

type Deps = Omit<PaymentsDependencies, 'stream' | 'publicUrl'>;

/**
 * Something happened to a refund at the provider: asks how it stands and writes that down, for
 * those that somebody made there by hand too.
 * @param ref the provider's id
 */
export async function syncRefund(deps: Deps, ref: string): Promise<void> {
  const told = await deps.provider.getRefund(ref);
  if (!told || (await recordNews(deps, told))) return;
  // Told of the refund before we know of the charge.
  await syncCharge(deps, told.chargeRef);
  if (await recordNews(deps, told)) return;
  deps.log.warn({ providerRef: ref }, 'a refund at the provider is none of ours');
}

/** @returns false where its charge is not known */
function recordNews(deps: Deps, told: ProviderRefund): Promise<boolean> {
  return deps.db.transaction().execute(async (tx) => {
    const charge = await tx
      .selectFrom('payments.charges')
      .select(['id', 'invoice_id as invoiceId', 'status', 'transaction_id as transactionId'])
      .where('provider', '=', deps.provider.name)
      .where('provider_ref', '=', told.chargeRef)
      .executeTakeFirst();
    // A charge that took nothing, as far as we know, is looked at first.
    if (!charge || charge.transactionId === null) return false;
    await lockChargeRow(tx, charge.id);
    const id = (await findOurs(deps, tx, told)) ?? (await adopt(deps, tx, charge, told));
    const refund = await lockRefund(tx, id);
    if (!refund) return false;
    const mismatch = findRefundMismatch(refund, told);
    if (mismatch === null) await recordRefund(deps, tx, refund, told);
    else deps.log.error({ refundId: id, providerRef: told.ref }, mismatch);
    return true;
  });
}

async function findOurs(
  deps: Deps,
  tx: Transaction<AllTables>,
  told: ProviderRefund,
): Promise<string | undefined> {
  const known = await tx
    .selectFrom('payments.refunds')
    .select('id')
    .where('provider', '=', deps.provider.name)
    .where('provider_ref', '=', told.ref)
    .executeTakeFirst();
  if (known || told.refundId === null || !isUuid(told.refundId)) return known?.id;
  // A second object for one refund of ours is one made besides it.
  const asked = await tx
    .selectFrom('payments.refunds')
    .select('id')
    .where('id', '=', told.refundId)
    .where('provider_ref', 'is', null)
    .executeTakeFirst();
  return asked?.id;
}

/** Made at the provider by hand: a row for it, so that it is booked and shown like ours. */
async function adopt(
  deps: Deps,
  tx: Transaction<AllTables>,
  charge: { id: string; invoiceId: string; status: string },
  told: ProviderRefund,
): Promise<string> {
  const id = deps.ids.next();
  await tx
    .insertInto('payments.refunds')
    .values({
      id,
      invoice_id: charge.invoiceId,
      charge_id: charge.id,
      provider: deps.provider.name,
      idempotency_key: charge.status === 'succeeded' ? null : surplusKey(charge.id, told.ref),
      amount_minor: told.amountMinor,
      currency: told.currency,
      reason: 'Made at the provider by hand',
      status: 'unknown',
      provider_ref: told.ref,
      due_at: deps.clock.now(),
      requested_at: told.createdAt,
    })
    .execute();
  return id;
}
