import { sql } from 'kysely';
import type { Executor, Transaction } from '../../../platform/postgres/database.ts';
import type { ProviderRefund, RefundRequest } from '../provider/provider.ts';
import { moveBalance, newRef, once, refused, type Sandbox, tell } from './sandbox.ts';
import { testMethod } from './test-methods.ts';

interface RefundRow {
  ref: string;
  refund_id: string | null;
  charge_ref: string;
  state: ProviderRefund['state'];
  failure_code: string | null;
  amount_minor: bigint;
  currency: string;
  created_at: Date;
}

const columns = sql`ref, refund_id, charge_ref, state, failure_code, amount_minor, currency,
  created_at`;

function toRefund(row: RefundRow): ProviderRefund {
  return {
    ref: row.ref,
    refundId: row.refund_id,
    chargeRef: row.charge_ref,
    state: row.state,
    failureCode: row.failure_code,
    amountMinor: row.amount_minor,
    currency: row.currency,
    createdAt: row.created_at,
  };
}

/** See {@link PaymentProvider.refund}. */
export function makeRefund<Tables>(
  box: Sandbox<Tables>,
  request: RefundRequest,
): Promise<ProviderRefund> {
  return once(box, 'refund', request, (tx) => payBack(box, tx, request));
}

/** A refund that somebody makes at the provider: payments hears of it by an event. */
export function refundByHand<Tables>(
  box: Sandbox<Tables>,
  request: { chargeRef: string; amountMinor: bigint; currency: string },
): Promise<ProviderRefund> {
  return box.db.transaction().execute((tx) => payBack(box, tx, { ...request, refundId: null }));
}

async function payBack<Tables>(
  box: Sandbox<Tables>,
  tx: Transaction<Tables>,
  request: { refundId: string | null; chargeRef: string; amountMinor: bigint; currency: string },
): Promise<ProviderRefund> {
  const { chargeRef, amountMinor, currency } = request;
  const card = await lockRefundable(tx, request);
  const { rows } = await sql<RefundRow>`
    insert into sandbox.refunds (${columns})
    values (${newRef(box, 're')}, ${request.refundId}, ${chargeRef},
      ${testMethod(card)?.refund ?? 'succeeded'}, null, ${amountMinor}, ${currency},
      ${box.clock.now()})
    returning ${columns}`.execute(tx);
  const [refund] = rows.map(toRefund);
  if (!refund) throw new Error('The sandbox kept no refund.');
  const entry = { kind: 'refund', sourceRef: refund.ref, amountMinor: -amountMinor } as const;
  await moveBalance(box, tx, { ...entry, feeMinor: 0n, currency });
  await tell(box, tx, { type: 'refund.created', about: 'refund', objectRef: refund.ref });
  return refund;
}

/** Makes sure that so much is left of the charge. @returns name of its test card */
async function lockRefundable<Tables>(
  tx: Transaction<Tables>,
  request: { chargeRef: string; amountMinor: bigint; currency: string },
): Promise<string> {
  const { chargeRef, amountMinor, currency } = request;
  const { rows } = await sql<{ amount_minor: bigint; card: string }>`
    select c.amount_minor, m.card from sandbox.charges c
    join sandbox.methods m on m.ref = c.method_ref
    where c.ref = ${chargeRef} and c.state = 'succeeded' and c.currency = ${currency}
    for update of c`.execute(tx);
  const [charge] = rows;
  if (!charge) {
    throw refused(
      'resource_missing',
      `There is no charge "${chargeRef}" in ${currency} that can be refunded.`,
    );
  }
  const { rows: sums } = await sql<{ gone: bigint; disputed: boolean }>`
    select (select coalesce(sum(amount_minor), 0)::bigint from sandbox.refunds
        where charge_ref = ${chargeRef} and state <> 'failed') as gone,
      exists (select from sandbox.disputes
        where charge_ref = ${chargeRef} and state in ('open', 'lost')) as disputed`.execute(tx);
  if (sums[0]?.disputed) {
    throw refused('charge_disputed', `The charge "${chargeRef}" is disputed: it is not refunded.`);
  }
  const left = charge.amount_minor - (sums[0]?.gone ?? 0n);
  if (amountMinor <= 0n || amountMinor > left) {
    throw refused(
      left === 0n ? 'charge_already_refunded' : 'amount_too_large',
      `${amountMinor} minor units cannot be refunded of "${chargeRef}": ${left} are left.`,
    );
  }
  return charge.card;
}

/** See {@link PaymentProvider.findRefund}. */
export async function findRefund<Tables>(
  db: Executor<Tables>,
  query: { chargeRef: string; refundId: string },
): Promise<ProviderRefund | null> {
  const refunds = await listRefunds(db, query.chargeRef);
  return refunds.find((one) => one.refundId === query.refundId) ?? null;
}

/** See {@link PaymentProvider.getRefund}. */
export async function getRefund<Tables>(
  db: Executor<Tables>,
  ref: string,
): Promise<ProviderRefund | null> {
  const { rows } = await sql<RefundRow>`
    select ${columns} from sandbox.refunds where ref = ${ref}`.execute(db);
  return rows.map(toRefund)[0] ?? null;
}

/** See {@link PaymentProvider.listRefunds}. */
export async function listRefunds<Tables>(
  db: Executor<Tables>,
  chargeRef: string,
): Promise<ProviderRefund[]> {
  const { rows } = await sql<RefundRow>`
    select ${columns} from sandbox.refunds where charge_ref = ${chargeRef}
    order by created_at, ref`.execute(db);
  return rows.map(toRefund);
}

/** The bank has answered a refund, late: a failed one returns to our balance. */
export async function settleRefund<Tables>(
  box: Sandbox<Tables>,
  ref: string,
  outcome: 'succeeded' | 'failed',
): Promise<ProviderRefund> {
  return box.db.transaction().execute(async (tx) => {
    const { rows } = await sql<RefundRow>`
      update sandbox.refunds set state = ${outcome},
        failure_code = ${outcome === 'failed' ? 'expired_or_canceled_card' : null}
      where ref = ${ref} and state <> 'failed' returning ${columns}`.execute(tx);
    const [refund] = rows.map(toRefund);
    if (!refund) throw refused('resource_missing', `There is no refund "${ref}" to settle.`);
    const { amountMinor, currency } = refund;
    if (outcome === 'failed') {
      const entry = { kind: 'refund-failed', sourceRef: ref, amountMinor, currency } as const;
      await moveBalance(box, tx, { ...entry, feeMinor: 0n });
    }
    await tell(box, tx, { type: `refund.${outcome}`, about: 'refund', objectRef: ref });
    return refund;
  });
}
