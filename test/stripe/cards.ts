/**
 * Stripe's test payment methods, https://docs.stripe.com/testing: what a charge to each comes to.
 * Names that Stripe also takes with the brand in them (`pm_card_visa_charge…`) are listed as well.
 */
export interface Behaviour {
  type: 'card' | 'us_bank_account';
  brand: string;
  last4: string;
  /** Of an off-session charge. */
  charge:
    | { outcome: 'succeeded' }
    /** Bank debit: decided later, by the control route that settles it. */
    | { outcome: 'processing' }
    | { outcome: 'declined'; code: string; declineCode: string; message: string };
  /** Opened as soon as the charge has succeeded. */
  dispute?: { reason: string; inquiry: boolean };
  /** How a refund of it starts; failing ones fail when the control route settles them. */
  refund?: 'pending';
  /** True: refused when it is attached to a customer over the API, as Stripe does. */
  refusedWhenAttached?: boolean;
}

const visa = (last4: string): Pick<Behaviour, 'type' | 'brand' | 'last4'> => ({
  type: 'card',
  brand: 'visa',
  last4,
});

const good = (last4: string, brand = 'visa'): Behaviour => ({
  ...visa(last4),
  brand,
  charge: { outcome: 'succeeded' },
});

function declining(last4: string, declineCode: string, code = 'card_declined'): Behaviour {
  const message = MESSAGES[code] ?? 'Your card was declined.';
  const charge = { outcome: 'declined', code, declineCode, message } as const;
  return { ...visa(last4), charge, refusedWhenAttached: true };
}

const MESSAGES: { [code: string]: string } = {
  expired_card: 'Your card has expired.',
  incorrect_cvc: "Your card's security code is incorrect.",
  processing_error: 'An error occurred while processing your card. Try again in a little bit.',
  authentication_required: 'Your card was declined. This transaction requires authentication.',
};

const attachable = (behaviour: Behaviour): Behaviour => ({
  ...behaviour,
  refusedWhenAttached: false,
});

const FRAUDULENT = { reason: 'fraudulent', inquiry: false };
const BANK = { type: 'us_bank_account', brand: 'STRIPE TEST BANK', last4: '6789' } as const;

/** By token. */
export const TEST_METHODS: { readonly [token: string]: Behaviour } = {
  pm_card_visa: good('4242'),
  pm_card_visa_debit: good('5556'),
  pm_card_mastercard: good('4444', 'mastercard'),
  pm_card_amex: good('8431', 'amex'),
  pm_card_bypassPending: good('0077'),
  pm_card_chargeDeclined: declining('0002', 'generic_decline'),
  pm_card_visa_chargeDeclined: declining('0002', 'generic_decline'),
  pm_card_chargeDeclinedInsufficientFunds: declining('9995', 'insufficient_funds'),
  pm_card_visa_chargeDeclinedInsufficientFunds: declining('9995', 'insufficient_funds'),
  pm_card_visa_chargeDeclinedLostCard: declining('9987', 'lost_card'),
  pm_card_visa_chargeDeclinedStolenCard: declining('9979', 'stolen_card'),
  pm_card_chargeDeclinedExpiredCard: declining('0069', 'expired_card', 'expired_card'),
  pm_card_chargeDeclinedIncorrectCvc: declining('0127', 'incorrect_cvc', 'incorrect_cvc'),
  pm_card_chargeDeclinedProcessingError: declining('0119', 'processing_error', 'processing_error'),
  pm_card_visa_chargeDeclinedVelocityLimitExceeded: declining('6975', 'card_velocity_exceeded'),
  pm_card_chargeDeclinedFraudulent: declining('0019', 'fraudulent'),
  pm_card_radarBlock: declining('0019', 'fraudulent'),
  pm_card_chargeCustomerFail: attachable(declining('0341', 'generic_decline')),
  pm_card_authenticationRequired: attachable(
    declining('3184', 'authentication_required', 'authentication_required'),
  ),
  pm_card_authenticationRequiredChargeDeclinedInsufficientFunds: attachable(
    declining('3178', 'insufficient_funds'),
  ),
  pm_card_createDispute: { ...good('0259'), dispute: FRAUDULENT },
  pm_card_createDisputeProductNotReceived: {
    ...good('2685'),
    dispute: { reason: 'product_not_received', inquiry: false },
  },
  pm_card_createDisputeInquiry: {
    ...good('1976'),
    dispute: { reason: 'fraudulent', inquiry: true },
  },
  pm_card_pendingRefund: { ...good('7726'), refund: 'pending' },
  pm_card_refundFail: good('5126'),
  pm_usBankAccount_success: { ...BANK, charge: { outcome: 'processing' } },
  pm_usBankAccount_processing: { ...BANK, charge: { outcome: 'processing' } },
};
