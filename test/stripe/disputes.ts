import type Stripe from 'stripe';
import { recordMovement } from './balance.ts';
import { refused } from './errors.ts';
import { listPage, PAGING } from './lists.ts';
import { type Fields, text } from './parameters.ts';
import type { Endpoint, World } from './world.ts';

/** What a dispute costs, won or lost. */
const FEE = 1500;
const EVIDENCE_SECONDS = 7 * 24 * 60 * 60;

/** The cardholder disputes a charge. An inquiry moves no money. */
export function openDispute(
  world: World,
  charge: Stripe.Charge,
  about: { reason: string; inquiry: boolean; amount?: number },
): Stripe.Dispute {
  const { reason, inquiry, amount = charge.amount } = about;
  const dispute: Stripe.Dispute = {
    id: world.id('dp'),
    object: 'dispute',
    amount,
    balance_transactions: [],
    charge: charge.id,
    created: world.now(),
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: {} as Stripe.Dispute['evidence'],
    evidence_details: {
      due_by: world.now() + EVIDENCE_SECONDS,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: null,
    is_charge_refundable: inquiry,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    reason,
    status: inquiry ? 'warning_needs_response' : 'needs_response',
  };
  charge.disputed = true;
  world.disputes.add(dispute);
  if (!inquiry) withdraw(world, dispute);
  world.emit('charge.dispute.created', dispute);
  if (!inquiry) world.emit('charge.dispute.funds_withdrawn', dispute);
  return dispute;
}

function withdraw(world: World, dispute: Stripe.Dispute): void {
  const { amount, currency, id } = dispute;
  const movement = recordMovement(world, {
    type: 'adjustment',
    category: 'dispute',
    amount: -amount,
    fee: FEE,
    currency,
    source: id,
    description: `Chargeback withdrawal for ${String(dispute.charge)}`,
  });
  dispute.balance_transactions.push(movement);
  writeMoney(world, 'dispute', dispute);
}

function writeMoney(world: World, what: 'dispute' | 'dispute-returned', dispute: Stripe.Dispute) {
  const intent = world.paymentIntents.find(String(dispute.payment_intent));
  const { id, amount, currency } = dispute;
  world.log.write({ what, id, amount, currency, metadata: { ...intent?.metadata } });
}

/** The card network decides. A disputed inquiry becomes a dispute proper by `escalated`. */
export function closeDispute(
  world: World,
  id: string,
  outcome: 'won' | 'lost' | 'warning_closed' | 'escalated',
): Stripe.Dispute {
  const dispute = world.disputes.get(id, 'dispute');
  const inquiry = dispute.status.startsWith('warning_');
  const legal = inquiry
    ? ['warning_closed', 'escalated'].includes(outcome) && dispute.status !== 'warning_closed'
    : ['won', 'lost'].includes(outcome) && !['won', 'lost'].includes(dispute.status);
  if (!legal) {
    throw refused('dispute_closed', `A dispute that is ${dispute.status} cannot be ${outcome}.`);
  }
  if (outcome === 'escalated') {
    dispute.status = 'needs_response';
    dispute.is_charge_refundable = false;
    withdraw(world, dispute);
    world.emit('charge.dispute.updated', dispute);
    world.emit('charge.dispute.funds_withdrawn', dispute);
    return dispute;
  }
  dispute.status = outcome;
  if (outcome === 'won') {
    const { amount, currency } = dispute;
    const movement = recordMovement(world, {
      type: 'adjustment',
      category: 'dispute_reversal',
      amount,
      currency,
      source: id,
      description: `Chargeback reversal for ${String(dispute.charge)}`,
    });
    dispute.balance_transactions.push(movement);
    writeMoney(world, 'dispute-returned', dispute);
    world.emit('charge.dispute.funds_reinstated', dispute);
  }
  world.emit('charge.dispute.closed', dispute);
  return dispute;
}

const LIST = {
  ...PAGING,
  charge: { kind: 'string' },
  created: { kind: 'range' },
  payment_intent: { kind: 'string' },
} satisfies Fields<Stripe.DisputeListParams>;

export const disputeEndpoints: Endpoint[] = [
  {
    method: 'GET',
    path: '/v1/disputes/:id',
    fields: {},
    run: (world, _values, id) => world.disputes.get(id, 'id'),
  },
  {
    method: 'GET',
    path: '/v1/disputes',
    fields: LIST,
    run: (world, values) => {
      const charge = text(values, 'charge');
      const intent = text(values, 'payment_intent');
      const keep = (row: Stripe.Dispute) =>
        (!charge || row.charge === charge) && (!intent || row.payment_intent === intent);
      return listPage(world.disputes, values, '/v1/disputes', keep);
    },
  },
];
