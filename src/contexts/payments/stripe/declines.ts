import type { ChargeFailure } from '../provider/provider.ts';

/**
 * Codes after which this payment method will never do: another is needed. Source:
 * https://docs.stripe.com/declines/codes ("next steps": use another card, contact the issuer about
 * the card itself) and https://docs.stripe.com/error-codes for bank debits. All others are soft:
 * the issuer may think otherwise on another day (`insufficient_funds`, `processing_error`,
 * `try_again_later`, `issuer_not_available`, `card_velocity_exceeded`, `generic_decline`,
 * `do_not_honor`, `call_issuer`, `reenter_transaction`, …). A code that is new to us is soft too:
 * the schedule ends after a few days anyway.
 */
const HARD = new Set([
  // The card is gone or wrong.
  'expired_card',
  'incorrect_address',
  'incorrect_cvc',
  'incorrect_number',
  'incorrect_zip',
  'invalid_account',
  'invalid_cvc',
  'invalid_expiry_month',
  'invalid_expiry_year',
  'invalid_number',
  'lost_card',
  'new_account_information_available',
  'pickup_card',
  'restricted_card',
  'stolen_card',
  // The card cannot do this.
  'card_not_supported',
  'currency_not_supported',
  'not_permitted',
  'transaction_not_allowed',
  // The holder, the issuer or Stripe's own rules forbid it.
  'do_not_try_again',
  'fraudulent',
  'merchant_blacklist',
  'revocation_of_all_authorizations',
  'revocation_of_authorization',
  'security_violation',
  'stop_payment_order',
  // Test cards at the wrong door.
  'live_mode_test_card',
  'testmode_decline',
  // Bank debits.
  'account_closed',
  'bank_account_restricted',
  'bank_account_unusable',
  'bank_ownership_changed',
  'debit_not_authorized',
  'invalid_account_number',
  'no_account',
]);

/** What Stripe says of the last attempt on a PaymentIntent. */
export interface Decline {
  code?: string | null;
  decline_code?: string | null;
  /** The card network's advice: `do_not_try_again` settles it, whatever the code. */
  advice_code?: string | null;
}

/** Whether the customer only has to authenticate: not a refusal of the payment method. */
export function wantsAuthentication({ code, decline_code }: Decline): boolean {
  return [code, decline_code].some((known) => known?.startsWith('authentication_required'));
}

/** The failure as dunning needs it. */
export function failureOf(decline: Decline): ChargeFailure {
  const code = decline.decline_code ?? decline.code ?? 'unknown';
  const hard = HARD.has(code) || decline.advice_code === 'do_not_try_again';
  return { kind: hard ? 'hard' : 'soft', code };
}
