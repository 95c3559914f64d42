import { conflict, invalid, notFound } from '../../../platform/errors.ts';
import { isUuid } from '../../../platform/ids.ts';
import { formatMoney } from '../../../platform/money.ts';
import type { Transaction } from '../../../platform/postgres/database.ts';
import { findInvoiceId } from '../charges/find-invoice.ts';
import type { AllTables, PaymentsDependencies } from '../dependencies.ts';
import type { ClawBack, Refund, Refunds } from '../payments.ts';
import { transactOrRehearse } from '../rehearse.ts';
import { readRefund } from './read-refunds.ts';
import { lockChargeRow, readLeft } from './refund-store.ts';

type Request = Parameters<Refunds['refund']>[0];
type Deps = Omit<PaymentsDependencies, 'stream' | 'publicUrl'>;
type Tx = Transaction<AllTables>;

const MAX_KEY_LENGTH = 100;

/**
 * Plans a refund. The charge is locked while it is compared with what is left, so that two managers
 * at once cannot give back more than was taken; the money is sent afterwards.
 */
export async function requestRefund(deps: Deps, request: Request): Promise<Refund> {
  checkRequest(request);
  const invoiceId = await findInvoiceId(deps.db, request.invoice);
  return transactOrRehearse(deps.db, request.dryRun ?? false, async (tx) => {
    const charge = await lockPaidCharge(tx, invoiceId, request.invoice);
    const key = request.idempotencyKey && `refund:${invoiceId}:${request.idempotencyKey}`;
    const known = key && (await findByKey(tx, key));
    if (known) return checkSame(await readRefund(tx, known), request);
    const left = await readLeft(tx, charge);
    const amountMinor = request.amountMinor ?? left;
    if (amountMinor > left || left <= 0n) throw tooLarge(charge.currency, amountMinor, left);
    checkStep(amountMinor, deps.provider.chargeStep(charge.currency));
    if (request.clawBack) {
      await checkClawBack(tx, invoiceId, request.clawBack, amountMinor);
    }
    const id = deps.ids.next();
    const now = deps.clock.now();
    await tx
      .insertInto('payments.refunds')
      .values({
        id,
        invoice_id: invoiceId,
        charge_id: charge.id,
        provider: charge.provider,
        idempotency_key: key ?? `refund:${id}`,
        amount_minor: amountMinor,
        currency: charge.currency,
        reason: request.reason.trim(),
        status: 'planned',
        claw_back_worker: request.clawBack?.workerId ?? null,
        claw_back_minor: request.clawBack?.amountMinor ?? null,
        due_at: now,
        requested_at: now,
      })
      .execute();
    return readRefund(tx, id);
  });
}

function checkRequest(request: Request): void {
  const { amountMinor, reason, idempotencyKey } = request;
  const issues = [
    reason.trim() === '' && { path: 'reason', message: 'expected a reason' },
    amountMinor !== undefined &&
      amountMinor <= 0n && { path: 'amountMinor', message: 'expected an amount over 0' },
    idempotencyKey !== undefined &&
      !/^[\w.:-]+$/.test(idempotencyKey.slice(0, MAX_KEY_LENGTH + 1)) && {
        path: 'idempotencyKey',
        message: 'expected letters, digits and . : _ -',
      },
    (idempotencyKey?.length ?? 0) > MAX_KEY_LENGTH && {
      path: 'idempotencyKey',
      message: `expected at most ${MAX_KEY_LENGTH} characters`,
    },
  ].filter((issue) => issue !== false);
  if (issues.length > 0) throw invalid('The refund cannot be made like this.', issues);
}

/** What the provider cannot move it would refuse for good, after the customer was promised it. */
function checkStep(amountMinor: bigint, stepMinor: bigint): void {
  if (amountMinor % stepMinor === 0n) return;
  const message = `expected a multiple of ${stepMinor} minor units, as the provider moves them`;
  throw invalid('The refund cannot be made like this.', [{ path: 'amountMinor', message }]);
}

async function lockPaidCharge(tx: Tx, invoiceId: string, shown: string) {
  const charge = await tx
    .selectFrom('payments.charges')
    .select(['id', 'provider', 'currency', 'amount_minor as amountMinor'])
    .where('invoice_id', '=', invoiceId)
    .where('status', '=', 'succeeded')
    .executeTakeFirst();
  if (!charge) {
    throw conflict(
      'invoice_not_refundable',
      `Nothing was charged for invoice "${shown}", so that nothing can be refunded.`,
      { invoiceId },
    );
  }
  await lockChargeRow(tx, charge.id);
  return charge;
}

async function findByKey(tx: Tx, key: string): Promise<string | undefined> {
  const row = await tx
    .selectFrom('payments.refunds')
    .select('id')
    .where('idempotency_key', '=', key)
    .executeTakeFirst();
  return row?.id;
}

function checkSame(refund: Refund, request: Request): Refund {
  const sameAmount =
    request.amountMinor === undefined || request.amountMinor === refund.amountMinor;
  const sameClawBack =
    request.clawBack?.workerId === refund.clawBack?.workerId &&
    request.clawBack?.amountMinor === refund.clawBack?.amountMinor;
  if (sameAmount && sameClawBack) return refund;
  throw conflict(
    'idempotency_key_reused',
    `Another refund of invoice ${refund.invoiceId} was asked for with this key.`,
    { refundId: refund.id },
  );
}

function tooLarge(currency: string, amountMinor: bigint, leftMinor: bigint) {
  const money = (minor: bigint) => formatMoney({ amountMinor: minor, currency });
  return conflict(
    'refund_too_large',
    leftMinor <= 0n
      ? "All that was charged is refunded already, or about to be, or is with the customer's bank."
      : `${money(amountMinor)} cannot be refunded: ${money(leftMinor)} is left of what was charged.`,
    { leftMinor: leftMinor.toString(), currency },
  );
}

/**
 * A worker can be made to bear at most what went back, for an order on that invoice.
 * @throws StewardError `worker_not_found`, `invalid_input`
 */
export async function checkClawBack(
  tx: Tx,
  invoiceId: string,
  clawBack: ClawBack,
  mostMinor: bigint,
): Promise<void> {
  if (clawBack.amountMinor <= 0n || clawBack.amountMinor > mostMinor) {
    throw invalid('This amount cannot be taken back from the worker.', [
      {
        path: 'clawBack.amountMinor',
        message: `expected an amount over 0 and up to ${mostMinor} minor units`,
      },
    ]);
  }
  const order = isUuid(clawBack.workerId)
    ? await tx
        .selectFrom('payments.order_bookings')
        .select('order_id')
        .where('invoice_id', '=', invoiceId)
        .where('worker_id', '=', clawBack.workerId)
        .limit(1)
        .executeTakeFirst()
    : undefined;
  if (!order) throw notFound('worker', clawBack.workerId);
}
