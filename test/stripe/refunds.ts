import type Stripe from 'stripe';
import { recordMovement } from './balance.ts';
import { badParameter, missing, refused } from './errors.ts';
import { listPage, PAGING } from './lists.ts';
import { type Fields, integer, metadata, text, type Values } from './parameters.ts';
import type { Endpoint, World } from './world.ts';

const CREATE = {
  amount: { kind: 'integer', least: 1 },
  charge: { kind: 'string' },
  metadata: { kind: 'metadata' },
  payment_intent: { kind: 'string' },
  reason: { kind: 'enum', values: ['duplicate', 'fraudulent', 'requested_by_customer'] },
} satisfies Fields<Stripe.RefundCreateParams>;

function chargeOf(world: World, values: Values): Stripe.Charge {
  const chargeId = text(values, 'charge');
  if (chargeId) return world.charges.get(chargeId, 'charge');
  const intentId = text(values, 'payment_intent');
  if (!intentId) {
    const message = 'One of the following params should be provided: payment_intent or charge.';
    throw badParameter('parameter_missing', 'payment_intent', message);
  }
  const intent = world.paymentIntents.get(intentId, 'payment_intent');
  const charge = world.charges.find(String(intent.latest_charge));
  if (!charge) throw missing('charge', String(intent.latest_charge), 'charge');
  return charge;
}

/** A refund over the API, or made by hand in the dashboard. */
export function createRefund(world: World, values: Values): Stripe.Refund {
  const charge = chargeOf(world, values);
  if (charge.status !== 'succeeded') {
    throw refused('charge_not_refundable', `Charge ${charge.id} has not succeeded.`);
  }
  const left = charge.amount - charge.amount_refunded;
  const amount = integer(values, 'amount') ?? left;
  if (left === 0) {
    throw refused('charge_already_refunded', `Charge ${charge.id} has already been refunded.`);
  }
  if (amount > left) {
    const message = `Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`;
    throw refused('refund_amount_too_large', message, 'amount');
  }
  const disputes = world.disputes.rows.filter((row) => row.charge === charge.id);
  if (disputes.some((row) => !row.is_charge_refundable)) {
    throw refused('charge_disputed', `Charge ${charge.id} has been charged back.`);
  }
  const behaviour = world.behaviours.get(charge.payment_method ?? '');
  const { currency, payment_intent } = charge;
  const id = world.id('re');
  const type = charge.payment_method_details?.type === 'card' ? 'refund' : 'payment_refund';
  const movement = recordMovement(world, {
    type,
    category: 'refund',
    amount: -amount,
    currency,
    source: id,
  });
  const refund: Stripe.Refund = world.refunds.add({
    id,
    object: 'refund',
    amount,
    balance_transaction: movement.id,
    charge: charge.id,
    created: world.now(),
    currency,
    customer: null,
    customer_account: null,
    metadata: metadata(values),
    payment_intent,
    payment_method: charge.payment_method,
    reason: (text(values, 'reason') as Stripe.Refund['reason']) ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: behaviour?.refund ?? 'succeeded',
    transfer_reversal: null,
  });
  charge.amount_refunded += amount;
  charge.refunded = charge.amount_refunded === charge.amount;
  writeMoney(world, 'refund', refund);
  world.emit('refund.created', refund);
  world.emit('charge.refunded', charge);
  return refund;
}

function writeMoney(world: World, what: 'refund' | 'refund-failed', refund: Stripe.Refund): void {
  const { id, amount, currency } = refund;
  world.log.write({ what, id, amount, currency, metadata: { ...refund.metadata } });
}

/** The bank takes a refund or sends it back, days later; one that had succeeded can fail too. */
export function settleRefund(world: World, id: string, failureReason?: string): Stripe.Refund {
  const refund = world.refunds.get(id, 'refund');
  if (refund.status === 'failed') throw refused('refund_failed', `Refund ${id} has failed before.`);
  if (failureReason) {
    const { amount, currency } = refund;
    const movement = recordMovement(world, {
      type: 'refund_failure',
      category: 'refund_failure',
      amount,
      currency,
      source: id,
    });
    Object.assign(refund, {
      status: 'failed',
      failure_reason: failureReason,
      failure_balance_transaction: movement.id,
    });
    const charge = world.charges.get(String(refund.charge), 'charge');
    charge.amount_refunded -= amount;
    charge.refunded = false;
    writeMoney(world, 'refund-failed', refund);
    world.emit('refund.failed', refund);
  } else {
    refund.status = 'succeeded';
  }
  world.emit('refund.updated', refund);
  world.emit('charge.refund.updated', refund);
  return refund;
}

const LIST = {
  ...PAGING,
  charge: { kind: 'string' },
  created: { kind: 'range' },
  payment_intent: { kind: 'string' },
} satisfies Fields<Stripe.RefundListParams>;

export const refundEndpoints: Endpoint[] = [
  { method: 'POST', path: '/v1/refunds', fields: CREATE, run: createRefund },
  {
    method: 'GET',
    path: '/v1/refunds/:id',
    fields: {},
    run: (world, _values, id) => world.refunds.get(id, 'id'),
  },
  {
    method: 'GET',
    path: '/v1/refunds',
    fields: LIST,
    run: (world, values) => {
      const charge = text(values, 'charge');
      const intent = text(values, 'payment_intent');
      const keep = (row: Stripe.Refund) =>
        (!charge || row.charge === charge) && (!intent || row.payment_intent === intent);
      return listPage(world.refunds, values, '/v1/refunds', keep);
    },
  },
];
