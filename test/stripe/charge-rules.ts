import type Stripe from 'stripe';
import { badParameter } from './errors.ts';
import type { World } from './world.ts';

/** Least amounts, https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts. */
const LEAST = new Map([
  ...['usd', 'eur', 'aud', 'cad', 'chf', 'nzd', 'sgd', 'brl', 'inr'].map((c) => [c, 50] as const),
  ['gbp', 30],
  ['jpy', 50],
  ['pln', 200],
  ['sek', 300],
  ['nok', 300],
  ['dkk', 250],
  ['huf', 17_500],
  ['mxn', 1000],
]);
const LARGEST = 99_999_999;

/** The last digits must be zero: three-decimal currencies, and those without decimals as hundreds. */
const STEPS = new Map([
  ...['bhd', 'jod', 'kwd', 'omr', 'tnd'].map((currency) => [currency, 10] as const),
  ...['isk', 'ugx'].map((currency) => [currency, 100] as const),
]);

/** @throws ApiError for amounts that Stripe does not charge */
export function checkAmount(amount: number, currency: string): void {
  if (!/^[a-z]{3}$/.test(currency)) {
    throw badParameter('', 'currency', `Invalid currency: ${currency}.`);
  }
  if (amount < (LEAST.get(currency) ?? 1)) {
    const message = `Amount must be at least ${LEAST.get(currency)} ${currency}`;
    throw badParameter('amount_too_small', 'amount', message);
  }
  if (amount > LARGEST) {
    throw badParameter('amount_too_large', 'amount', `Amount must be no more than ${LARGEST}`);
  }
  if (amount % (STEPS.get(currency) ?? 1) !== 0) {
    throw badParameter('parameter_invalid_integer', 'amount', 'Invalid amount for this currency.');
  }
}

/** One attempt at an intent; not decided yet. */
export function makeCharge(
  world: World,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
) {
  const { card } = method;
  const details = {
    type: method.type,
    ...(card && {
      card: { brand: card.brand, last4: card.last4, exp_month: 12, exp_year: card.exp_year },
    }),
  } as unknown as Stripe.Charge['payment_method_details'];
  const charge: Stripe.Charge = {
    id: world.id('ch'),
    object: 'charge',
    amount: intent.amount,
    amount_captured: 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: method.billing_details,
    calculated_statement_descriptor: 'STEWARD',
    captured: false,
    created: world.now(),
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    metadata: { ...intent.metadata },
    on_behalf_of: null,
    outcome: null,
    paid: false,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: details,
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'pending',
    transfer_data: null,
    transfer_group: intent.transfer_group,
  };
  return world.charges.add(charge);
}
