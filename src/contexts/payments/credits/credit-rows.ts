import type { Selectable } from 'kysely';
import type { Credit } from '../payments.ts';
import type { PaymentsTables } from '../tables.ts';

type CreditRow = Selectable<PaymentsTables['payments.credits']>;

/** Columns of a credit, all of them: {@link toCredit} reads them. */
export const CREDIT_COLUMNS = [
  'id',
  'worker_id',
  'amount_minor',
  'currency',
  'reason',
  'needs_approval',
  'status',
  'requested_by',
  'requested_at',
  'decided_by',
  'decided_at',
  'decision_reason',
  'transaction_id',
  'idempotency_key',
] as const satisfies (keyof CreditRow)[];

/** A credit as the interface tells it. */
export function toCredit(row: CreditRow): Credit {
  return {
    id: row.id,
    workerId: row.worker_id,
    amountMinor: row.amount_minor,
    currency: row.currency,
    reason: row.reason,
    needsApproval: row.needs_approval,
    status: row.status,
    requestedBy: row.requested_by,
    requestedAt: row.requested_at,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at,
    decisionReason: row.decision_reason,
    transactionId: row.transaction_id,
  };
}
