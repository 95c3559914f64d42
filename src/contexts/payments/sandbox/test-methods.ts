import type { ChargeFailure, PaymentMethod } from '../provider/provider.ts';

/** What happens to a charge of a test payment method. */
export interface TestMethod {
  /** For the page: the card as a person sees it, and what it does. */
  title: string;
  effect: string;
  brand: string;
  last4: string;
  charge:
    | { state: 'succeeded' }
    | { state: 'failed'; failure: ChargeFailure }
    | { state: 'requires_action' };
  /** Opened as soon as the charge has succeeded. */
  dispute?: { state: 'open' | 'warning'; reason: string };
  /** How a refund of it begins. */
  refund?: 'pending';
}

const succeeded = { state: 'succeeded' } as const;

function good(title: string, brand: string, last4: string): TestMethod {
  const effect = 'Every charge succeeds.';
  return { title, effect, brand, last4, charge: succeeded };
}

function declined(
  title: string,
  last4: string,
  kind: ChargeFailure['kind'],
  code: string,
  effect: string,
): TestMethod {
  const charge = { state: 'failed', failure: { kind, code } } as const;
  return { title, effect, brand: 'visa', last4, charge };
}

const TRIED_AGAIN = 'It is tried again on later days.';
const NEW_CARD = 'The customer is asked for another card.';

/** By the names of Stripe's test payment methods, https://docs.stripe.com/testing. */
const TEST_METHODS: ReadonlyMap<string, TestMethod> = new Map([
  ['pm_card_visa', good('Visa', 'visa', '4242')],
  ['pm_card_mastercard', good('Mastercard', 'mastercard', '4444')],
  ['pm_card_amex', good('American Express', 'amex', '8431')],
  [
    'pm_card_chargeDeclined',
    declined('Visa, declined', '0002', 'soft', 'generic_decline', `Declined. ${TRIED_AGAIN}`),
  ],
  [
    'pm_card_chargeDeclinedInsufficientFunds',
    declined(
      'Visa, not enough money',
      '9995',
      'soft',
      'insufficient_funds',
      `Not enough money on it. ${TRIED_AGAIN}`,
    ),
  ],
  [
    'pm_card_chargeDeclinedExpiredCard',
    declined('Visa, expired', '0069', 'hard', 'expired_card', `Expired. ${NEW_CARD}`),
  ],
  [
    'pm_card_visa_chargeDeclinedLostCard',
    declined('Visa, lost', '9987', 'hard', 'lost_card', `Reported lost. ${NEW_CARD}`),
  ],
  [
    'pm_card_visa_chargeDeclinedStolenCard',
    declined('Visa, stolen', '9979', 'hard', 'stolen_card', `Stolen. ${NEW_CARD}`),
  ],
  [
    'pm_card_chargeCustomerFail',
    declined('Visa, declined', '0341', 'soft', 'generic_decline', 'Declined.'),
  ],
  [
    'pm_card_chargeDeclinedProcessingError',
    declined('Visa, error', '0119', 'soft', 'processing_error', 'An error at the bank.'),
  ],
  [
    'pm_card_authenticationRequired',
    {
      title: 'Visa, asks the customer',
      effect: 'The bank wants the customer to confirm each charge; nothing is taken until then.',
      brand: 'visa',
      last4: '3184',
      charge: { state: 'requires_action' },
    },
  ],
  [
    'pm_card_createDispute',
    {
      ...good('Visa, disputed', 'visa', '0259'),
      effect: 'The charge succeeds, then the customer disputes it as fraudulent.',
      dispute: { state: 'open', reason: 'fraudulent' },
    },
  ],
  [
    'pm_card_createDisputeProductNotReceived',
    {
      ...good('Visa, disputed', 'visa', '2685'),
      effect: 'The charge succeeds, then the customer disputes it as not received.',
      dispute: { state: 'open', reason: 'product_not_received' },
    },
  ],
  [
    'pm_card_createDisputeInquiry',
    {
      ...good('Visa, inquiry', 'visa', '1976'),
      effect: 'The charge succeeds, then the bank inquires; no money moves.',
      dispute: { state: 'warning', reason: 'fraudulent' },
    },
  ],
  [
    'pm_card_pendingRefund',
    {
      ...good('Visa, slow refunds', 'visa', '7726'),
      effect: 'Charges succeed; a refund is pending until it is settled.',
      refund: 'pending',
    },
  ],
]);

export function testMethod(card: string): TestMethod | undefined {
  return TEST_METHODS.get(card);
}

/** Names of those that the page shows. */
export const OFFERED_METHODS: readonly string[] = [
  'pm_card_visa',
  'pm_card_mastercard',
  'pm_card_chargeDeclined',
  'pm_card_chargeDeclinedInsufficientFunds',
  'pm_card_chargeDeclinedExpiredCard',
  'pm_card_visa_chargeDeclinedLostCard',
  'pm_card_authenticationRequired',
  'pm_card_createDispute',
];

/** As a caller of the provider sees it. */
export function toPaymentMethod(row: { ref: string; card: string }): PaymentMethod {
  const known = testMethod(row.card);
  return {
    ref: row.ref,
    type: 'card',
    brand: known?.brand ?? null,
    last4: known?.last4 ?? null,
    // Far away, and the same on every clock.
    expiresMonth: 12,
    expiresYear: 2040,
  };
}
