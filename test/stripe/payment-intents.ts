import type Stripe from 'stripe';
import { recordMovement } from './balance.ts';
import { type Behaviour, TEST_METHODS } from './cards.ts';
import { checkAmount, makeCharge } from './charge-rules.ts';
import { makeMethod } from './customers.ts';
import { openDispute } from './disputes.ts';
import { ApiError, badParameter, missing, refused } from './errors.ts';
import { listPage, PAGING } from './lists.ts';
import { below, type Fields, given, integer, metadata, text, type Values } from './parameters.ts';
import type { Endpoint, World } from './world.ts';

const CREATE = {
  amount: { kind: 'integer', required: true, least: 1 },
  automatic_payment_methods: {
    kind: 'object',
    fields: {
      allow_redirects: { kind: 'enum', values: ['always', 'never'] },
      enabled: { kind: 'boolean', required: true },
    },
  },
  confirm: { kind: 'boolean' },
  currency: { kind: 'string', required: true },
  customer: { kind: 'string' },
  description: { kind: 'string', max: 1000 },
  metadata: { kind: 'metadata' },
  off_session: { kind: 'boolean' },
  payment_method: { kind: 'string' },
  receipt_email: { kind: 'string' },
  return_url: { kind: 'url' },
  statement_descriptor_suffix: { kind: 'string', max: 22 },
  transfer_group: { kind: 'string' },
} satisfies Fields<Stripe.PaymentIntentCreateParams>;

const CONFIRM = {
  off_session: { kind: 'boolean' },
  payment_method: { kind: 'string' },
  return_url: { kind: 'url' },
} satisfies Fields<Stripe.PaymentIntentConfirmParams>;

const LIST = {
  ...PAGING,
  created: { kind: 'range' },
  customer: { kind: 'string' },
} satisfies Fields<Stripe.PaymentIntentListParams>;

function create(world: World, values: Values): Stripe.PaymentIntent {
  const amount = integer(values, 'amount') ?? 0;
  const currency = given(values, 'currency');
  checkAmount(amount, currency);
  if (values.off_session !== undefined && values.confirm !== true) {
    const message = 'The parameter `off_session` can only be used when `confirm` is true.';
    throw badParameter('parameter_invalid', 'off_session', message);
  }
  checkReturn(values);
  const customer = text(values, 'customer') ?? null;
  if (customer) world.customers.get(customer, 'customer');
  const method = chosenMethod(world, text(values, 'payment_method'), customer);
  if (values.confirm === true && !method) {
    const message = 'You cannot confirm this PaymentIntent because it is missing a payment method.';
    throw refused('payment_intent_unexpected_state', message);
  }
  const id = world.id('pi');
  const intent: Stripe.PaymentIntent = world.paymentIntents.add({
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount,
    amount_capturable: 0,
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: { allow_redirects: 'always', enabled: true },
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic_async',
    client_secret: `${id}_secret_${world.id('s')}`,
    confirmation_method: 'automatic',
    created: world.now(),
    currency,
    customer,
    customer_account: null,
    description: text(values, 'description') ?? null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: metadata(values),
    next_action: null,
    on_behalf_of: null,
    payment_method: method?.id ?? null,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: ['card'],
    payment_record: null,
    processing: null,
    receipt_email: text(values, 'receipt_email') ?? null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: text(values, 'statement_descriptor_suffix') ?? null,
    status: method ? 'requires_confirmation' : 'requires_payment_method',
    transfer_group: text(values, 'transfer_group') ?? null,
  });
  world.emit('payment_intent.created', intent);
  if (values.confirm === true && method) attempt(world, intent, method);
  return intent;
}

/** Intents take redirecting methods unless told otherwise, whatever the method that is used. */
function checkReturn(values: Values): void {
  const redirects = below(values, 'automatic_payment_methods')?.allow_redirects;
  if (values.confirm !== true || redirects === 'never' || text(values, 'return_url')) return;
  const message =
    'A `return_url` must be specified because this Payment Intent is configured to automatically accept the payment methods enabled in the Dashboard, some of which may require a full page redirect to succeed.';
  throw badParameter('', 'return_url', message);
}

function chosenMethod(world: World, token: string | undefined, customer: string | null) {
  if (!token) return undefined;
  const behaviour = TEST_METHODS[token];
  if (behaviour) return makeMethod(world, behaviour);
  const method = world.paymentMethods.find(token);
  if (!method) throw missing('PaymentMethod', token, 'payment_method');
  if (method.customer && method.customer !== customer) {
    throw refused(
      'payment_intent_unexpected_state',
      'The provided PaymentMethod cannot be attached or used: it belongs to another customer.',
      'payment_method',
    );
  }
  if (!method.customer) {
    throw refused(
      'payment_intent_unexpected_state',
      'The provided PaymentMethod was previously used or detached and may not be used again.',
      'payment_method',
    );
  }
  return method;
}

function confirm(world: World, values: Values, id: string): Stripe.PaymentIntent {
  const intent = world.paymentIntents.get(id, 'id');
  const token = text(values, 'payment_method') ?? idOf(intent.payment_method);
  const customer = idOf(intent.customer) ?? null;
  const method = chosenMethod(world, token, customer);
  const open = ['requires_payment_method', 'requires_confirmation'].includes(intent.status);
  if (!method || !open) throw unexpectedState(intent, 'confirm');
  attempt(world, intent, method);
  return intent;
}

const idOf = (reference: string | { id: string } | null) =>
  typeof reference === 'string' ? reference : reference?.id;

function attempt(world: World, intent: Stripe.PaymentIntent, method: Stripe.PaymentMethod): void {
  const behaviour = world.behaviours.get(method.id);
  if (!behaviour) throw new Error(`Nobody knows how ${method.id} behaves.`);
  const charge = makeCharge(world, intent, method);
  intent.payment_method = method.id;
  intent.latest_charge = charge.id;
  const { outcome } = behaviour.charge;
  if (outcome === 'processing') {
    intent.status = 'processing';
    charge.status = 'pending';
    world.emit('charge.pending', charge);
    world.emit('payment_intent.processing', intent);
    return;
  }
  if (outcome === 'succeeded') {
    succeed(world, intent, charge);
    if (behaviour.dispute) openDispute(world, charge, behaviour.dispute);
    return;
  }
  throw decline(world, intent, charge, behaviour.charge);
}

/** 2.9 % and 30, as in Stripe's price list for cards. */
const feeOf = (amount: number) => Math.round(amount * 0.029) + 30;

function succeed(world: World, intent: Stripe.PaymentIntent, charge: Stripe.Charge): void {
  const { amount, currency } = intent;
  const bank = charge.payment_method_details?.type !== 'card';
  const movement = recordMovement(world, {
    type: bank ? 'payment' : 'charge',
    category: 'charge',
    amount,
    fee: feeOf(amount),
    currency,
    source: charge.id,
    description: intent.description,
  });
  Object.assign(charge, {
    status: 'succeeded',
    paid: true,
    captured: true,
    amount_captured: amount,
    balance_transaction: movement.id,
  });
  Object.assign(intent, { status: 'succeeded', amount_received: amount, last_payment_error: null });
  writeMoney(world, 'charge', intent);
  world.emit('charge.succeeded', charge);
  world.emit('payment_intent.succeeded', intent);
}

function writeMoney(world: World, what: 'charge' | 'charge-refused', intent: Stripe.PaymentIntent) {
  world.log.write({
    what,
    id: intent.id,
    amount: intent.amount,
    currency: intent.currency,
    customer: idOf(intent.customer) ?? null,
    metadata: { ...intent.metadata },
  });
}

type Declined = Extract<Behaviour['charge'], { outcome: 'declined' }>;

/** The attempt fails; the intent stays open for another method. The answer is a 402. */
function decline(
  world: World,
  intent: Stripe.PaymentIntent,
  charge: Stripe.Charge,
  { code, declineCode, message }: Omit<Declined, 'outcome'>,
): ApiError {
  Object.assign(charge, { status: 'failed', failure_code: code, failure_message: message });
  const method = world.paymentMethods.find(String(intent.payment_method));
  const error = {
    charge: charge.id,
    code,
    decline_code: declineCode,
    doc_url: `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}`,
    message,
    type: 'card_error' as const,
  };
  intent.status = 'requires_payment_method';
  intent.payment_method = null;
  intent.last_payment_error = {
    ...error,
    code: code as Stripe.PaymentIntent.LastPaymentError['code'],
    ...(method && { payment_method: structuredClone(method) }),
  };
  writeMoney(world, 'charge-refused', intent);
  world.emit('charge.failed', charge);
  world.emit('payment_intent.payment_failed', intent);
  const body = { ...error, payment_intent: structuredClone(intent), payment_method: method };
  return new ApiError(402, body, true);
}

function cancel(world: World, _values: Values, id: string): Stripe.PaymentIntent {
  const intent = world.paymentIntents.get(id, 'id');
  const open = [
    'requires_payment_method',
    'requires_confirmation',
    'requires_action',
    'requires_capture',
    'processing',
  ].includes(intent.status);
  if (!open) throw unexpectedState(intent, 'cancel');
  Object.assign(intent, { status: 'canceled', canceled_at: world.now() });
  world.emit('payment_intent.canceled', intent);
  return intent;
}

function unexpectedState(intent: Stripe.PaymentIntent, verb: string): ApiError {
  const message = `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}.`;
  const code = 'payment_intent_unexpected_state';
  const payment_intent = structuredClone(intent);
  return new ApiError(400, { type: 'invalid_request_error', code, message, payment_intent }, true);
}

/** The bank of a `processing` charge decides. */
export function settlePayment(world: World, id: string, failureCode?: string): void {
  const intent = world.paymentIntents.get(id, 'payment_intent');
  const charge = world.charges.get(String(intent.latest_charge), 'charge');
  if (intent.status !== 'processing') throw unexpectedState(intent, 'settle');
  if (!failureCode) {
    succeed(world, intent, charge);
    return;
  }
  const message = 'The payment was returned by the bank.';
  decline(world, intent, charge, { code: failureCode, declineCode: failureCode, message });
}

export const paymentIntentEndpoints: Endpoint[] = [
  { method: 'POST', path: '/v1/payment_intents', fields: CREATE, run: create },
  { method: 'POST', path: '/v1/payment_intents/:id/confirm', fields: CONFIRM, run: confirm },
  {
    method: 'POST',
    path: '/v1/payment_intents/:id/cancel',
    fields: {
      cancellation_reason: {
        kind: 'enum',
        values: ['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer'],
      },
    } satisfies Fields<Stripe.PaymentIntentCancelParams>,
    run: cancel,
  },
  {
    method: 'GET',
    path: '/v1/payment_intents/:id',
    fields: {},
    run: (world, _values, id) => world.paymentIntents.get(id, 'id'),
  },
  {
    method: 'GET',
    path: '/v1/payment_intents',
    fields: LIST,
    run: (world, values) => {
      const customer = text(values, 'customer');
      const keep = (row: Stripe.PaymentIntent) => !customer || row.customer === customer;
      return listPage(world.paymentIntents, values, '/v1/payment_intents', keep);
    },
  },
  {
    method: 'GET',
    path: '/v1/charges/:id',
    fields: {},
    run: (world, _values, id) => world.charges.get(id, 'id'),
  },
];
